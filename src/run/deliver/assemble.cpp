#include "run/deliver/assemble.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <optional>

#include "base/mezzanine.h"
#include "base/stop.h"
#include "media/demuxer.h"
#include "run/deliver/track.h"
#include "run/deliver/unproven.h"

namespace avstage::run {
namespace {

using media::Demuxer;

/// What a segment's index says of its packets.
struct Layout {
  std::int64_t delay = 0;  ///< how far decoding runs ahead, in frames
  std::int64_t keys = 0, bytes = 0;
};

std::int64_t frame_of(const AVPacket& packet, const AVStream& stream, Rational fps) {
  return (Rational(packet.pts) * media::from_av(stream.time_base) * fps).round();
}

Layout read_layout(const Piece& piece, Rational fps) {
  Demuxer demuxer = Demuxer::open_own(piece.file, Demuxer::Want::video);
  AVStream* stream = demuxer.video();
  const int count = avformat_index_get_entries_count(stream);
  if (count != piece.frames)
    unproven(piece.file, fmt::format("has {} frames, planned were {}", count, piece.frames));
  Layout layout;
  for (int i = 0; i < count; ++i) {
    const AVIndexEntry* entry = avformat_index_get_entry(stream, i);
    if (i == 0)
      layout.delay = -(Rational(entry->timestamp) * media::from_av(stream->time_base) * fps).round();
    layout.keys += (entry->flags & AVINDEX_KEYFRAME) != 0 ? 1 : 0;
    layout.bytes += entry->size;
  }
  return layout;
}

/// The sound's packets, handed over as far as the picture has come.
class Sound {
 public:
  explicit Sound(const std::string& file)
      : demuxer_(Demuxer::open_file(file, Demuxer::Want::audio)), packet_(media::make_packet()) {
    if (!demuxer_.audio()) unproven(file, "has no sound");
    time_base_ = media::from_av(demuxer_.audio()->time_base);
    bytes_ = static_cast<std::int64_t>(std::filesystem::file_size(file));
  }

  std::int64_t packets() const { return avformat_index_get_entries_count(demuxer_.audio()); }
  std::int64_t bytes() const { return bytes_; }

  void add_to(media::Muxer& muxer) {
    muxer_ = &muxer;
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
    muxer_->write(*packet_, stream_, time_base_);
    av_packet_unref(packet_.get());
    full_ = false;
  }

  media::Muxer* muxer_ = nullptr;
  Demuxer demuxer_;
  media::PacketPtr packet_;
  Rational time_base_;
  std::int64_t bytes_ = 0;
  int stream_ = 0;
  bool full_ = false;
};

/// Room for the index in front of the media, so that a film is written once and not moved to make place for
/// it (ISO/IEC 14496-12, 8.6 and 8.7, as libavformat's muxer writes it): a little more than it takes.
std::int64_t index_room(const std::vector<Piece>& pieces, const std::vector<Layout>& layouts,
                        const Sound* sound, std::int64_t more) {
  constexpr std::int64_t kMostOfChunk = 1 << 20, kBoxes = 4'096, kStsz = 4, kCtts = 8, kSdtp = 1, kStss = 4,
                         kStsc = 12;
  std::int64_t pictures = 0, keys = 0, bytes = sound ? sound->bytes() : 0;
  const std::int64_t sounds = sound ? sound->packets() : 0;
  for (const Piece& piece : pieces) pictures += piece.frames;
  for (const Layout& layout : layouts) {
    keys += layout.keys;
    bytes += layout.bytes;
  }
  // A chunk is what lies side by side of one stream.
  auto chunks = [&](std::int64_t own, std::int64_t other) {
    return std::min(own, other + 2 * bytes / kMostOfChunk + 2);
  };
  const std::int64_t offset = bytes > 4'000'000'000 ? 8 : 4;
  return kBoxes + more + pictures * (kStsz + kCtts + kSdtp) + keys * kStss + sounds * kStsz +
         (chunks(pictures, sounds) + chunks(sounds, pictures)) * (kStsc + offset);
}

class Assembler {
 public:
  Assembler(const Deliverable& d, const std::string& part, std::stop_token stop)
      : d_(d), part_(part), stop_(std::move(stop)), tick_(Rational(1) / d.fps) {}

