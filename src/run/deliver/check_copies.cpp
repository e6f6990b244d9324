#include "run/deliver/check_copies.h"

#include <fmt/format.h>

#include <algorithm>
#include <future>
#include <map>
#include <optional>

#include "base/at_once.h"
#include "base/stop.h"
#include "media/decoder.h"
#include "media/demuxer.h"
#include "media/gops.h"
#include "media/h264.h"
#include "run/deliver/unproven.h"

namespace avstage::run {
namespace {

using media::Demuxer;

/// Seams are all of one kind: a film of a thousand cuts is not decoded as a whole.
constexpr std::size_t kMostSeams = 8;
constexpr std::int64_t kMostHeldBack = 16;
constexpr std::int64_t kSecondsBefore = 3;

/// How far from a seam it can be seen: farther than a decoder may hold frames back, as H.264 states it.
std::int64_t reach_of(const AVCodecParameters& video) {
  std::int64_t held_back = kMostHeldBack;
  if (video.codec_id == AV_CODEC_ID_H264) {
    held_back = 0;
    for (const std::string& sps : media::h264::read_sets(media::extradata_of(video)).sps)
      held_back = std::max<std::int64_t>(held_back, media::h264::parse_sps(sps).dpb);
  }
  return held_back + 2;
}

void check_packets(const Film& film, const std::stop_token& stop) {
  Demuxer whole = film.open_at(0);
  media::PacketPtr packet = media::make_packet();
  std::optional<media::GopReader> source;
  std::int64_t last_dts = AV_NOPTS_VALUE;
  for (const Piece& piece : film.pieces) {
    require_going(stop);
    if (const auto& origin = piece.copied_from) {
      if (!source || source->source() != origin->path) source.emplace(origin->path, film.fps, stop);
      source->begin(origin->first, piece.frames);
    }
    for (std::int64_t k = 0; k < piece.frames; ++k) {
      if (!whole.read(*packet)) unproven(film.name, "ends early", "copy");
      if (packet->dts != AV_NOPTS_VALUE) {
        if (last_dts != AV_NOPTS_VALUE && packet->dts <= last_dts)
          unproven(film.name, "its decoding times do not rise", "copy");
        last_dts = packet->dts;
      }
      if (piece.copied_from && media::bytes_of(*packet) != source->next().value().bytes)
        unproven(film.name, fmt::format("packet {} is not its source's", piece.at + k), "copy");
    }
  }
}

Time start_of(const AVStream& stream) {
  const std::int64_t start = stream.start_time;
  return start == AV_NOPTS_VALUE ? Time(0) : Time(start) * media::from_av(stream.time_base);
}

/// Frames up to `last` (excluded) of what is opened, decoded; those before `exact` only as far as a decoder
/// needs them to go on. `origin`: the frame at its stream's start.
class Decoded {
 public:
  Decoded(Demuxer demuxer, std::int64_t origin, std::int64_t exact, std::int64_t last, Rational fps,
          const std::stop_token& stop)
      : demuxer_(std::move(demuxer)),
        decoder_(*demuxer_.video(), demuxer_.name(), 2),  // two seams are looked at at a time
        fps_(fps),
        time_base_(media::from_av(demuxer_.video()->time_base)),
        start_(start_of(*demuxer_.video())),
        origin_(origin),
        exact_(exact),
        last_(last),
        stop_(stop) {
    run();
  }

  std::map<std::int64_t, std::uint64_t> frames;

 private:
  std::int64_t frame_of(std::int64_t pts) const {
    return origin_ + ((Rational(pts) * time_base_ - start_) * fps_).round();
  }

  void run() {
    media::PacketPtr packet = media::make_packet();
    while (demuxer_.read(*packet)) {
      require_going(stop_);
      decoder_.pass_over(packet->pts != AV_NOPTS_VALUE && frame_of(packet->pts) < exact_);
      decoder_.send(packet.get());
      if (take()) return;
    }
    decoder_.send(nullptr);
    take();
  }

