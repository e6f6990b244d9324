#include "run/scheduler.h"

#include <algorithm>
#include <cmath>
#include <memory>
#include <optional>
#include <utility>

#include "base/stop.h"
#include "run/clips/acquire.h"
#include "run/clips/budget.h"
#include "run/clips/extras.h"
#include "run/clips/first_failure.h"
#include "run/deliver/sound_ahead.h"
#include "run/segment_renderer.h"

namespace avstage::run {
namespace {

/// What is spoken seldom takes less than this share of what its text lets expect.
constexpr double kGuessedShare = 0.75;
constexpr double kUnknownSeconds = 20;

class Scheduler {
 public:
  Scheduler(Production& production, SegmentStore& store, const std::function<void()>& when_known)
      : p_(production),
        store_(store),
        when_known_(when_known),
        failures_(p_.stop),
        acquirer_(p_.session, p_.plan, p_.media, p_.observer) {}

  void run() {
    start();
    // A frame may be waiting for bytes that never come: the stop must reach the streams, not this loop alone.
    std::stop_callback wake(p_.stop, [this] { acquirer_.interrupt(); });
    for (;;) {
      while (auto news = acquirer_.news().try_pop()) take(std::move(*news));
      if (when_known_ && is_known() && failures_.empty()) std::exchange(when_known_, {})();
      if (render_next()) continue;
      if (in_flight_ == 0) break;
      if (render_ahead() || encode_ahead()) continue;
      open_ahead();
      auto news = acquirer_.news().pop(p_.stop);
      if (!news) throw_stopped();
      take(std::move(*news));
    }
    p_.media.drop_ready();
    failures_.rethrow();
    if (!p_.render.complete)
      throw Error(ErrorCode::bug, "every clip is there, but the timeline is not complete");
  }

 private:
  void start() {
    std::vector<int> missing;
    for (std::size_t i = 0; i < p_.proven.size(); ++i) {
      if (!p_.proven[i]) missing.push_back(static_cast<int>(i));
    }
    in_flight_ = missing.size();
    new_renderers();
    foresee();
    acquirer_.start(missing);
  }

  bool is_known() const {
    return p_.render.complete &&
           std::all_of(p_.facts.begin(), p_.facts.end(), [](const auto& known) { return known.has_value(); });
  }

  /// What the programme may look like when the clips that are missing are there.
  void foresee() {
    ahead_.reset();
    ahead_renderers_.clear();
    if (!is_known()) ahead_ = foresee(kGuessedShare);
    if (ahead_) ahead_renderers_ = renderers_for(*ahead_);
    foresee_sound();
  }

  void foresee_sound() {
    sound_ahead_.reset();
    if (!ahead_ || SoundAhead::sounds_of(p_.job).empty()) return;
    if (std::optional<plan::RenderPlan> longer = foresee(1))
      sound_ahead_ = std::make_unique<SoundAhead>(p_, store_, *ahead_, std::move(*longer));
  }

  /// With missing clips of such a share of the length that is to be expected.
  std::optional<plan::RenderPlan> foresee(double share) const {
    std::vector<Time> lengths;
    const Prices prices;
    for (const plan::Purchase& purchase : p_.plan.purchases) {
      const Estimate guess = estimate(prices, purchase.avatar, "v3");
      const double seconds = guess.at_least ? std::max(guess.seconds, kUnknownSeconds) : guess.seconds;
      lengths.push_back(Time(std::max<std::int64_t>(1, std::llround(seconds * share * 1000)), 1000));
    }
    return plan::foresee(p_.plan, p_.facts, lengths, toolchain(), p_.copy);
  }

  /// Renderers carry positions; those of open clips may have become certain.
  void new_renderers() { renderers_ = renderers_for(p_.render); }

  std::vector<std::unique_ptr<SegmentRenderer>> renderers_for(const plan::RenderPlan& render) {
    std::vector<std::unique_ptr<SegmentRenderer>> renderers;
    for (std::size_t c = 0; c < p_.plan.compositions.size(); ++c) {
      auto decoded = [this](int clip, std::int64_t frames) { tell_decoded(clip, frames); };
      renderers.push_back(
          std::make_unique<SegmentRenderer>(p_.plan, static_cast<int>(c), render, p_.media, store_, decoded));
    }
    return renderers;
  }

