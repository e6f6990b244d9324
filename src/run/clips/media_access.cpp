#include "run/clips/media_access.h"

namespace avstage::run {

MediaAccess::MediaAccess(const plan::Plan& plan)
    : plan_(plan), purchases_(plan.purchases.size()), captions_(plan.purchases.size()) {}

void MediaAccess::set_captions(int purchase, plan::Cues cues) {
  std::lock_guard lock(mutex_);
  captions_[purchase] = std::make_shared<const plan::Cues>(std::move(cues));
}

std::shared_ptr<const plan::Cues> MediaAccess::captions(int purchase) const {
  std::lock_guard lock(mutex_);
  if (!captions_[purchase]) throw Error(ErrorCode::bug, "the captions of a clip are not there yet");
  return captions_[purchase];
}

void MediaAccess::set_file(int purchase, const std::string& path) {
  std::lock_guard lock(mutex_);
  purchases_[purchase] = {path, nullptr};
}

void MediaAccess::set_stream(int purchase, std::shared_ptr<net::HttpStream> stream) {
  std::lock_guard lock(mutex_);
  purchases_[purchase] = {"", std::move(stream)};
}

media::Demuxer MediaAccess::open(int clip, media::Demuxer::Want want) const {
  const plan::PlannedClip& planned = plan_.clips[clip];
  if (const auto* file = std::get_if<FileRef>(&planned.clip.media)) {
    return media::Demuxer::open_file(file->path, want);
  }
  if (planned.purchase < 0) throw Error(ErrorCode::bug, planned.label + " has no medium to open");
  Source source = this->source(planned.purchase);
  if (source.stream) return media::Demuxer::open(source.stream->reader(), planned.label, want);
  if (source.path.empty()) throw Error(ErrorCode::bug, planned.label + " is not there yet");
  return media::Demuxer::open_file(source.path, want);
}

std::unique_ptr<media::VideoReader> MediaAccess::open_picture(int clip) const {
  std::unique_lock lock(mutex_);
  if (auto it = ready_.find(clip); it != ready_.end()) return std::move(ready_.extract(it).mapped());
  lock.unlock();
  return std::make_unique<media::VideoReader>(open(clip, media::Demuxer::Want::video));
}

void MediaAccess::get_ready(int clip, Time time, Rational fps, const std::stop_token& stop) {
  auto reader = std::make_unique<media::VideoReader>(open(clip, media::Demuxer::Want::video), 0, stop);
  reader->frame_at(time, fps);
  std::lock_guard lock(mutex_);
  ready_.emplace(clip, std::move(reader));
}

void MediaAccess::drop_ready() {
  std::lock_guard lock(mutex_);
  ready_.clear();
}

MediaAccess::Source MediaAccess::source(int purchase) const {
  std::lock_guard lock(mutex_);
  return purchases_[purchase];
}

bool MediaAccess::arriving(int purchase) const {
  std::lock_guard lock(mutex_);
  const Source& source = purchases_[purchase];
  return source.stream && !source.stream->complete();
}

}  // namespace avstage::run
