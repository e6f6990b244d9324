#include "run/deliver/assemble.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <future>
#include <optional>
#include <string_view>

#include "base/byte_source.h"
#include "base/mezzanine.h"
#include "base/sha256.h"
#include "base/stop.h"
#include "media/demuxer.h"
#include "net/http_stream.h"
#include "run/deliver/check_copies.h"
#include "run/deliver/track.h"
#include "run/deliver/unproven.h"

namespace avstage::run {
namespace {

using media::Demuxer;

/// A whole film takes long to read: stops in between.
class StoppableSource : public ByteSource {
 public:
  StoppableSource(std::unique_ptr<ByteSource> source, std::stop_token stop)
      : source_(std::move(source)), stop_(std::move(stop)) {}
  std::size_t read(std::span<std::byte> out) override {
    require_going(stop_);
    return source_->read(out);
  }
  void seek(std::uint64_t position) override { source_->seek(position); }
  std::optional<std::uint64_t> size() override { return source_->size(); }
  void abort() noexcept override { source_->abort(); }

 private:
  std::unique_ptr<ByteSource> source_;
  std::stop_token stop_;
};

/// Display order of a segment's packets in decoding order.
struct Order {
  std::vector<std::int64_t> frame;
  std::int64_t delay = 0;  ///< how far decoding must run ahead, in frames
};

std::int64_t frame_of(const AVPacket& packet, const AVStream& stream, Rational fps) {
  return (Rational(packet.pts) * media::from_av(stream.time_base) * fps).round();
}

Order read_order(const Piece& piece, Rational fps) {
  Demuxer demuxer = Demuxer::open_own(piece.file, Demuxer::Want::video);
  media::PacketPtr packet = media::make_packet();
  Order order;
  while (demuxer.read(*packet)) {
    order.frame.push_back(frame_of(*packet, *demuxer.video(), fps));
    av_packet_unref(packet.get());
  }
  std::vector<bool> seen(static_cast<std::size_t>(piece.frames));
  if (static_cast<std::int64_t>(order.frame.size()) != piece.frames) {
    unproven(piece.file, fmt::format("has {} frames, planned were {}", order.frame.size(), piece.frames));
  }
  for (std::size_t k = 0; k < order.frame.size(); ++k) {
    std::int64_t f = order.frame[k];
    if (f < 0 || f >= piece.frames || seen[static_cast<std::size_t>(f)]) {
      unproven(piece.file, fmt::format("frame times are not 0 to {}", piece.frames - 1));
    }
    seen[static_cast<std::size_t>(f)] = true;
    order.delay = std::max(order.delay, static_cast<std::int64_t>(k) - f);
  }
  return order;
}

/// The sound's packets, handed over as far as the picture has come.
class Sound {
 public:
  Sound(const std::string& file, media::Muxer& muxer)
      : muxer_(muxer),
        demuxer_(Demuxer::open_file(file, Demuxer::Want::audio)),
        packet_(media::make_packet()) {
    if (!demuxer_.audio()) unproven(file, "has no sound");
    time_base_ = media::from_av(demuxer_.audio()->time_base);
    stream_ = muxer.add_stream(*copy_parameters(*demuxer_.audio()), time_base_);
  }

  void write_until(Time time) {
    while (advance() && Rational(packet_->dts) * time_base_ <= time) write();
  }
  void write_rest() {
    while (advance()) write();
  }

 private:
  bool advance() {
    if (!full_) full_ = demuxer_.read(*packet_);
    return full_;
  }
  void write() {
    muxer_.write(*packet_, stream_, time_base_);
    av_packet_unref(packet_.get());
    full_ = false;
  }

  media::Muxer& muxer_;
  Demuxer demuxer_;
  media::PacketPtr packet_;
  Rational time_base_;
  int stream_ = 0;
  bool full_ = false;
};

std::string format_of(const std::string& path) {
  std::string ending = std::filesystem::path(path).extension().string();
  return ending == ".mkv" ? "matroska" : ending == ".mov" ? "mov" : "mp4";
}

class Assembler {
 public:
  Assembler(const Deliverable& d, const std::string& part, std::stop_token stop)
      : d_(d),
        stop_(std::move(stop)),
        tick_(Rational(1) / d.fps),
        muxer_(part, format_of(d.path), d.metadata, options_of(d), stop_) {}

  void run() {
    for (const Piece& piece : d_.pieces) {
      require_going(stop_);
      orders_.push_back(read_order(piece, d_.fps));
    }
    for (const Order& order : orders_) delay_ = std::max(delay_, order.delay);
    open();
    std::int64_t at = 0;
    for (std::size_t i = 0; i < d_.pieces.size(); ++i) {
      require_going(stop_);
      if (d_.pieces[i].at != at) unproven(d_.path, fmt::format("frame {} has no segment", at));
      copy(d_.pieces[i], orders_[i]);
      at += d_.pieces[i].frames;
    }
    if (at != d_.frames) unproven(d_.path, fmt::format("{} of {} frames are there", at, d_.frames));
    if (sound_) sound_->write_rest();
    muxer_.finish();
  }

