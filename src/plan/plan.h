#pragma once

#include <functional>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "avstage/job.h"

/// What will be done, before anything is known that only the world can tell. Pure.
namespace avstage::plan {

/// A clip of the job with its place in the stack.
struct PlannedClip {
  Clip clip;
  int track = 0;
  int previous = -1;  ///< the clip before it in its track, −1: none
  int purchase = -1;  ///< index into Plan::purchases: of an avatar, or of captions from one; else −1
  std::optional<Color> key_color;  ///< what `key` removes, once "auto" is looked up
  std::string label;               ///< "clip 'intro'" or "clip /tracks/0/clips/1": for messages
};

/// What the vendor makes beside a clip, free of charge.
enum class Extra { captions, thumbnail, gif };

/// One avatar clip to obtain, however many clips show it.
struct Purchase {
  AvatarRef avatar;
  std::string clip_key;
  std::vector<int> clips;  ///< indices into Plan::clips
  /// Of a clip with `transparent: prefer`: what takes its place where the vendor gives no transparency.
  std::optional<AvatarRef> fallback = {};
  std::string fallback_key = {};  ///< its clip key; "" without one
  std::set<Extra> extras = {};    ///< what the job uses of it beside the clip
};

/// Deliverables of one shape, a rounded pixel aside, share one composition: composed once at the largest
/// size, scaled for the rest.
struct Composition {
  Canvas canvas;             ///< size of the largest output of this shape
  std::vector<int> outputs;  ///< indices into Job::outputs, largest first
};

struct Plan {
  Job job;
  std::vector<PlannedClip> clips;  ///< in painting order: track by track, bottom first
  std::vector<Purchase> purchases;
  std::vector<Composition> compositions;
};

/// What the planner must ask about an avatar clip, since only heygen/ can read a vendor's body.
struct AvatarWords {
  std::function<std::string(const AvatarRef&)> clip_key;  ///< canonical request + take
  std::function<std::optional<Color>(const AvatarRef&)> background;
};

/// Flattens the job; avatar clips with one clip key are one purchase. A clip that prefers transparency gets a
/// key for its fallback. Error{usage} with the mark for `key: "auto"` on a clip whose background colour the
/// job does not name, and for one transparent clip with two different fallbacks.
Plan make_plan(const Job& job, const AvatarWords& words);

/// The clip before a colour that stands in for one with `transparent: prefer`; nullopt for any other.
std::optional<AvatarRef> fallback_of(const AvatarRef& avatar);
/// What of `clip` is shown of a picture that has (or has not) transparency of its own: a clip that prefers
/// transparency and has got it needs no key.
Clip as_delivered(const Clip& clip, bool alpha);

bool is_avatar(const Clip& clip);
bool is_captions(const Clip& clip);
/// The avatar clip of that id, by index. Error{usage} with the mark.
int find_avatar(const Plan& plan, const std::string& id, const Mark& mark);
/// A picture that does not change by itself: colour, text, image.
bool is_still(const Clip& clip);

}  // namespace avstage::plan
