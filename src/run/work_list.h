#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <vector>

#include "plan/resolve.h"

/// Who renders which segment next. Pure.
namespace avstage::run {

/// A segment in its composition.
struct Place {
  std::size_t composition = 0, index = 0;
  friend bool operator==(const Place&, const Place&) = default;
};

enum class Standing {
  open,   ///< can be rendered
  taken,  ///< is being rendered
  out     ///< done, or not to be rendered now
};

/// The segment that is rendered next by who has rendered the one before `goes_on` last: that one, whose
/// decoders stand where it begins; else the first one that nobody is on the way to; else the middle of the
/// longest stretch that somebody is on the way to. So several go through a film without getting into each
/// other's way, and one alone goes from its beginning to its end.
std::optional<Place> choose(const plan::RenderPlan& render, const std::optional<Place>& goes_on,
                            const std::function<Standing(const plan::Segment&)>& standing);

/// The segment at `place`, and the open ones of the other compositions that show the same time and clips.
/// Rendered in step, each film they show is decoded once.
std::vector<Place> in_step(const plan::RenderPlan& render, const Place& place,
                           const std::function<Standing(const plan::Segment&)>& standing);

}  // namespace avstage::run
