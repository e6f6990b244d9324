#include <chrono>
#include <memory>
#include <mutex>

#include "avstage/avstage.h"
#include "run/output_lock.h"
#include "run/production.h"
#include "run/publish.h"
#include "run/scheduler.h"

namespace avstage {
namespace {

using run::Production;

void timed_step(Production& p, const std::string& name, const std::function<void()>& work) {
  p.tell(Event::Kind::phase, name);
  auto begin = std::chrono::steady_clock::now();
  work();
  std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
  p.report.steps.emplace_back(name, took.count());
}

/// Everything that can be known and refused before a clip is bought.
void prepare(Production& p) {
  run::prepare_outputs(p.job);
  p.facts = run::gather_facts(p.session, p.plan, p.media);
  p.resolve();
  run::check_pictures(p.plan, p.facts, p.render.timing);
  run::check_overwrite(p.session, p.job, p.render);
  for (const plan::Purchase& purchase : p.plan.purchases) {
    bool archived = p.facts[purchase.clips.front()].has_value();
    p.proven.push_back(archived);
    if (!archived) continue;
    auto entry = p.session.ledger().find(p.session.realm(), purchase.clip_key);
    p.report.purchases.push_back({p.plan.clips[purchase.clips.front()].label, "archive", entry->video_id,
                                  purchase.clip_key, entry->duration});
  }
}

}  // namespace

Observer run::one_at_a_time(const Observer& observer) {
  auto mutex = std::make_shared<std::mutex>();
  return [observer, mutex](const Event& event) {
    std::lock_guard lock(*mutex);
    if (observer) observer(event);
  };
}

Report render(const Job& job, const Settings& settings, const Observer& observer, const std::stop_token& stop) {
  run::Session session(settings, job.heygen, stop);
  Production p(job, session, run::one_at_a_time(observer), stop);
  run::OutputLocks locks(session, job, p.observer, stop);
  timed_step(p, "plan", [&] { prepare(p); });
  if (!run::all_up_to_date(p)) {
    run::SegmentStore store(settings.cache_dir);
    timed_step(p, "render", [&] { run::render_segments(p, store); });
    timed_step(p, "assemble", [&] { run::publish_outputs(p, store); });
  }
  p.tell(Event::Kind::phase, "done");
  return std::move(p.report);
}

}  // namespace avstage
