#include "run/work_list.h"

#include <algorithm>

namespace avstage::run {

std::optional<Place> choose(const plan::RenderPlan& render, const std::optional<Place>& goes_on,
                            const std::function<Standing(const plan::Segment&)>& standing) {
  if (goes_on && goes_on->composition < render.compositions.size()) {
    const auto& segments = render.compositions[goes_on->composition].segments;
    if (goes_on->index < segments.size() && standing(segments[goes_on->index]) == Standing::open)
      return goes_on;
  }
  std::optional<Place> middle;
  std::size_t longest = 0;
  for (std::size_t c = 0; c < render.compositions.size(); ++c) {
    const auto& segments = render.compositions[c].segments;
    bool before_taken = false;
    for (std::size_t begin = 0; begin < segments.size();) {
      const Standing first = standing(segments[begin]);
      if (first == Standing::open && !before_taken) return Place{c, begin};
      std::size_t end = begin + 1;
      if (first == Standing::open) {
        while (end < segments.size() && standing(segments[end]) == Standing::open) ++end;
        if (end - begin > longest) {
          longest = end - begin;
          middle = Place{c, begin + longest / 2};
        }
      }
      before_taken = first == Standing::taken;
      begin = end;
    }
  }
  return middle;
}

std::vector<Place> in_step(const plan::RenderPlan& render, const Place& place,
                           const std::function<Standing(const plan::Segment&)>& standing) {
  std::vector<Place> places = {place};
  const plan::Segment& first = render.compositions[place.composition].segments[place.index];
  auto is_beside = [&](const plan::Segment& s) {
    return s.frames == first.frames && s.spans.front().start == first.spans.front().start &&
           s.shows == first.shows && standing(s) == Standing::open;
  };
  for (std::size_t c = 0; c < render.compositions.size(); ++c) {
    const auto& segments = render.compositions[c].segments;
    if (c == place.composition) continue;
    auto it = std::find_if(segments.begin(), segments.end(), is_beside);
    if (it != segments.end()) places.push_back({c, static_cast<std::size_t>(it - segments.begin())});
  }
  return places;
}

}  // namespace avstage::run