  void take(AcquireNews news) {
    switch (news.kind) {
      case AcquireNews::Kind::readable:
        learn(news);
        break;
      case AcquireNews::Kind::proven:
        p_.proven[news.purchase] = true;
        store_.proven(news.purchase);
        foresee_sound();
        --in_flight_;
        break;
      case AcquireNews::Kind::failed:
        failures_.add(news.error);
        --in_flight_;
        break;
    }
  }

  void learn(const AcquireNews& news) {
    set_facts(news.purchase, news.facts, news.captions);
    p_.report.purchases.push_back(news.report);
    try {
      p_.resolve();
    } catch (const Error&) {  // its length does not suit the job; the clip itself is kept
      set_facts(news.purchase, std::nullopt, "");
      failures_.add(std::current_exception());
    }
    new_renderers();
    foresee();
    opened_ = false;
  }

  /// Of the clips that show a purchase, and of those that show its words.
  void set_facts(int purchase, const std::optional<plan::ClipFacts>& facts, const std::string& captions) {
    for (std::size_t i = 0; i < p_.plan.clips.size(); ++i) {
      const plan::PlannedClip& planned = p_.plan.clips[i];
      if (planned.purchase != purchase) continue;
      const auto* words = std::get_if<CaptionsRef>(&planned.clip.media);
      p_.facts[i] = facts && words ? captions_facts(p_.session, *words, captions) : facts;
    }
  }

  bool in_store(const plan::Segment& segment) const {
    return std::all_of(segment.keys.begin(), segment.keys.end(),
                       [&](const std::string& key) { return !store_.find(key).empty(); });
  }

  bool arriving(const plan::Segment& segment) const {
    return std::any_of(segment.shows.begin(), segment.shows.end(),
                       [&](int purchase) { return p_.media.arriving(purchase); });
  }

  /// What needs no byte of a clip that is still arriving goes first.
  std::pair<int, const plan::Segment*> pick() const {
    std::pair<int, const plan::Segment*> later{-1, nullptr};
    for (std::size_t c = 0; c < p_.render.compositions.size(); ++c) {
      for (const plan::Segment& segment : p_.render.compositions[c].segments) {
        if (!segment.waits_for.empty() || abandoned_.contains(segment.keys.front()) || in_store(segment))
          continue;
        if (!arriving(segment)) return {static_cast<int>(c), &segment};
        if (!later.second) later = {static_cast<int>(c), &segment};
      }
    }
    return later;
  }

  /// The last one of what is foreseen and shows no avatar clip: it is the least uncertain. What begins at a
  /// guessed end is left out; what ends at a guessed beginning may be for nothing.
  std::pair<std::size_t, const plan::Segment*> pick_ahead() const {
    for (std::size_t c = 0; c < ahead_->compositions.size(); ++c) {
      const std::vector<plan::Segment>& segments = ahead_->compositions[c].segments;
      for (std::size_t i = segments.size(); i-- > 1;) {
        if (segments[i].shows.empty() && segments[i - 1].shows.empty() && !in_store(segments[i]))
          return {c, &segments[i]};
      }
    }
    return {0, nullptr};
  }

  /// While clips are missing and nothing is certain: one segment of what is foreseen. Its failure is none of
  /// the run's: if the segment is needed, it fails again.
  bool render_ahead() {
    if (!ahead_) return false;
    auto [composition, segment] = pick_ahead();
    if (!segment) return false;
    try {
      for (const std::string& key : ahead_renderers_[composition]->render(
               *segment, {}, [](std::int64_t) {}, p_.stop)) {
        p_.rendered.insert(key);
      }
      frames_done_ += segment->frames;
      tell_segment(*segment);
      return true;
    } catch (const Error& e) {
      if (e.code() == ErrorCode::interrupted) throw;
      log::warning("rendering ahead: {}", e.what());
      ahead_.reset();
      return false;
    }
  }

  /// Likewise, a piece of the sound.
  bool encode_ahead() {
    if (!sound_ahead_) return false;
    try {
      if (sound_ahead_->encode_next()) return true;
    } catch (const Error& e) {
      if (e.code() == ErrorCode::interrupted) throw;
      log::warning("encoding sound ahead: {}", e.what());
    }
    sound_ahead_.reset();
    return false;
  }

