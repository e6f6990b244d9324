#include "run/clip_feed.h"

#include "base/atomic_file.h"
#include "base/stop.h"
#include "run/clips/acquire.h"
#include "run/clips/contract.h"
#include "run/prepare.h"

namespace avstage::run {

std::shared_ptr<ClipFeed> ClipFeed::of_plan(Session& session, plan::Plan plan, Observer observer,
                                            std::function<void()> changed) {
  auto feed = std::make_shared<ClipFeed>();
  feed->changed_ = std::move(changed);
  feed->start([self = feed.get(), &session, plan = std::move(plan), observer = std::move(observer)](
                  const std::stop_token& stop) { self->obtain(session, plan, observer, stop); });
  return feed;
}

std::shared_ptr<ClipFeed> ClipFeed::of_url(net::Client& client, net::HttpStreamOptions options) {
  auto feed = std::make_shared<ClipFeed>();
  feed->start([self = feed.get(), &client, options = std::move(options)](const std::stop_token& stop) {
    self->follow_url(client, options, stop);
  });
  return feed;
}

ClipFeed::~ClipFeed() {
  interrupt();
}

void ClipFeed::start(std::function<void(const std::stop_token&)> work) {
  thread_ = std::jthread([this, work = std::move(work)](const std::stop_token& stop) {
    std::exception_ptr failure;
    try {
      work(stop);
      return;
    } catch (...) {
      failure = std::current_exception();
    }
    become(State::failed, std::move(failure));
  });
}

void ClipFeed::obtain(Session& session, const plan::Plan& plan, const Observer& observer,
                      const std::stop_token& stop) {
  MediaAccess media(plan);
  Acquirer acquirer(session, plan, media, observer);
  acquirer.start({0});
  std::stop_callback interrupt(stop, [&acquirer] { acquirer.interrupt(); });
  while (std::optional<AcquireNews> news = acquirer.news().pop()) {
    if (news->kind == AcquireNews::Kind::failed) std::rethrow_exception(news->error);
    if (news->kind == AcquireNews::Kind::proven) return become(State::proven);
    set_source(media.source(0));
    become(State::readable);
  }
}

void ClipFeed::follow_url(net::Client& client, const net::HttpStreamOptions& options,
                          const std::stop_token& stop) {
  FileRemover remover(options.spool_path);
  auto stream = net::HttpStream::open(client, options);
  std::stop_callback interrupt(stop, [&stream] { stream->abort(); });
  MediaFacts promised = media::probe(stream->reader(), options.name);
  set_source({"", stream});
  become(State::readable);
  stream->wait_complete(stop);
  MediaFacts found = media::prove_complete(stream->reader(), options.name);
  if (promised.available) {
    require_promised_length(options.name, promised, found);
  } else if (!stream->facts().length_proven) {
    throw Error(ErrorCode::input, options.name + ": neither the server nor the file says where its end is",
                "unproven");
  }
  become(State::proven);
}

void ClipFeed::become(State state, std::exception_ptr failure) {
  {
    std::lock_guard lock(mutex_);
    state_ = state;
    failure_ = std::move(failure);
    wake_.notify_all();
  }
  if (changed_) changed_();
}

void ClipFeed::set_source(MediaAccess::Source source) {
  auto file = source.stream ? nullptr : net::open_file_source(source.path);
  std::lock_guard lock(mutex_);
  source_ = std::move(source);
  file_ = std::move(file);
}

MediaAccess::Source ClipFeed::source() const {
  std::lock_guard lock(mutex_);
  return source_;
}

ClipFeed::State ClipFeed::state() const {
  std::lock_guard lock(mutex_);
  return state_;
}

std::exception_ptr ClipFeed::failure() const {
  std::lock_guard lock(mutex_);
  return failure_;
}

void ClipFeed::wait_for(State state, const std::stop_token& stop) const {
  std::unique_lock lock(mutex_);
  wake_.wait(lock, stop, [&] { return state_ >= state; });
  if (failure_) std::rethrow_exception(failure_);
  if (state_ < state) throw_stopped();
}

void ClipFeed::wait_readable(const std::stop_token& stop) const {
  wait_for(State::readable, stop);
}

void ClipFeed::wait_proven(const std::stop_token& stop) const {
  wait_for(State::proven, stop);
}

std::unique_ptr<ByteSource> ClipFeed::reader() const {
  MediaAccess::Source from = source();
  return from.stream ? from.stream->reader() : net::open_file_source(from.path);
}

std::optional<std::uint64_t> ClipFeed::size() const {
  std::lock_guard lock(mutex_);
  return source_.stream ? source_.stream->facts().size : file_->size();
}

std::size_t ClipFeed::read_arrived(std::uint64_t at, std::span<std::byte> out) const {
  std::lock_guard lock(mutex_);
  if (source_.stream) return source_.stream->read_arrived(at, out);
  file_->seek(at);
  return file_->read(out);
}

void ClipFeed::want(std::uint64_t at) const {
  if (auto stream = source().stream) stream->want(at);
}

void ClipFeed::unwant(std::uint64_t at) const noexcept {
  std::lock_guard lock(mutex_);
  if (source_.stream) source_.stream->unwant(at);
}

void ClipFeed::interrupt() noexcept {
  thread_.request_stop();
}

plan::Plan plan_of_clip(const AvatarRef& avatar, const HeygenSettings& heygen, const std::string& label) {
  Job job;
  job.heygen = heygen;
  Clip clip;
  clip.media = avatar;
  clip.mark = avatar.mark;
  Track track;
  track.clips.push_back(clip);
  job.tracks.push_back(track);
  plan::Plan plan = checked_plan(job);
  plan.clips.front().label = label;
  return plan;
}

plan::Plan plan_of_entry(const ledger::Entry& entry, const HeygenSettings& heygen, const std::string& label) {
  plan::Plan plan;
  plan.job.heygen = heygen;
  plan.clips.emplace_back().label = label;
  plan.purchases.push_back({AvatarRef{}, entry.clip_key, {0}});
  return plan;
}

std::optional<ledger::Entry> find_video(Session& session, const std::string& video_id) {
  if (video_id.empty()) return std::nullopt;
  for (const ledger::Entry& entry : session.ledger().list(session.realm())) {
    if (entry.video_id != video_id) continue;
    auto latest = session.ledger().find(session.realm(), entry.clip_key);
    if (latest && latest->video_id == video_id) return latest;
  }
  return std::nullopt;
}

}  // namespace avstage::run
