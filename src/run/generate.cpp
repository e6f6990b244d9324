#include "run/generate.h"

#include "base/stop.h"
#include "media/demuxer.h"
#include "run/clips/acquire.h"
#include "run/clips/budget.h"
#include "run/clips/first_failure.h"
#include "run/clips/transparency.h"

namespace avstage::run {
namespace {

class Collector {
 public:
  explicit Collector(Production& p)
      : p_(p), failures_(p.stop), acquirer_(p.session, p.plan, p.media, p.observer) {}

  std::vector<StoredClip> run() {
    std::vector<int> missing;
    for (std::size_t i = 0; i < p_.plan.purchases.size(); ++i) {
      if (!known(p_.plan.purchases[i])) missing.push_back(static_cast<int>(i));
    }
    acquirer_.start(missing);
    std::stop_callback wake(p_.stop, [this] { acquirer_.interrupt(); });
    for (std::size_t left = missing.size(); left > 0;) {
      auto news = acquirer_.news().pop(p_.stop);
      if (!news) throw_stopped();
      if (news->kind == AcquireNews::Kind::readable) continue;
      --left;
      if (news->kind == AcquireNews::Kind::proven)
        add(news->report.origin, news->report.clip_key, news->report.clip);
      if (news->kind == AcquireNews::Kind::failed) failures_.add(news->error);
    }
    failures_.rethrow();
    return std::move(stored_);
  }

 private:
  /// In the archive, or not to be bought at all.
  bool known(const plan::Purchase& purchase) {
    const std::string& label = p_.plan.clips[purchase.clips.front()].label;
    if (!purchase.avatar.video_id.empty()) {
      stored_.push_back({label, "given", purchase.avatar.video_id, purchase.clip_key});
      return true;
    }
    try {
      auto clip = kept_clip(p_.session, purchase, label);
      return clip && add("archive", clip->entry.clip_key, label);
    } catch (const Error&) {
      failures_.add(std::current_exception());
    }
    return true;
  }

  bool add(const std::string& origin, const std::string& clip_key, const std::string& label) {
    std::optional<ledger::Entry> entry = p_.session.archived(clip_key);
    if (!entry) return false;
    stored_.push_back({label, origin, entry->video_id, clip_key, p_.session.archive_path(*entry),
                       entry->bytes, entry->sha256, entry->duration});
    return true;
  }

  Production& p_;
  std::vector<StoredClip> stored_;
  FirstFailure failures_;
  Acquirer acquirer_;  ///< last: its threads end before what they use
};

}  // namespace

std::vector<StoredClip> obtain_all(Production& production) {
  return Collector(production).run();
}

}  // namespace avstage::run

namespace avstage {

std::vector<StoredClip> generate(const Job& job, const Settings& settings, const Observer& observer,
                                 const std::stop_token& stop) {
  run::Session session(settings, job.heygen, stop);
  run::Production production(job, session, run::one_at_a_time(observer), stop);
  run::check_budget(session, production.plan);
  return run::obtain_all(production);
}

}  // namespace avstage
