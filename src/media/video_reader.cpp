#include "media/video_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/cores.h"
#include "base/stop.h"

namespace avstage::media {
namespace {

// A shorter way ahead is decoded: seeking throws away what the decoder's threads already hold.
const Time kDecodeAhead{3};

AVStream* require_video(const Demuxer& demuxer) {
  if (demuxer.video() == nullptr) {
    throw Error(ErrorCode::input, fmt::format("{}: has no picture", demuxer.name()));
  }
  return demuxer.video();
}

/// Each one holds pictures, and what is decoded is encoded beside, which takes longer: libav's choice, one
/// more than there are cores, is no faster.
int threads_of(int wanted) {
  constexpr std::size_t kMost = 4;
  return wanted > 0 ? wanted : static_cast<int>(std::clamp<std::size_t>(usable_cores() / 2, 1, kMost));
}

}  // namespace

VideoReader::VideoReader(Demuxer demuxer, int threads, std::stop_token stop)
    : demuxer_(std::move(demuxer)),
      decoder_(*require_video(demuxer_), demuxer_.name(), threads_of(threads)),
      stream_(demuxer_.video()),
      time_base_(from_av(stream_->time_base)),
      packet_(make_packet()),
      threads_(threads),
      stop_(std::move(stop)),
      first_pts_(stream_->start_time == AV_NOPTS_VALUE ? 0 : stream_->start_time) {}

std::int64_t VideoReader::ticks(Time time) const {
  return (time / time_base_).floor();
}

std::int64_t VideoReader::limit_pts(Time time, Rational fps) const {
  // Containers round times to their clock, so the tie is left by half a tick, or less where a tick is long.
  Time step = Time(1) / fps;
  Time margin = std::min(time_base_ / Rational(2), step / Rational(8));
  Time limit = time + step / Rational(2) - margin;
  return first_pts_ + (limit / time_base_).ceil() - 1;
}

const AVFrame* VideoReader::frame_at(Time time, Rational fps) {
  if (std::exchange(broken_, true)) begin_again();
  const AVFrame* frame = find_frame(time, fps);
  broken_ = false;
  return frame;
}

/// What a failure left behind is no place to go on from.
void VideoReader::begin_again() {
  current_.reset();
  next_.reset();
  seek_to(first_pts_);
}

const AVFrame* VideoReader::find_frame(Time time, Rational fps) {
  try {
    return advance_to(time, fps);
  } catch (const Error& e) {
    if (from_start_ || e.code() != ErrorCode::input) throw;
  }
  // What follows an open group may miss the leading pictures that were left out. Nothing is missing to
  // whoever begins where the stream begins; and where it is damaged, it says so there too.
  seekable_ = false;
  begin_again();
  return advance_to(time, fps);
}

void VideoReader::show(FramePtr frame) {
  current_ = std::move(frame);
  ++shown_;
}

const AVFrame* VideoReader::advance_to(Time time, Rational fps) {
  if (!current_) start_decoding();
  std::int64_t limit = limit_pts(time, fps);
  bool back = current_->pts > limit && !at_first_;
  if (back || worth_seeking(limit)) restart_at(limit);
  while (next_ && next_->pts <= limit) {
    require_going(stop_);
    show(std::move(next_));
    at_first_ = false;
    next_ = decode();
  }
  if (ends_before(time)) past_end_ = true;
  return current_.get();
}

bool VideoReader::ends_before(Time time) const {
  if (next_ || facts().image) return false;
  Time length = Time(current_->pkt_duration) * time_base_;
  if (current_->pkt_duration <= 0 && facts().video->fps.num > 0) length = Time(1) / facts().video->fps;
  return time >= Time(current_->pts - first_pts_) * time_base_ + length;
}

void VideoReader::start_decoding() {
  show(decode());
  if (!current_) throw Error(ErrorCode::input, fmt::format("{}: has no frame", demuxer_.name()));
  next_ = decode();
}

// A raw stream carries no times: frames are counted, from its start.
bool VideoReader::is_raw() const {
  return facts().format == "h264" || facts().format == "hevc";
}

FramePtr VideoReader::decoded_frame() {
  for (;;) {
    if (FramePtr frame = decoder_.receive()) {
      ++decoded_;
      if (frame->pts == AV_NOPTS_VALUE || is_raw()) {
        Rational fps = facts().video->fps.num > 0 ? facts().video->fps : Rational(25);
        frame->pts = previous_pts_ == AV_NOPTS_VALUE ? first_pts_ : previous_pts_ + ticks(Time(1) / fps);
      }
      previous_pts_ = frame->pts;
      // The container's word counts, as it does for the facts; many streams do not repeat it.
      frame->sample_aspect_ratio = to_av(facts().video->sar);
      return frame;
    }
    if (decoder_.drained()) return nullptr;
    feed();
  }
}

FramePtr VideoReader::decode() {
  if (!facts().video->interlaced) return decoded_frame();
  for (;;) {
    if (deinterlacer_) {
      if (FramePtr frame = deinterlacer_->receive()) return frame;
    }
    if (deinterlaced_all_) return nullptr;
    FramePtr frame = decoded_frame();
    if (frame && !deinterlacer_) deinterlacer_.emplace(*frame, time_base_, threads_);
    deinterlaced_all_ = !frame;
    if (deinterlacer_) deinterlacer_->send(frame.get());
  }
}

void VideoReader::feed() {
  while (demuxer_.read(*packet_)) {
    if (packet_->stream_index != stream_->index || skip_after_seek(*packet_)) continue;
    decoder_.send(packet_.get());
    return;
  }
  decoder_.send(nullptr);
}

// Decoding begins with a key frame. What follows it but is shown before it (an open GOP's leading pictures)
// refers to frames the decoder has not seen.
bool VideoReader::skip_after_seek(const AVPacket& packet) {
  if (seek_ == Seek::wants_key) {
    if ((packet.flags & AV_PKT_FLAG_KEY) == 0) return true;
    key_pts_ = packet.pts;
    seek_ = Seek::drops_leading;
    return false;
  }
  if (seek_ != Seek::drops_leading || packet.pts == AV_NOPTS_VALUE) return false;
  if (packet.pts < key_pts_) return true;
  if (packet.pts > key_pts_) seek_ = Seek::done;
  return false;
}

bool VideoReader::worth_seeking(std::int64_t limit) const {
  if (limit - current_->pts <= ticks(kDecodeAhead) || !next_ || is_raw() || !seekable_) return false;
  bool complete_index = facts().format.starts_with("mov,");
  int entries = avformat_index_get_entries_count(stream_);
  if (!complete_index) {
    const AVIndexEntry* last = entries > 0 ? avformat_index_get_entry(stream_, entries - 1) : nullptr;
    if (last == nullptr || last->timestamp < limit - ticks(kDecodeAhead)) return true;
  }
  const AVIndexEntry* key = avformat_index_get_entry_from_timestamp(stream_, limit, AVSEEK_FLAG_BACKWARD);
  return key != nullptr && key->timestamp > next_->pts;
}

void VideoReader::seek_to(std::int64_t pts) {
  from_start_ = at_first_ = pts <= first_pts_;
  demuxer_.seek(*stream_, std::max(pts, first_pts_));
  decoder_.flush();
  previous_pts_ = AV_NOPTS_VALUE;
  deinterlacer_.reset();
  deinterlaced_all_ = false;
  seek_ = at_first_ ? Seek::done : Seek::wants_key;
}

void VideoReader::restart_at(std::int64_t pts) {
  std::int64_t back = ticks(Time(1));
  for (std::int64_t at = is_raw() || !seekable_ ? first_pts_ : pts;; at -= back, back *= 2) {
    seek_to(at);
    show(decode());
    // The frame before the first one is missing to deinterlace that one as it was in a run from the
    // beginning.
    if (deinterlacer_ && !at_first_) show(decode());
    if (at_first_ || (current_ && current_->pts <= pts)) break;
  }
  if (!current_) throw Error(ErrorCode::input, fmt::format("{}: has no frame", demuxer_.name()));
  next_ = decode();
}

}  // namespace avstage::media
