#include "run/scheduler.h"

#include <algorithm>
#include <atomic>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <utility>

#include "base/cores.h"
#include "base/stop.h"
#include "run/ahead.h"
#include "run/clips/acquire.h"
#include "run/clips/extras.h"
#include "run/clips/first_failure.h"
#include "run/crew.h"
#include "run/segment_renderer.h"
#include "run/work_list.h"

namespace avstage::run {
namespace {

/// What a worker composes and an H.264 encoder's threads keep two cores busy (W3: 1.85 of them).
constexpr std::size_t kCoresOfWorker = 2;

/// Who renders: the caller's thread, which also hears the news, and its helpers. Each has decoders of its
/// own.
struct Worker {
  std::unique_ptr<SegmentRenderer> certain, ahead;
  int version = -1;              ///< of the plans that they are for
  std::optional<Place> goes_on;  ///< behind what it rendered last
};

struct Work {
  std::vector<Part> parts;  ///< which show the same time and clips
  std::set<int> unproven;   ///< purchases it shows
  bool ahead = false;       ///< foreseen, not certain
  bool copies = true;       ///< as resolved

  const std::vector<int>& shows() const { return parts.front().segment.shows; }
  std::int64_t frames() const {
    return parts.front().segment.frames * static_cast<std::int64_t>(parts.size());
  }
};

/// The caller's thread runs it. `mutex_` guards what the helpers see too; nobody holds it who renders, or
/// waits for news.
class Scheduler {
 public:
  Scheduler(Production& production, SegmentStore& store, const std::function<void()>& when_known)
      : p_(production),
        store_(store),
        when_known_(when_known),
        failures_(p_.stop),
        ahead_(production, store),
        forward_(p_.stop, [this] { stop_.request_stop(); }),
        workers_(number_of_workers(p_.session.settings().workers)),
        acquirer_(p_.session, p_.plan, p_.media, p_.observer) {}

  void run() {
    start();
    // A frame may be waiting for bytes that never come: the stop must reach the streams, not this loop alone.
    std::stop_callback wake(stop_.get_token(), [this] { acquirer_.interrupt(); });
    Crew crew(
        workers_.size() - 1, [this](std::size_t i) { return render_next(workers_[i]); },
        [this] { stop_.request_stop(); });
    try {
      work_with(crew);
    } catch (...) {
      stop_.request_stop();
      crew.rethrow();  // what stopped this thread, if it was a helper
      throw;
    }
    p_.media.drop_ready();
    failures_.rethrow();
    if (!p_.render.complete)
      throw Error(ErrorCode::bug, "every clip is there, but the timeline is not complete");
  }

 private:
  static std::size_t number_of_workers(int wanted) {
    return wanted > 0 ? static_cast<std::size_t>(wanted)
                      : std::max<std::size_t>(1, usable_cores() / kCoresOfWorker);
  }

  void start() {
    std::vector<int> missing;
    for (std::size_t i = 0; i < p_.proven.size(); ++i) {
      if (!p_.proven[i]) missing.push_back(static_cast<int>(i));
    }
    in_flight_ = missing.size();
    ahead_.foresee();
    acquirer_.start(missing);
  }

  void work_with(Crew& crew) {
    for (;;) {
      while (auto news = acquirer_.news().try_pop()) take(std::move(*news), crew);
      tell_known();
      if (render_next(workers_.front())) {
        crew.more_work();  // behind it, of what only one may read
        continue;
      }
      if (in_flight_ == 0) {
        crew.wait_until_idle();
        if (!render_next(workers_.front())) break;
        continue;
      }
      if (ahead_.encode_sound()) continue;
      ahead_.open_films(stop_.get_token());
      auto news = acquirer_.news().pop(stop_.get_token());
      if (!news) throw_stopped();
      take(std::move(*news), crew);
    }
  }

  void tell_known() {
    std::lock_guard lock(mutex_);
    if (when_known_ && p_.is_known() && failures_.empty()) std::exchange(when_known_, {})();
  }

