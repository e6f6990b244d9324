#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "avstage/media_facts.h"
#include "base/gop_index.h"
#include "plan/plan.h"

/// Where every clip stands on the canvas' frame grid, as far as that is known. Pure.
namespace avstage::plan {

/// What the world has told about one clip's medium so far.
struct ClipFacts {
  MediaFacts media;
  std::string identity;  ///< names the content: equal identity, equal bytes
  /// Its groups of pictures on the canvas' grid; nullptr: not looked at.
  std::shared_ptr<const GopIndex> gops;
  /// Outputs of its codec for which avstage's encoder writes the parameter sets of `gops`. Looked at for
  /// HEVC.
  std::set<int> encoded_alike;
};
/// By clip index; nullopt: not known yet.
using Facts = std::vector<std::optional<ClipFacts>>;

/// A number of frames that may hang on lengths which are not known yet: frames + Σ (length of clip i), where
/// an unknown clip i is at least one frame long. Programme positions and lengths are of this kind.
struct Frames {
  std::int64_t known = 0;
  std::map<int, int> unknown;  ///< clip index → how often; never 0

  Frames() = default;
  Frames(std::int64_t n) : known(n) {}  // NOLINT: a whole number is a number of frames
  static Frames length_of(int clip);
  bool is_known() const { return unknown.empty(); }
  friend Frames operator+(Frames a, const Frames& b);
  friend Frames operator-(Frames a, const Frames& b);
  friend bool operator==(const Frames&, const Frames&) = default;
  std::string str() const;  ///< "100 + length(3)"
};

/// The pseudo clip whose "length" is the programme's end while that is unknown.
inline constexpr int kProgrammeEnd = -1;

/// One clip on the grid: [start, start + count), showing the source from `in` on.
struct Position {
  Frames start;
  Frames count;
  Time in;
  Frames end() const { return start + count; }
};

struct Timing {
  std::vector<Position> clips;
  Frames end;  ///< of the programme: a clip's end, or kProgrammeEnd while it may be one or another
  std::vector<Frames> ends;  ///< the clip ends whose latest is the programme's end
  bool complete() const;     ///< nothing is unknown

  /// True when a ≤ b whatever the unknown lengths turn out to be.
  bool surely_le(const Frames& a, const Frames& b) const;
};

/// Places every clip. Lengths of avatar clips without facts stay unknown; all other media must have facts
/// where a natural length is asked for. Error{usage} with the mark for impossible times: a clip that starts
/// before 0, an `in` behind the medium's end, more asked for than the medium has, anchors in a circle, a clip
/// that hangs on the programme's end and could last beyond it.
Timing place_clips(const Plan& plan, const Facts& facts);

/// A length as written, on the grid; 0 without one.
std::int64_t frames_of(const std::optional<TimeValue>& length, Rational fps);

/// Source time shown at frame `local` of a clip.
Time source_time(const Position& position, std::int64_t local, Rational fps);

}  // namespace avstage::plan
