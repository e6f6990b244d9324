#include "run/deliver/sound_piece.h"

#include <algorithm>
#include <utility>

#include "base/atomic_file.h"
#include "base/stop.h"
#include "media/demuxer.h"
#include "media/muxer.h"
#include "plan/content_key.h"
#include "run/compose/audio_mix.h"
#include "run/prepare.h"

namespace avstage::run {
namespace {

using media::kAacFrame;

constexpr std::int64_t kLookahead = 2;  ///< of the encoder, in frames
/// Seconds of sound in a second: what is read slower has to arrive first, and takes longer than to encode it.
constexpr double kArrives = 10;
constexpr std::chrono::milliseconds kPatience(200);  ///< before that is judged

void keep(const Packets& packets, const media::AudioEncoder& encoder, const std::string& key,
          SegmentStore& store) {
  const std::string part = store.part_path(key);
  FileRemover remover(part);
  media::Muxer muxer(part, media::own_format(AV_CODEC_ID_AAC));
  const int stream = muxer.add_stream(*encoder.parameters(), encoder.time_base());
  muxer.write_header();
  for (std::size_t i = 0; i < packets.size(); ++i) {
    media::PacketPtr packet(av_packet_clone(packets[i].get()));
    if (!packet) throw std::bad_alloc();
    packet->pts = packet->dts = static_cast<std::int64_t>(i) * kAacFrame;
    muxer.write(*packet, stream, encoder.time_base());
  }
  muxer.finish();
  // Nothing is unproven: if what it was read from is damaged, its samples are others than the right ones.
  store.keep(part, key, {});
  remover.release();
}

/// Empty where the store has none.
Packets stored(const std::string& key, std::int64_t count, const SegmentStore& store) {
  const std::string file = store.find(key);
  if (file.empty()) return {};
  Packets packets;
  try {
    media::Demuxer demuxer = media::Demuxer::open_own(file, media::Demuxer::Want::audio);
    media::PacketPtr packet = media::make_packet();
    while (demuxer.read(*packet)) packets.push_back(std::exchange(packet, media::make_packet()));
  } catch (const Error& e) {
    if (e.code() == ErrorCode::interrupted) throw;
    return {};
  }
  if (static_cast<std::int64_t>(packets.size()) != count) packets.clear();
  return packets;
}

}  // namespace

PieceReader::PieceReader(ReadSound read, std::int64_t samples, std::int64_t begin, std::int64_t end,
                         std::int64_t shortest)
    : read_(std::move(read)), left_(samples), begin_(begin), first_(begin), end_(end), shortest_(shortest) {}

bool PieceReader::next(PieceSamples& piece, const std::stop_token& stop,
                       const std::function<void(const PieceSamples&)>& arrived) {
  if (begin_ >= end_ || (left_ == 0 && begin_ > first_)) return false;
  // As long as all before it, within limits, and up to a copy where a short piece would be left.
  const std::int64_t length = std::clamp(begin_, shortest_, std::max(shortest_, kPiece)),
                     left = end_ - begin_;
  piece = {begin_, left < length + kFirstPiece ? left : length, false, {}};
  const std::int64_t wanted = 2 * kAacFrame * (piece.before() + piece.length + kBehind + kLookahead);
  piece.samples.reserve(static_cast<std::size_t>(wanted));
  piece.samples = kept_;
  const auto began = std::chrono::steady_clock::now();
  while (left_ > 0 && static_cast<std::int64_t>(piece.samples.size()) < wanted) {
    require_going(stop);
    const std::size_t had = piece.samples.size();
    const std::int64_t n = std::min({left_, kSoundBlock, (wanted - static_cast<std::int64_t>(had)) / 2});
    piece.samples.resize(had + 2 * static_cast<std::size_t>(n));
    read_(std::span<float>(piece.samples).subspan(had));
    left_ -= n;
    const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - began;
    const auto read = static_cast<double>(piece.samples.size() - kept_.size()) / 2 / kSampleRate;
    if (arrived && taken > kPatience && read < kArrives * taken.count()) arrived(piece);
  }
  piece.last = left_ == 0;
  begin_ += piece.length;
  if (!piece.last && begin_ < end_) {
    const std::int64_t next = 2 * kAacFrame * (piece.before() + piece.length - kBefore);
    kept_.assign(piece.samples.begin() + next, piece.samples.end());
  }
  return true;
}

PieceEncoder::PieceEncoder(const AudioSettings& settings)
    : encoder_(settings.codec, settings.bitrate, kSampleRate) {}

void PieceEncoder::encode(const PieceSamples& piece, const std::stop_token& stop) {
  for (auto left = std::span(piece.samples).subspan(had_); !left.empty();) {
    require_going(stop);
    const auto block = left.first(std::min<std::size_t>(left.size(), 2 * kSoundBlock));
    encoder_.send(block);
    had_ += block.size();
    drain(piece);
    left = left.subspan(block.size());
  }
}

Packets PieceEncoder::finish(const PieceSamples& piece, const std::stop_token& stop) {
  encode(piece, stop);
  if (piece.last) {
    encoder_.finish();
    drain(piece);
  }
  const auto wanted = static_cast<std::size_t>(piece.packets());
  if (packets_.size() < wanted)
    throw Error(ErrorCode::bug, "the encoder holds back more of the sound than it should");
  packets_.resize(wanted);
  return std::move(packets_);
}

void PieceEncoder::drain(const PieceSamples& piece) {
  while (media::PacketPtr packet = encoder_.receive()) {
    if (received_++ >= piece.skipped()) packets_.push_back(std::move(packet));
  }
}

std::string piece_key(const PieceSamples& piece, const AudioSettings& settings) {
  plan::KeyBuilder key("avstage sound piece 1");
  key.add("toolchain", toolchain()).add("codec", settings.codec).add("bitrate", settings.bitrate);
  key.add("first", piece.begin == 0).add("last", piece.last);
  const auto bytes = std::as_bytes(std::span<const float>(piece.samples));
  key.add("samples", {reinterpret_cast<const char*>(bytes.data()), bytes.size()});
  return key.hex() + ".piece";
}

Packets find_or_encode(const PieceSamples& piece, PieceEncoder& encoder, const std::string& key,
                       const AudioSettings& settings, SegmentStore& store, const std::stop_token& stop) {
  Packets packets = stored(key, piece.packets(), store);
  if (!packets.empty()) return packets;
  packets = encoder.finish(piece, stop);
  store.forget(key);  // damaged, if it is there
  keep(packets, media::AudioEncoder(settings.codec, settings.bitrate, kSampleRate), key, store);
  return packets;
}

}  // namespace avstage::run
