#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <thread>

#include "avstage/avstage.h"
#include "base/log.h"
#include "plan/overlaps.h"
#include "run/clips/budget.h"
#include "run/clips/damaged.h"
#include "run/clips/transparency.h"
#include "run/deliver/publish.h"
#include "run/output_lock.h"
#include "run/production.h"
#include "run/scheduler.h"

namespace avstage {
namespace {

using run::Production;

/// Stops a run when its caller says so, and when its time is over.
class Watch {
 public:
  Watch(const std::optional<Rational>& deadline, const std::stop_token& stop)
      : forward_(stop, Forward{source_}) {
    if (!deadline) return;
    timer_ = std::jthread([this, limit = std::chrono::milliseconds((*deadline * Rational(1000)).round())](
                              const std::stop_token& over) {
      if (!system_clock().sleep(limit, over)) return;
      expired_ = true;
      source_.request_stop();
    });
  }
  std::stop_token token() const { return source_.get_token(); }
  bool expired() const { return expired_; }

 private:
  std::stop_source source_;
  std::atomic<bool> expired_ = false;
  struct Forward {
    std::stop_source& to;
    void operator()() const { to.request_stop(); }
  };
  std::stop_callback<Forward> forward_;
  std::jthread timer_;  ///< last: it ends before what it uses
};

void timed_step(Production& p, const std::string& name, const std::function<void()>& work) {
  p.tell(Event::Kind::phase, name);
  auto begin = std::chrono::steady_clock::now();
  work();
  std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
  p.report.steps.emplace_back(name, took.count());
}

/// Either all clips that this run lacks are its own to obtain, or nothing is bought.
void hold_missing_clips(Production& p) {
  std::vector<std::pair<std::string, std::string>> clips;
  std::set<std::string> keys{""};
  for (std::size_t i = 0; i < p.proven.size(); ++i) {
    const plan::Purchase& purchase = p.plan.purchases[i];
    if (p.proven[i]) continue;
    for (const std::string& key : {purchase.clip_key, purchase.fallback_key}) {
      if (keys.insert(key).second) clips.emplace_back(key, p.plan.clips[purchase.clips.front()].label);
    }
  }
  p.session.hold_clips(clips);
}

/// Everything that can be known and refused before a clip is bought.
void prepare(Production& p) {
  run::prepare_outputs(p.job);
  p.facts = run::gather_facts(p.session, p.plan, p.media, p.inputs);
  p.resolve();
  run::check_pictures(p.plan, p.facts, p.render.timing);
  run::check_outputs(p.session, p.job, p.render);
  run::warn_of_overlaps(p);
  run::check_budget(p.session, p.plan);
  for (const plan::Purchase& purchase : p.plan.purchases) {
    const std::optional<plan::ClipFacts>& facts = p.facts[purchase.clips.front()];
    p.proven.push_back(facts.has_value());
    if (!facts) {
      p.session.account();  // Error{money} now, and not when the rest is rendered
      continue;
    }
    auto entry = run::entry_in_use(p.session, purchase, facts->identity);
    p.report.purchases.push_back({p.plan.clips[purchase.clips.front()].label, "archive", entry->video_id,
                                  entry->clip_key, entry->duration});
  }
  if (p.session.settings().no_wait) hold_missing_clips(p);
}

/// nullopt: a clip in the archive proved to be damaged and was set aside; another try obtains it anew.
std::optional<Report> render_once(run::Session& session, const Job& job, const Observer& observer,
                                  const std::stop_token& stop) {
  const Settings& settings = session.settings();
  Production p(job, session, run::one_at_a_time(observer), stop);
  run::OutputLocks locks(session, job, p.observer, stop);
  try {
    timed_step(p, "plan", [&] { prepare(p); });
    if (!run::all_up_to_date(p)) {
      run::SegmentStore store(settings.cache_dir, settings.cache_limit,
                              [&p] { p.inputs.require_unchanged(); });
      std::optional<run::Soundtrack> sound;  // mixed beside the pictures
      timed_step(p, "render", [&] {
        run::render_segments(p, store, [&] { sound.emplace(p, store, run::outputs_to_make(p)); });
      });
      run::warn_of_overlaps(p);  // those that hang on a clip's length
      timed_step(p, "assemble", [&] { run::publish_outputs(p, store, sound.value()); });
    }
  } catch (const Error& e) {
    if (e.code() != ErrorCode::input) throw;
    p.inputs.require_unchanged();  // else what it does to decoders and copies would be told instead
    if (!run::set_aside_damaged(session, p.plan, stop)) throw;
    run::SegmentStore store(settings.cache_dir, settings.cache_limit);
    for (const std::string& key : p.rendered) store.forget(key);
    return std::nullopt;
  }
  p.tell(Event::Kind::phase, "done");
  return std::move(p.report);
}

}  // namespace

void run::warn(Production& p, const std::string& line) {
  if (std::find(p.report.warnings.begin(), p.report.warnings.end(), line) != p.report.warnings.end()) return;
  p.report.warnings.push_back(line);
  log::warning("{}", line);
}

void run::warn_of_overlaps(Production& p) {
  for (const std::string& line : plan::overlaps(p.plan, p.facts, p.render.timing)) warn(p, line);
}

Observer run::one_at_a_time(const Observer& observer) {
  auto mutex = std::make_shared<std::mutex>();
  return [observer, mutex](const Event& event) {
    std::lock_guard lock(*mutex);
    if (observer) observer(event);
  };
}

Report render(const Job& job, const Settings& settings, const Observer& observer,
              const std::stop_token& stop) {
  Watch watch(settings.deadline, stop);
  try {
    run::Session session(settings, job.heygen, watch.token());
    return run::render_in(session, job, observer, watch.token());
  } catch (const Error& e) {
    if (e.code() != ErrorCode::interrupted || !watch.expired()) throw;
    throw Error(
        ErrorCode::network,
        fmt::format(
            "not finished within the {} s of --deadline; run again to continue, nothing is bought twice",
            settings.deadline->round()),
        "deadline");
  }
}

Report run::render_in(Session& session, const Job& job, const Observer& observer,
                      const std::stop_token& stop) {
  for (int tries = 0; tries < 2; ++tries) {
    if (auto report = render_once(session, job, observer, stop)) return std::move(*report);
  }
  throw Error(ErrorCode::input,
              session.archive_dir() +
                  ": a clip was damaged again as soon as it had been fetched again: have that "
                  "disk checked, or give another state folder",
              "damaged");
}

}  // namespace avstage
