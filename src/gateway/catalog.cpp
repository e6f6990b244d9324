#include "gateway/catalog.h"

#include <fmt/format.h>

#include <set>

#include "base/log.h"
#include "run/clips/transparency.h"
#include "run/clips/uploads.h"

namespace avstage::gateway {
namespace {

Settings without_buying(Settings settings) {
  settings.buy = false;
  return settings;
}

/// One ledger account for all.
HeygenSettings common_account(const std::vector<Job>& jobs) {
  HeygenSettings heygen = jobs.empty() ? HeygenSettings{} : jobs.front().heygen;
  for (const Job& job : jobs) {
    if (job.heygen.account == heygen.account) continue;
    throw Error(ErrorCode::usage,
                fmt::format("{} and {} name different accounts; allowed: one account for all jobs",
                            jobs.front().file, job.file),
                "accounts");
  }
  return heygen;
}

/// What stands between `prefix` and the ending; "" for another path.
std::string name_in(const std::string& path, const std::string& prefix) {
  const std::size_t dot = path.rfind('.');
  if (!path.starts_with(prefix) || dot == std::string::npos || dot < prefix.size()) return "";
  const std::string ending = path.substr(dot);
  return ending == ".mp4" || ending == ".webm" ? path.substr(prefix.size(), dot - prefix.size()) : "";
}

const char* const kNotBought = "not bought yet; avstage render buys it";

}  // namespace

Catalog::Catalog(const Settings& settings, const std::vector<Job>& jobs, std::function<void()> changed)
    : heygen_(common_account(jobs)),
      session_(without_buying(settings), heygen_),
      changed_(std::move(changed)) {
  for (const Job& job : jobs) {
    plan::Plan all = plan::make_plan(run::with_hashed_assets(job), run::avatar_words());
    for (const plan::Purchase& purchase : all.purchases) {
      if (job_clip(purchase.clip_key, "") != nullptr) continue;
      const std::string label = all.clips[purchase.clips.front()].label;
      job_clips_.push_back({label, run::plan_of_clip(purchase.avatar, heygen_, label)});
    }
  }
}

const Catalog::JobClip* Catalog::job_clip(const std::string& clip_key, const std::string& video_id) const {
  for (const JobClip& clip : job_clips_) {
    if (!clip_key.empty() && clip.purchase().clip_key == clip_key) return &clip;
    if (!video_id.empty() && clip.purchase().avatar.video_id == video_id) return &clip;
  }
  return nullptr;
}

Catalog::Found Catalog::find(const std::string& path) {
  const std::string clip_key = name_in(path, "/job/"), video_id = name_in(path, "/v/");
  if (clip_key.empty() && video_id.empty()) return {};
  auto entry = clip_key.empty() ? run::find_video(session_, video_id)
                                : session_.ledger().find(session_.realm(), clip_key);
  if (entry) return of_entry(*entry);
  const JobClip* clip = job_clip(clip_key, video_id);
  if (clip == nullptr) return {};
  const std::string& named = clip->purchase().avatar.video_id;
  if (named.empty()) return {.why = kNotBought};
  if (auto bought = run::find_video(session_, named)) return of_entry(*bought);
  return feed_of(clip->plan);
}

/// Also for one that somebody is just buying: the feed waits for the lock on it, and buys nothing.
Catalog::Found Catalog::of_entry(const ledger::Entry& entry) {
  using ledger::State;
  if (entry.state == State::failed)
    return {.status = 502, .why = "the vendor failed this clip: " + entry.error};
  const JobClip* clip = job_clip(entry.clip_key, "");
  const bool replaced = clip != nullptr && run::fallback_is_under_way(session_, clip->purchase());
  if (!replaced && (entry.state == State::rejected || entry.state == State::ambiguous)) {
    return {.why = kNotBought};
  }
  return feed_of(clip != nullptr ? clip->plan
                                 : run::plan_of_entry(entry, heygen_, "video " + entry.video_id));
}

Catalog::Found Catalog::feed_of(const plan::Plan& plan) {
  const std::string& key = plan.purchases.front().clip_key;
  std::shared_ptr<run::ClipFeed>& feed = feeds_[key];
  if (!feed || feed->state() == run::ClipFeed::State::failed) {
    feed = run::ClipFeed::of_plan(
        session_, plan, [](const Event&) {}, changed_);
  }
  return {.feed = feed, .etag = '"' + key + '"', .status = 200, .why = ""};
}

std::vector<Link> Catalog::links() {
  std::vector<Link> links;
  std::set<std::string> keys;
  for (const JobClip& clip : job_clips_) {
    const plan::Purchase& purchase = clip.purchase();
    keys.insert(purchase.clip_key);
    const char* ending = heygen::is_transparent(purchase.avatar) ? ".webm" : ".mp4";
    Link link{"/job/" + purchase.clip_key + ending, clip.label, purchase.avatar.video_id, "not bought"};
    if (!link.video_id.empty()) link.state = "given";
    if (auto entry = session_.ledger().find(session_.realm(), purchase.clip_key)) {
      link.video_id = entry->video_id;
      link.state = to_string(entry->state);
    }
    links.push_back(link);
  }
  for (const ledger::Entry& entry : session_.ledger().list(session_.realm())) {
    if (entry.video_id.empty() || !keys.insert(entry.clip_key).second) continue;
    const char* ending = entry.archive.ends_with(".webm") ? ".webm" : ".mp4";
    links.push_back({"/v/" + entry.video_id + ending, entry.title, entry.video_id, to_string(entry.state)});
  }
  return links;
}

std::pair<int, std::string> answer_for(const std::exception_ptr& failure) {
  try {
    std::rethrow_exception(failure);
  } catch (const Error& e) {
    if (e.name() == "not_bought") return {404, kNotBought};
    return {e.code() == ErrorCode::network ? 504 : 502, log::redact(e.message())};
  } catch (const std::exception& e) {
    return {502, e.what()};
  }
}

}  // namespace avstage::gateway