  std::unique_ptr<SegmentRenderer> renderer_for(const plan::RenderPlan& render) {
    auto decoded = [this](int clip, std::int64_t frames) { tell_decoded(clip, frames); };
    return std::make_unique<SegmentRenderer>(p_.plan, render, p_.media, mattes_, store_, decoded);
  }

  /// Renderers carry positions; those of open clips may have become certain.
  void renew(Worker& worker) {
    if (std::exchange(worker.version, version_) == version_) return;
    worker.certain = renderer_for(p_.render);
    worker.ahead = ahead_.plan() ? renderer_for(*ahead_.plan()) : nullptr;
    worker.goes_on.reset();
  }

  void take(AcquireNews news, Crew& crew) {
    std::lock_guard lock(mutex_);
    take(std::move(news));
    crew.more_work();
  }

  void take(AcquireNews news) {
    switch (news.kind) {
      case AcquireNews::Kind::readable:
        learn(news);
        break;
      case AcquireNews::Kind::proven:
        p_.proven[news.purchase] = true;
        store_.proven(news.purchase);
        ahead_.foresee_sound();
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
    ahead_.foresee();
    ++version_;
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

  bool is_taken(const plan::Segment& segment) const {
    return std::any_of(segment.keys.begin(), segment.keys.end(),
                       [&](const std::string& key) { return taken_.contains(key); });
  }

  Standing standing(const plan::Segment& segment) const {
    if (!segment.waits_for.empty()) return Standing::out;
    if (is_taken(segment)) return Standing::taken;
    return abandoned_.contains(segment.keys.front()) || in_store(segment) ? Standing::out : Standing::open;
  }

  /// One worker alone reads a clip that arrives: another one would ask for bytes far ahead of it, by a
  /// request of its own.
  bool is_read(const plan::Segment& segment) const {
    return std::any_of(segment.shows.begin(), segment.shows.end(), [&](int purchase) {
      return shown_.contains(purchase) && p_.media.arriving(purchase);
    });
  }

  /// What needs no byte of a clip that is still arriving goes first; what does, in the order it arrives in.
  std::optional<Place> pick(const Worker& worker) const {
    auto now = [&](const plan::Segment& s) { return arriving(s) ? Standing::out : standing(s); };
    if (auto place = choose(p_.render, worker.goes_on, now)) return place;
    return choose(p_.render, {}, [&](const plan::Segment& s) {
      return !is_taken(s) && !is_read(s) ? standing(s) : Standing::out;
    });
  }

  std::optional<Place> pick_ahead() const {
    if (in_flight_ == 0) return std::nullopt;
    return ahead_.pick([&](const plan::Segment& s) { return standing(s); });
  }

  /// What is certain, else, while clips are missing, what is foreseen.
  std::optional<Work> take_work(Worker& worker) {
    std::lock_guard lock(mutex_);
    renew(worker);
    const std::optional<Place> certain = pick(worker), place = certain ? certain : pick_ahead();
    if (!place) return std::nullopt;
    const plan::RenderPlan& render = certain ? p_.render : *ahead_.plan();
    Work work{{}, {}, !certain, p_.copy};
    for (const Place& p : in_step(render, *place, [&](const plan::Segment& s) { return standing(s); })) {
      work.parts.push_back({p.composition, render.compositions[p.composition].segments[p.index]});
    }
    for (int purchase : work.shows()) {
      if (!p_.proven[purchase]) work.unproven.insert(purchase);
    }
    if (certain) worker.goes_on = Place{place->composition, place->index + 1};
    for (const Part& part : work.parts) taken_.insert(part.segment.keys.begin(), part.segment.keys.end());
    shown_.insert(work.shows().begin(), work.shows().end());
    return work;
  }

  struct Return {
    ~Return() {
      std::lock_guard lock(scheduler.mutex_);
      for (const Part& part : work.parts) {
        for (const std::string& key : part.segment.keys) scheduler.taken_.erase(key);
      }
      for (int purchase : work.shows()) scheduler.shown_.extract(purchase);  // one of them
    }
    Scheduler& scheduler;
    const Work& work;
  };

  /// False: there is nothing to render now.
  bool render_next(Worker& worker) {
    std::optional<Work> work = take_work(worker);
    if (!work) return false;
    const Return when_done{*this, *work};
    try {
      render(worker, *work);
    } catch (const Error& e) {
      if (e.code() == ErrorCode::interrupted || !go_on_after(*work, e)) throw;
    }
    return true;
  }

  void render(Worker& worker, const Work& work) {
    std::int64_t told = 0;
    auto on_frame = [&](std::int64_t n) {
      frames_done_ += n - std::exchange(told, n);
      if (n % 5 == 0) tell_progress();
    };
    SegmentRenderer& renderer = *(work.ahead ? worker.ahead : worker.certain);
    try {
      std::vector<std::string> keys = renderer.render(work.parts, work.unproven, on_frame, stop_.get_token());
      std::lock_guard lock(mutex_);
      p_.rendered.insert(keys.begin(), keys.end());
    } catch (...) {
      frames_done_ -= told;
      throw;
    }
    frames_done_ += work.frames() - told;
    for (const Part& part : work.parts) tell_segment(part.segment);
  }

  /// False: what failed is the run's failure. In the handler of `e`.
  bool go_on_after(const Work& work, const Error& e) {
    std::lock_guard lock(mutex_);
    if (work.ahead) {
      ahead_.give_up(e);
      return true;
    }
    if (work.copies && e.name() == "copy") {
      if (p_.copy) p_.stop_copying(e);  // else another worker has met it before
      ++version_;
      return true;
    }
    // A clip that breaks off while it is read must not keep the rest from being rendered.
    if (work.unproven.empty()) return false;
    for (const Part& part : work.parts) abandoned_.insert(part.segment.keys.front());
    failures_.add(std::current_exception());
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

  /// Frames done, and of how many. What was foreseen and is not needed counts for nothing.
  std::pair<std::int64_t, std::int64_t> progress() const {
    std::lock_guard lock(mutex_);
    const std::int64_t total = total_frames(), frames = frames_done_;
    return {total > 0 ? std::min(frames, total) : frames, total};
  }

  void tell_decoded(int clip, std::int64_t frames) const {
    int purchase = p_.plan.clips[clip].purchase;
    if (purchase < 0 || !p_.media.arriving(purchase)) return;
    p_.observer({Event::Kind::decoded, p_.plan.clips[clip].label, "", frames, 0, 0});
  }

  void tell_progress() const {
    const auto [done, total] = progress();
    p_.observer({Event::Kind::progress, "", "", 0, done, total});
  }

  void tell_segment(const plan::Segment& segment) const {
    const auto [done, total] = progress();
    p_.observer({Event::Kind::segment, "", segment.keys.front(), segment.frames, done, total});
  }

  Production& p_;
  SegmentStore& store_;
  std::function<void()> when_known_;
  std::size_t in_flight_ = 0;
  mutable std::mutex mutex_;
  std::atomic<std::int64_t> frames_done_ = 0;
  Mattes mattes_;
  FirstFailure failures_;
  std::set<std::string> taken_;      ///< keys of segments that are being rendered
  std::multiset<int> shown_;         ///< purchases that are shown in those
  std::set<std::string> abandoned_;  ///< first keys of segments whose clip broke off
  Ahead ahead_;
  int version_ = 0;  ///< of both plans
  std::stop_source stop_;
  std::stop_callback<std::function<void()>> forward_;
  std::vector<Worker> workers_;  ///< the caller's thread first
  Acquirer acquirer_;            ///< last: its threads end before what they use
};

}  // namespace

void render_segments(Production& production, SegmentStore& store, const std::function<void()>& when_known) {
  Scheduler(production, store, when_known).run();
}

}  // namespace avstage::run
