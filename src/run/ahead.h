#pragma once

#include <functional>
#include <memory>
#include <optional>

#include "run/deliver/sound_ahead.h"
#include "run/production.h"
#include "run/segment_store.h"
#include "run/work_list.h"

namespace avstage::run {

/// What can be done for a programme some of whose clips are missing, before anything more of it is certain.
/// Failures are none of the run's: they are logged, and come again if what has failed is needed. One thread
/// at a time; but plan(), pick() and give_up() may be called beside encode_sound() and open_films().
class Ahead {
 public:
  Ahead(Production& production, SegmentStore& store) : p_(production), store_(store) {}

  /// The facts have changed.
  void foresee();
  /// A clip was proven: its sound is known.
  void foresee_sound();
  /// The programme as foreseen; nullptr: nothing is unknown, or no guess suits the job.
  const plan::RenderPlan* plan() const { return plan_ ? &*plan_ : nullptr; }
  /// The last segment of it that is open and shows no avatar clip: it is the least uncertain. What begins at
  /// a guessed end is left out; what ends at a guessed beginning may be for nothing.
  std::optional<Place> pick(const std::function<Standing(const plan::Segment&)>& standing) const;
  /// A segment of it has failed: no other one is picked until something new is foreseen.
  void give_up(const Error& why);
  /// Goes on by a piece of the sound; false: nothing is left. Error{interrupted}.
  bool encode_sound();
  /// Has the films that are shown beside the first missing clip stand ready where it begins. Once for what is
  /// foreseen. Error{interrupted}.
  void open_films(const std::stop_token& stop);

 private:
  std::optional<plan::RenderPlan> with_share(double share) const;
  bool is_missing(const plan::Segment& segment) const;
  void get_ready(const plan::Layer& layer, const std::stop_token& stop);

  Production& p_;
  SegmentStore& store_;
  std::optional<plan::RenderPlan> plan_;
  bool given_up_ = false;
  std::unique_ptr<SoundAhead> sound_;
  bool opened_ = false;
};

}  // namespace avstage::run
