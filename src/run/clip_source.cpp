#include "avstage/clip_source.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <unistd.h>

#include <atomic>

#include "base/atomic_file.h"
#include "media/io_context.h"
#include "media/packet_pipe.h"
#include "run/clip_feed.h"
#include "run/clips/account.h"
#include "run/clips/budget.h"
#include "run/clips/uploads.h"

namespace avstage {
namespace {

using run::ClipFeed;

/// What a feed needs for as long as it lives.
struct World {
  std::unique_ptr<net::Client> client;
  std::unique_ptr<run::Session> session;
};

class Source : public ClipSource {
 public:
  Source(World world, std::shared_ptr<ClipFeed> feed, std::string label, const std::stop_token& stop)
      : world_(std::move(world)),
        feed_(std::move(feed)),
        label_(std::move(label)),
        stop_(stop),
        on_stop_(stop, [this] { feed_->interrupt(); }) {}

  AVIOContext* io() override {
    if (!io_) io_ = std::make_unique<media::IoContext>(feed_->reader());
    return io_->get();
  }

  AVFormatContext* format() override {
    if (!demuxer_) demuxer_.emplace(media::Demuxer::open(feed_->reader(), label_));
    return demuxer_->context();
  }

  int check(int answer) override {
    if (io_) io_->rethrow_stashed();
    if (demuxer_) demuxer_->rethrow_stashed();
    if (answer == AVERROR_EOF) wait_complete();
    if (answer >= 0 || answer == AVERROR_EOF) return answer;
    return media::check(answer, "reading", label_);
  }

  void wait_complete() override { feed_->wait_proven(stop_); }

  void copy_to(int fd, const std::string& container) override {
    media::Demuxer from = media::Demuxer::open(feed_->reader(), label_);
    media::PacketPipe pipe(fd, container, from, stop_);
    media::PacketPtr packet = media::make_packet();
    while (from.read(*packet)) pipe.write(*packet);
    wait_complete();
    pipe.finish();
  }

  void interrupt() noexcept override { feed_->interrupt(); }

 private:
  World world_;
  std::shared_ptr<ClipFeed> feed_;
  std::string label_;
  std::stop_token stop_;
  std::unique_ptr<media::IoContext> io_;
  std::optional<media::Demuxer> demuxer_;
  std::stop_callback<std::function<void()>> on_stop_;
};

std::unique_ptr<ClipSource> once_readable(World world, std::shared_ptr<ClipFeed> feed,
                                          const std::string& label, const std::stop_token& stop) {
  ClipFeed& arriving = *feed;
  auto source = std::make_unique<Source>(std::move(world), std::move(feed), label, stop);
  arriving.wait_readable(stop);  // a stop ends the feed's thread before what it uses
  return source;
}

std::unique_ptr<ClipSource> open_avatar(const AvatarRef& avatar, const HeygenSettings& heygen,
                                        const std::string& label, Settings settings, const Observer& observer,
                                        const std::stop_token& stop) {
  plan::Plan plan = run::plan_of_clip(avatar, heygen, label);
  if (!avatar.video_id.empty()) settings.buy = false;
  World world;
  world.session = std::make_unique<run::Session>(settings, heygen, stop);
  if (auto entry = run::find_video(*world.session, avatar.video_id))
    plan = run::plan_of_entry(*entry, heygen, label);
  if (settings.buy) run::check_budget(*world.session, plan);
  auto feed = ClipFeed::of_plan(
      *world.session, std::move(plan), observer ? observer : [](const Event&) {});
  return once_readable(std::move(world), std::move(feed), label, stop);
}

const plan::PlannedClip& find_clip(const plan::Plan& plan, const std::string& clip_id) {
  std::vector<std::string> labels;
  for (const plan::Purchase& purchase : plan.purchases) {
    labels.push_back(plan.clips[purchase.clips.front()].label);
    for (int clip : purchase.clips) {
      if (!clip_id.empty() && plan.clips[clip].clip.id == clip_id) return plan.clips[clip];
    }
  }
  if (clip_id.empty() && labels.size() == 1) return plan.clips[plan.purchases.front().clips.front()];
  const std::string& file = plan.job.file;
  if (labels.empty()) throw Error(ErrorCode::usage, file + ": has no avatar clip", "no_avatar");
  throw Error(ErrorCode::usage,
              fmt::format("{}: {}; its avatar clips: {}", file,
                          clip_id.empty() ? "has several avatar clips: name one (--clip ID)"
                                          : fmt::format("has no avatar clip \"{}\"", clip_id),
                          fmt::join(labels, ", ")),
              "which_clip");
}

}  // namespace

std::unique_ptr<ClipSource> ClipSource::open(const UrlClip& clip, const Settings& settings,
                                             const std::stop_token& stop) {
  static std::atomic<int> count = 0;
  World world;
  world.client = std::make_unique<net::Client>(run::client_options(settings));
  net::HttpStreamOptions options;
  options.name = clip.name;
  options.url = clip.url;
  options.refresh = clip.refresh;
  make_directories(settings.cache_dir + "/spool");
  options.spool_path = fmt::format("{}/spool/url-{}.{}.part", settings.cache_dir, ++count, ::getpid());
  options.stall = settings.sandbox.empty() ? run::Patience{}.stall : run::Patience::for_stand_in().stall;
  auto feed = ClipFeed::of_url(*world.client, options);
  return once_readable(std::move(world), std::move(feed), clip.name, stop);
}

std::unique_ptr<ClipSource> ClipSource::open(const AvatarRef& avatar, const HeygenSettings& heygen,
                                             const Settings& settings, const Observer& observer,
                                             const std::stop_token& stop) {
  return open_avatar(avatar, heygen, "clip", settings, observer, stop);
}

std::unique_ptr<ClipSource> ClipSource::open(const Job& job, const std::string& clip_id,
                                             const Settings& settings, const Observer& observer,
                                             const std::stop_token& stop) {
  plan::Plan plan = plan::make_plan(run::with_hashed_assets(job), run::avatar_words());
  const plan::PlannedClip& clip = find_clip(plan, clip_id);
  return open_avatar(std::get<AvatarRef>(clip.clip.media), job.heygen, clip.label, settings, observer, stop);
}

}  // namespace avstage