  bool is_missing(const plan::Segment& segment) const {
    return std::any_of(segment.shows.begin(), segment.shows.end(), [&](int purchase) {
      const MediaAccess::Source source = p_.media.source(purchase);
      return source.path.empty() && !source.stream;
    });
  }

  /// At last the films that are shown beside the first missing clip, where it begins.
  void open_ahead() {
    if (!ahead_ || std::exchange(opened_, true)) return;
    p_.media.drop_ready();
    try {
      for (const plan::CompositionPlan& composition : ahead_->compositions) {
        auto segment = std::find_if(composition.segments.begin(), composition.segments.end(),
                                    [&](const plan::Segment& s) { return is_missing(s); });
        if (segment == composition.segments.end()) continue;
        for (const plan::Layer& layer : segment->spans.front().layers) get_ready(layer);
      }
    } catch (const Error& e) {  // it fails again where it is needed
      if (e.code() == ErrorCode::interrupted) throw;
      log::warning("opening ahead: {}", e.what());
    }
  }

  void get_ready(const plan::Layer& layer) {
    const Rational fps = p_.job.canvas.fps;
    if (!std::holds_alternative<FileRef>(p_.plan.clips[layer.clip].clip.media)) return;
    if (!p_.facts[layer.clip]->media.video) return;
    p_.media.get_ready(layer.clip, plan::source_time(ahead_->timing.clips[layer.clip], layer.first, fps), fps,
                       p_.stop);
  }

  bool render_next() {
    auto [composition, segment] = pick();
    if (!segment) return false;
    std::set<int> unproven;
    for (int purchase : segment->shows) {
      if (!p_.proven[purchase]) unproven.insert(purchase);
    }
    try {
      for (const std::string& key : renderers_[composition]->render(
               *segment, unproven, [&](std::int64_t n) { tell_progress(n); }, p_.stop)) {
        p_.rendered.insert(key);
      }
      frames_done_ += segment->frames;
      tell_segment(*segment);
    } catch (const Error& e) {
      if (p_.copy && e.name() == "copy") {
        p_.stop_copying(e);
        new_renderers();
        return true;
      }
      // A clip that breaks off while it is read must not keep the rest from being rendered.
      if (unproven.empty() || e.code() == ErrorCode::interrupted) throw;
      abandoned_.insert(segment->keys.front());
      failures_.add(std::current_exception());
    }
    return true;
  }

  std::int64_t total_frames() const {
    if (!p_.render.complete) return 0;
    std::int64_t total = 0;
    for (const auto& composition : p_.render.compositions) {
      for (const plan::Segment& s : composition.segments) total += s.frames;
    }
    return total;
  }

  /// What was foreseen and is not needed counts for nothing.
  std::int64_t done(std::int64_t more) const {
    const std::int64_t total = total_frames(), frames = frames_done_ + more;
    return total > 0 ? std::min(frames, total) : frames;
  }

  void tell_decoded(int clip, std::int64_t frames) const {
    int purchase = p_.plan.clips[clip].purchase;
    if (purchase < 0 || !p_.media.arriving(purchase)) return;
    p_.observer({Event::Kind::decoded, p_.plan.clips[clip].label, "", frames, 0, 0});
  }

  void tell_progress(std::int64_t n) const {
    if (n % 5 == 0) p_.observer({Event::Kind::progress, "", "", 0, done(n), total_frames()});
  }

  void tell_segment(const plan::Segment& segment) const {
    p_.observer({Event::Kind::segment, "", segment.keys.front(), segment.frames, done(0), total_frames()});
  }

  Production& p_;
  SegmentStore& store_;
  std::function<void()> when_known_;
  std::size_t in_flight_ = 0;
  std::int64_t frames_done_ = 0;
  FirstFailure failures_;
  std::set<std::string> abandoned_;  ///< first keys of segments whose clip broke off
  std::vector<std::unique_ptr<SegmentRenderer>> renderers_;
  std::optional<plan::RenderPlan> ahead_;  ///< foreseen
  std::vector<std::unique_ptr<SegmentRenderer>> ahead_renderers_;
  std::unique_ptr<SoundAhead> sound_ahead_;
  bool opened_ = false;  ///< what will be needed next of local films
  Acquirer acquirer_;    ///< last: its threads end before what they use
};

}  // namespace

void render_segments(Production& production, SegmentStore& store, const std::function<void()>& when_known) {
  Scheduler(production, store, when_known).run();
}

}  // namespace avstage::run