  bool take() {
    while (media::FramePtr frame = decoder_.receive()) {
      const std::int64_t n = frame_of(frame->pts);
      if (n >= last_) return true;
      frames[n] = media::picture_hash(*frame);
    }
    return false;
  }

  Demuxer demuxer_;
  media::Decoder decoder_;
  Rational fps_, time_base_;
  Time start_;
  std::int64_t origin_, exact_, last_;
  const std::stop_token& stop_;
};

/// The film's frames around the seam in front of piece `i` against those of the copied piece alone.
void check_seam(const Film& film, std::size_t i, std::int64_t reach, const std::stop_token& stop) {
  const Piece &before = film.pieces[i - 1], &behind = film.pieces[i];
  const std::int64_t seam = behind.at, last = seam + std::min(reach, behind.frames);
  const std::int64_t farthest_key = (Rational(kSecondsBefore) * film.fps).ceil();
  const std::int64_t exact = std::max(seam - reach, before.at);
  const bool enters = behind.copied_from.has_value();  // a copy, or leaves one
  const Piece& copied = enters ? behind : before;
  auto decode_alone = [&](std::int64_t from, std::int64_t to) {
    return Decoded(at_frame(Demuxer::open_own(copied.file, Demuxer::Want::video), from - copied.at, film.fps),
                   copied.at, from, to, film.fps, stop);
  };
  std::future<Decoded> beside;
  if (enters) beside = std::async(std::launch::async, decode_alone, seam, last);
  const Decoded shown(film.open_at(std::max(seam - 1, before.at)), 0, exact, last, film.fps, stop);
  if (shown.frames.empty())
    unproven(film.name, fmt::format("nothing can be decoded at frame {}", seam), "copy");
  const std::int64_t key = shown.frames.begin()->first;
  const std::int64_t first = std::max(std::min(key, seam - 1), exact);
  for (std::int64_t n = first; n < last; ++n) {
    if (!shown.frames.contains(n))
      unproven(film.name, fmt::format("frame {} does not come out of a decoder", n), "copy");
  }
  const std::int64_t from = enters ? seam : first, to = enters ? last : seam;
  if (from >= to || (!enters && seam - key > farthest_key)) return;
  const Decoded alone = enters ? beside.get() : decode_alone(from, to);
  for (std::int64_t n = from; n < to; ++n) {
    auto it = alone.frames.find(n);
    if (it == alone.frames.end() || it->second != shown.frames.at(n)) {
      unproven(film.name, fmt::format("frame {} was copied and looks different", n), "copy");
    }
  }
}

void check_seams(const Film& film, const std::stop_token& stop) {
  std::vector<std::size_t> seams;
  for (std::size_t i = 1; i < film.pieces.size(); ++i) {
    if (film.pieces[i].copied_from.has_value() != film.pieces[i - 1].copied_from.has_value())
      seams.push_back(i);
  }
  if (seams.empty()) return;
  const std::int64_t reach = reach_of(*film.open_at(0).video()->codecpar);
  const std::size_t most = std::min(seams.size(), kMostSeams);
  at_once(most, 2, [&](std::size_t k) { check_seam(film, seams[k * seams.size() / most], reach, stop); });
}

}  // namespace

media::Demuxer at_frame(media::Demuxer demuxer, std::int64_t frame, Rational fps) {
  const AVStream& video = *demuxer.video();
  const Rational time_base = media::from_av(video.time_base);
  if (frame > 0) demuxer.seek(video, ((start_of(video) + Rational(frame) / fps) / time_base).floor());
  return demuxer;
}

void check_copies(const Film& film, const std::stop_token& stop) {
  if (!holds_copies(film.pieces)) return;
  try {
    check_packets(film, stop);
    check_seams(film, stop);
  } catch (const Error& e) {
    if (e.code() == ErrorCode::interrupted || e.name() == "copy") throw;
    unproven(film.name, e.message(), "copy");
  }
}

}  // namespace avstage::run
