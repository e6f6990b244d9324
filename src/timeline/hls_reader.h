#pragma once

#include <vector>

#include "avstage/job.h"
#include "timeline/value.h"

/// An output whose path ends in .m3u8: one stream of several renditions. Errors as for read_output.
namespace avstage {

bool is_hls(const std::string& path);
/// "1280x720": the rendition's name and folder.
std::string rendition_name(const OutputSpec& output, const Canvas& canvas);
Rational read_media_segment(const Value& value);
/// Only one of "crf" and "bitrate".
void refuse_two_rates(const Value& value, const OutputSpec& output);

/// The renditions of the stream that `value` describes and whose common words are in `stream`: those under
/// "variants", those of the ladder where the profile asks for it, else one.
std::vector<OutputSpec> read_renditions(const Value& value, const OutputSpec& stream, const Canvas& canvas);

}  // namespace avstage