  void run() {
    for (const Piece& piece : d_.pieces) {
      require_going(stop_);
      layouts_.push_back(read_layout(piece, d_.fps));
    }
    for (const Layout& layout : layouts_) delay_ = std::max(delay_, layout.delay);
    open();
    std::int64_t at = 0;
    for (std::size_t i = 0; i < d_.pieces.size(); ++i) {
      require_going(stop_);
      if (d_.pieces[i].at != at) unproven(d_.path, fmt::format("frame {} has no segment", at));
      copy(d_.pieces[i]);
      at += d_.pieces[i].frames;
    }
    if (at != d_.frames) unproven(d_.path, fmt::format("{} of {} frames are there", at, d_.frames));
    if (sound_) sound_->write_rest();
    muxer_->finish();
  }

 private:
  media::Options options() const {
    // Matroska stores no DTS: nothing needs to be moved to keep it from being negative.
    if (format_of(d_.path) == "matroska") return {{"avoid_negative_ts", "disabled"}};
    std::int64_t more = parameters_->extradata_size;
    for (const auto& [name, text] : d_.metadata) more += 2 * std::ssize(name) + 2 * std::ssize(text) + 100;
    return {
        {"moov_size", std::to_string(index_room(d_.pieces, layouts_, sound_ ? &*sound_ : nullptr, more))}};
  }

  void open() {
    parameters_ = track_parameters(d_.pieces, d_.codec);
    if (!d_.audio_file.empty()) sound_.emplace(d_.audio_file);
    muxer_.emplace(part_, format_of(d_.path), d_.metadata, options(), stop_);
    stream_ = muxer_->add_stream(*parameters_, tick_, d_.fps);
    if (sound_) sound_->add_to(*muxer_);
    muxer_->write_header();
  }

  /// The k-th packet in decoding order is decoded at frame k − delay: regular, and never later than shown.
  void copy(const Piece& piece) {
    Demuxer demuxer = Demuxer::open_own(piece.file, Demuxer::Want::video);
    if (!holds_copies(d_.pieces) && !media::same_parameter_sets(*demuxer.video()->codecpar, *parameters_)) {
      unproven(piece.file, "its parameter sets differ from the first segment's");
    }
    std::vector<bool> seen(static_cast<std::size_t>(piece.frames));
    media::PacketPtr packet = media::make_packet();
    std::int64_t k = 0;
    for (; demuxer.read(*packet); ++k) {
      const std::int64_t f = frame_of(*packet, *demuxer.video(), d_.fps);
      if (f < 0 || f >= piece.frames || seen[static_cast<std::size_t>(f)])
        unproven(piece.file, fmt::format("frame times are not 0 to {}", piece.frames - 1));
      if (k - f > delay_) unproven(piece.file, "reorders more frames than it states");
      seen[static_cast<std::size_t>(f)] = true;
      packet->pts = piece.at + f;
      packet->dts = piece.at + k - delay_;
      packet->duration = 1;
      set_key(*packet, demuxer.video(), k);
      if (sound_) sound_->write_until(Rational(packet->dts) * tick_);
      muxer_->write(*packet, stream_, tick_);
      av_packet_unref(packet.get());
    }
    if (k != piece.frames) unproven(piece.file, fmt::format("{} of {} frames are in it", k, piece.frames));
  }

  const Deliverable& d_;
  const std::string& part_;
  const std::stop_token stop_;
  Rational tick_;
  std::vector<Layout> layouts_;
  std::int64_t delay_ = 0;
  media::CodecParametersPtr parameters_;
  std::optional<Sound> sound_;
  std::optional<media::Muxer> muxer_;
  int stream_ = 0;
};

}  // namespace

std::string format_of(const std::string& path) {
  std::string ending = std::filesystem::path(path).extension().string();
  return ending == ".mkv" ? "matroska" : ending == ".mov" ? "mov" : "mp4";
}

std::string part_path(const std::string& path) {
  return fmt::format("{}.{}.part", path, ::getpid());
}

Assembled assemble(const Deliverable& deliverable, const std::string& part, const std::stop_token& stop) {
  Assembler(deliverable, part, stop).run();
  return {part, std::filesystem::file_size(part), prove_film(deliverable, part, stop)};
}

}  // namespace avstage::run
