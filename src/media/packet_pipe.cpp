#include "media/packet_pipe.h"

#include <fmt/format.h>
#include <limits.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

extern "C" {
#include <libavutil/mem.h>
}

#include "base/stop.h"
#include "media/facts.h"

namespace avstage::media {
namespace {

constexpr int kLook = 100;  ///< milliseconds between looks at `stop`

}  // namespace

PacketPipe::PacketPipe(int fd, const std::string& container, const Demuxer& from, std::stop_token stop)
    : fd_(fd),
      name_(fd == STDOUT_FILENO ? "stdout" : fmt::format("descriptor {}", fd)),
      container_(container),
      stop_(std::move(stop)) {
  init_logging();
  if (container != "nut" && container != "matroska" && container != "webm" && container != "mp4") {
    throw Error(ErrorCode::usage,
                fmt::format("found the container '{}'; allowed: nut, matroska, webm, mp4", container),
                "container");
  }
  AVFormatContext* context = nullptr;
  check(avformat_alloc_output_context2(&context, nullptr, container.c_str(), nullptr), "container", name_,
        ErrorCode::local);
  context_.reset(context);
  auto* buffer = static_cast<std::uint8_t*>(av_malloc(kIoBufferSize));
  if (buffer == nullptr) throw std::bad_alloc();
  context->pb = avio_alloc_context(buffer, kIoBufferSize, 1, this, nullptr, write_callback, nullptr);
  if (context->pb == nullptr) {
    av_free(buffer);
    throw std::bad_alloc();
  }
  context->flags |= AVFMT_FLAG_FLUSH_PACKETS;
  for (const AVStream* stream : {from.video(), from.audio()}) {
    if (stream != nullptr) add_stream(*stream);
  }
  write_header();
}

void PacketPipe::Closer::operator()(AVFormatContext* context) const {
  if (context->pb != nullptr) {
    av_freep(&context->pb->buffer);
    avio_context_free(&context->pb);
  }
  avformat_free_context(context);
}

void PacketPipe::add_stream(const AVStream& from) {
  // Only Matroska has a place for the second picture.
  if (has_side_alpha(from) && container_ != "matroska" && container_ != "webm") {
    throw Error(ErrorCode::usage,
                fmt::format("{}: {} has no place for the transparency of this clip; matroska and webm have",
                            name_, container_),
                "alpha");
  }
  AVStream* stream = avformat_new_stream(context_.get(), nullptr);
  if (stream == nullptr) throw std::bad_alloc();
  check(avcodec_parameters_copy(stream->codecpar, from.codecpar), "stream parameters", name_,
        ErrorCode::local);
  stream->codecpar->codec_tag = 0;
  stream->time_base = from.time_base;
  stream->sample_aspect_ratio = from.sample_aspect_ratio;
  stream->avg_frame_rate = from.avg_frame_rate;
  stream->r_frame_rate = from.r_frame_rate;
  stream->disposition = from.disposition;
  check(av_dict_copy(&stream->metadata, from.metadata, 0), "metadata", name_, ErrorCode::local);
  for (int i = 0; i < from.nb_side_data; ++i) {
    const AVPacketSideData& data = from.side_data[i];
    std::uint8_t* copy = av_stream_new_side_data(stream, data.type, data.size);
    if (copy == nullptr) throw std::bad_alloc();
    std::memcpy(copy, data.data, data.size);
  }
  streams_[from.index] = {stream->index, from.time_base};
}

void PacketPipe::write_header() {
  AVDictionary* options = nullptr;
  if (container_ == "mp4") {
    av_dict_set(&options, "movflags", "frag_keyframe+empty_moov+default_base_moof+delay_moov", 0);
  }
  int answer = avformat_write_header(context_.get(), &options);
  av_dict_free(&options);
  if (answer < 0 && error_ == 0 && !stop_.stop_requested()) {
    throw Error(ErrorCode::usage,
                fmt::format("{}: {} cannot hold this clip ({})", name_, container_, take_last_log_line()),
                "container");
  }
  checked(answer, "writing the header");
}

void PacketPipe::write(AVPacket& packet) {
  const Copied& to = streams_.at(packet.stream_index);
  av_packet_rescale_ts(&packet, to.time_base, context_->streams[to.index]->time_base);
  packet.stream_index = to.index;
  packet.pos = -1;
  checked(av_interleaved_write_frame(context_.get(), &packet), "writing");
}

void PacketPipe::finish() {
  checked(av_write_trailer(context_.get()), "writing the end");
  avio_flush(context_->pb);
  checked(context_->pb->error, "writing the end");
}

int PacketPipe::checked(int answer, const char* what) const {
  require_going(stop_, name_);
  if (error_ == EPIPE) throw Error(ErrorCode::local, name_ + ": nobody reads it any more", "broken_pipe");
  if (error_ != 0) {
    throw Error(ErrorCode::local, fmt::format("{}: {}: {}", name_, what, std::strerror(error_)), "write");
  }
  return check(answer, what, name_, ErrorCode::local);
}

int PacketPipe::write_callback(void* opaque, std::uint8_t* data, int size) noexcept {
  auto& self = *static_cast<PacketPipe*>(opaque);
  for (int done = 0; done < size;) {
    if (self.stop_.stop_requested()) return AVERROR_EXIT;
    pollfd room{self.fd_, POLLOUT, 0};
    if (::poll(&room, 1, kLook) == 0) continue;
    // As much as a pipe with room for something takes without blocking.
    ssize_t n = ::write(self.fd_, data + done, static_cast<std::size_t>(std::min(size - done, PIPE_BUF)));
    if (n < 0 && (errno == EINTR || errno == EAGAIN)) continue;
    if (n < 0) {
      self.error_ = errno;
      return AVERROR(errno);
    }
    done += static_cast<int>(n);
  }
  return size;
}

}  // namespace avstage::media
