#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <stop_token>
#include <string>
#include <vector>

#include "base/log.h"
#include "run/output_paths.h"
#include "run/prepare.h"

namespace avstage::run {

/// Everything one run knows, handed from step to step on the caller's thread.
struct Production {
  Production(const Job& j, Session& s, Observer o, std::stop_token st)
      : job(j),
        session(s),
        observer(std::move(o)),
        stop(std::move(st)),
        plan(checked_plan(j)),
        media(plan),
        inputs(s) {}

  const Job& job;
  Session& session;
  Observer observer;
  std::stop_token stop;
  const plan::Plan plan;
  MediaAccess media;
  InputFiles inputs;
  plan::Facts facts;               ///< by clip; grows as news arrive
  plan::RenderPlan render;         ///< resolve(plan, facts)
  std::vector<bool> proven;        ///< by purchase: every byte is there and proven
  std::set<std::string> rendered;  ///< segment keys that this run encoded
  bool copy = true;                ///< false: a copy has failed, everything is encoded
  Report report;

  /// Every position and every medium's facts.
  bool is_known() const {
    return render.complete &&
           std::all_of(facts.begin(), facts.end(), [](const auto& known) { return known.has_value(); });
  }
  void resolve() { render = plan::resolve(plan, facts, toolchain(), copy); }
  /// After a copy that did not hold what it promised.
  void stop_copying(const Error& why) {
    copy = false;
    report.warnings.push_back(fmt::format("nothing is copied, all is encoded: {}", why.message()));
    log::warning("{}", report.warnings.back());
    resolve();
  }
  void tell(Event::Kind kind, const std::string& text) const { observer({kind, "", text, 0, 0, 0}); }
};

/// A warning in the log and in the report, once.
void warn(Production& p, const std::string& line);
/// Of clips of one track that are shown at the same time, as far as times are known.
void warn_of_overlaps(Production& p);

/// avstage::render in a session that the caller has opened.
Report render_in(Session& session, const Job& job, const Observer& observer, const std::stop_token& stop);
/// Events come from several threads; the observer hears one at a time.
Observer one_at_a_time(const Observer& observer);

}  // namespace avstage::run
