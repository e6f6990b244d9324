#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "avstage/time.h"

/// Captions as words and times: what a vendor's caption file says, and where that stands in a programme.
/// Pure.
namespace avstage::plan {

struct Cue {
  Time start, end;   ///< seconds, start < end
  std::string text;  ///< visible UTF-8 without markup; lines parted by "\n", none of them empty
  friend bool operator==(const Cue&, const Cue&) = default;
};
using Cues = std::vector<Cue>;

/// Reads SubRip, WebVTT or ASS, whichever it is. Only words and times are taken: markup, styles, positions
/// and drawings are left out, so nothing in the file can do more than be read. Error{input}, with `name`, for
/// what is none of the three, is not UTF-8, has no cue, or is larger than 4 MiB or 20000 cues.
Cues parse_captions(std::string_view text, const std::string& name);

/// What of `cues` falls into [in, in + length) of their medium, moved so that `in` stands at `start`.
Cues retimed(const Cues& cues, Time in, Time length, Time start);

/// In the order of their beginnings.
void sort_cues(Cues& cues);

/// Files of the two formats, with what their readers would take for markup made harmless.
std::string to_srt(const Cues& cues);
std::string to_vtt(const Cues& cues);

/// The words shown at `time`, "" for none. Of cues that overlap, the one that began last.
std::string text_at(const Cues& cues, Time time);

/// `text` in lines of at most `most` characters, broken between words where there are any.
std::string wrapped(const std::string& text, std::size_t most);

}  // namespace avstage::plan