 private:
  static media::Options options_of(const Deliverable& d) {
    // Matroska stores no DTS: nothing needs to be moved to keep it from being negative.
    if (format_of(d.path) == "matroska") return {{"avoid_negative_ts", "disabled"}};
    // What is edited is not streamed: to move its index would be to write tens of gigabytes twice.
    if (mezzanine(d.codec)) return {};
    return {{"movflags", "+faststart"}};
  }

  void open() {
    parameters_ = track_parameters(d_.pieces, d_.codec);
    stream_ = muxer_.add_stream(*parameters_, tick_, d_.fps);
    if (!d_.audio_file.empty()) sound_.emplace(d_.audio_file, muxer_);
    muxer_.write_header();
  }

  /// The k-th packet in decoding order is decoded at frame k − delay: regular, and never later than shown.
  void copy(const Piece& piece, const Order& order) {
    Demuxer demuxer = Demuxer::open_own(piece.file, Demuxer::Want::video);
    if (!holds_copies(d_.pieces) && !media::same_parameter_sets(*demuxer.video()->codecpar, *parameters_)) {
      unproven(piece.file, "its parameter sets differ from the first segment's");
    }
    media::PacketPtr packet = media::make_packet();
    for (std::size_t k = 0; demuxer.read(*packet); ++k) {
      packet->pts = piece.at + order.frame.at(k);
      packet->dts = piece.at + static_cast<std::int64_t>(k) - delay_;
      packet->duration = 1;
      if (sound_) sound_->write_until(Rational(packet->dts) * tick_);
      muxer_.write(*packet, stream_, tick_);
      av_packet_unref(packet.get());
    }
  }

  const Deliverable& d_;
  const std::stop_token stop_;
  Rational tick_;
  media::Muxer muxer_;
  std::vector<Order> orders_;
  std::int64_t delay_ = 0;
  media::CodecParametersPtr parameters_;
  int stream_ = 0;
  std::optional<Sound> sound_;
};

void prove(const Deliverable& d, const std::string& part, const std::stop_token& stop) {
  auto source = std::make_unique<StoppableSource>(net::open_file_source(part), stop);
  MediaFacts facts = media::prove_complete(std::move(source), d.path);
  if (!facts.video) unproven(d.path, "the finished file has no picture");
  const VideoFacts& v = *facts.video;
  if (v.frames && *v.frames != d.frames)
    unproven(d.path, fmt::format("{} of {} frames are in it", *v.frames, d.frames));
  if (v.width != d.width || v.height != d.height) {
    unproven(d.path, fmt::format("is {}x{}, planned was {}x{}", v.width, v.height, d.width, d.height));
  }
  if (v.codec != codec_of(d.codec)) unproven(d.path, fmt::format("is {}, planned was {}", v.codec, d.codec));
  const double frame = 1 / d.fps.to_double(), length = (Rational(d.frames) / d.fps).to_double();
  if (v.duration && std::abs(v.duration->to_double() - length) > frame / 2) {
    unproven(d.path, fmt::format("its picture lasts {:.3f} s, planned were {:.3f} s", v.duration->to_double(),
                                 length));
  }
  if (facts.audio.has_value() == d.audio_file.empty()) unproven(d.path, "its sound is not as planned");
  if (!facts.audio) return;
  if (facts.audio->duration && std::abs(facts.audio->duration->to_double() - length) > 0.05) {
    unproven(d.path, fmt::format("its sound lasts {:.3f} s, planned were {:.3f} s",
                                 facts.audio->duration->to_double(), length));
  }
  // mp4 hides the AAC encoder's 1024 samples of priming behind an edit list; in Matroska they stand before 0.
  const double priming = format_of(d.path) == "matroska" ? 1024.0 / 48000 : 0;
  const double late = facts.audio->start.to_double() - v.start.to_double();
  if (late > 0.001 || late < -priming - 0.001) {
    unproven(d.path, fmt::format("sound and picture start {:.1f} ms apart", 1000 * late));
  }
}

}  // namespace

Film film_in(const std::string& file, const Deliverable& d) {
  auto open_at = [file, fps = d.fps](std::int64_t frame) {
    return at_frame(Demuxer::open_file(file, Demuxer::Want::video), frame, fps);
  };
  return {d.path, d.pieces, d.fps, open_at};
}

std::string part_path(const std::string& path) {
  return fmt::format("{}.{}.part", path, ::getpid());
}

Assembled assemble(const Deliverable& deliverable, const std::string& part, const std::stop_token& stop) {
  Assembler(deliverable, part, stop).run();
  auto copies = std::async(std::launch::async, [&] { check_copies(film_in(part, deliverable), stop); });
  prove(deliverable, part, stop);
  Assembled done{part, std::filesystem::file_size(part), sha256_file(part, stop)};
  copies.get();
  return done;
}

}  // namespace avstage::run
