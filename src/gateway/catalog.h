#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "gateway/gateway.h"
#include "run/clip_feed.h"

namespace avstage::gateway {

/// Which clips there are, and what brings them. It buys nothing. links() may be called by any thread, find()
/// by one.
class Catalog {
 public:
  /// `changed` is called on threads of the feeds.
  Catalog(const Settings& settings, const std::vector<Job>& jobs, std::function<void()> changed);

  struct Found {
    std::shared_ptr<run::ClipFeed> feed;  ///< null: there is none
    std::string etag;
    int status = 404;  ///< and why, where there is none
    std::string why = "no such clip";
  };
  /// `path` is /v/VIDEO_ID.mp4 or /job/CLIP_KEY.mp4. A clip that failed is tried anew.
  Found find(const std::string& path);
  /// With URLs that begin at the slash.
  std::vector<Link> links();

 private:
  struct JobClip {
    std::string label;
    plan::Plan plan;
    const plan::Purchase& purchase() const { return plan.purchases.front(); }
  };
  const JobClip* job_clip(const std::string& clip_key, const std::string& video_id) const;
  Found of_entry(const ledger::Entry& entry);
  Found feed_of(const plan::Plan& plan);

  HeygenSettings heygen_;
  run::Session session_;
  std::function<void()> changed_;
  std::vector<JobClip> job_clips_;
  std::map<std::string, std::shared_ptr<run::ClipFeed>> feeds_;  ///< by clip key
};

/// What a client is told about a feed that failed.
std::pair<int, std::string> answer_for(const std::exception_ptr& failure);

}  // namespace avstage::gateway
