#include "run/deliver/sound_pieces.h"

#include <algorithm>
#include <chrono>
#include <deque>
#include <future>
#include <memory>
#include <utility>

#include "base/atomic_file.h"
#include "base/cores.h"
#include "base/stop.h"
#include "media/aac.h"
#include "media/demuxer.h"
#include "media/encoder.h"
#include "media/muxer.h"
#include "plan/content_key.h"
#include "run/compose/audio_mix.h"
#include "run/prepare.h"

namespace avstage::run {
namespace {

constexpr std::int64_t kFrame = 1024;  ///< sample frames in a frame of AAC
/// In frames. What is encoded before a piece lets rate control and psychoacoustics find their way: with two
/// seconds the noise behind a seam is that of one encoder from the start, with half a second it was up to 12
/// dB more. What is encoded behind it is for a choice of seams.
constexpr std::int64_t kBefore = 96, kBehind = 8;
/// The first piece and the others. Short films come in variants of which little differs; in long ones the
/// frames before and behind would be an eighth of all work.
constexpr std::int64_t kFirstPiece = 720, kPiece = 1440;
constexpr std::int64_t kLookahead = 2;  ///< of the encoder
constexpr std::size_t kMostAtOnce = 4;
/// Seconds of sound in a second: what is read slower has to arrive first, and takes longer than to encode it.
constexpr double kArrives = 10;
constexpr std::chrono::milliseconds kPatience(200);  ///< before that is judged

}  // namespace

/// The samples of one piece, with those before and behind it.
struct PieceSamples {
  std::int64_t begin = 0;  ///< of the piece, in frames of the sound
  bool last = false;
  std::vector<float> samples;

  /// As long as all before it, within limits.
  std::int64_t length() const { return std::clamp(begin, kFirstPiece, kPiece); }
  /// Of the samples, in the sound.
  std::int64_t start() const { return kFrame * (begin - before()); }
  std::int64_t end() const { return start() + std::ssize(samples) / 2; }
  std::int64_t before() const { return begin == 0 ? 0 : kBefore; }
  /// The packets that are kept: from one before the piece on, up to kBehind behind it, or all.
  std::int64_t skipped() const { return begin == 0 ? 0 : kBefore - 1; }
  std::int64_t packets() const {
    const std::int64_t frames = (static_cast<std::int64_t>(samples.size()) / 2 + kFrame - 1) / kFrame;
    return last ? frames + 1 - skipped() : before() - skipped() + length() + kBehind;
  }
};

class PieceReader {
 public:
  PieceReader(ReadSound read, std::int64_t samples) : read_(std::move(read)), left_(samples) {}

  /// False behind the last one. `arrived` is called with what there is of a piece that has to arrive first.
  bool next(PieceSamples& piece, const std::stop_token& stop,
            const std::function<void(const PieceSamples&)>& arrived = {}) {
    if (left_ == 0 && begin_ > 0) return false;
    piece = {begin_, false, {}};
    const std::int64_t wanted = 2 * kFrame * (piece.before() + piece.length() + kBehind + kLookahead);
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
    const std::int64_t next = 2 * kFrame * (piece.before() + piece.length() - kBefore);
    if (!piece.last) kept_.assign(piece.samples.begin() + next, piece.samples.end());
    begin_ += piece.length();
    return true;
  }

 private:
  ReadSound read_;
  std::int64_t left_, begin_ = 0;
  std::vector<float> kept_;  ///< of the last piece: with them the next one begins
};

namespace {

using Packets = std::vector<media::PacketPtr>;

/// Of one piece, all at once or as it arrives.
class PieceEncoder {
 public:
  explicit PieceEncoder(const AudioSettings& settings)
      : encoder_(settings.codec, settings.bitrate, kSampleRate) {}

  /// What it has not had of `piece`.
  void encode(const PieceSamples& piece, const std::stop_token& stop) {
    for (auto left = std::span(piece.samples).subspan(had_); !left.empty();) {
      require_going(stop);
      const auto block = left.first(std::min<std::size_t>(left.size(), 2 * kSoundBlock));
      encoder_.send(block);
      had_ += block.size();
      drain(piece);
      left = left.subspan(block.size());
    }
  }

  /// `piece` is whole.
  Packets finish(const PieceSamples& piece, const std::stop_token& stop) {
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

 private:
  void drain(const PieceSamples& piece) {
    while (media::PacketPtr packet = encoder_.receive()) {
      if (received_++ >= piece.skipped()) packets_.push_back(std::move(packet));
    }
  }

  media::AudioEncoder encoder_;
  std::size_t had_ = 0;
  std::int64_t received_ = 0;
  Packets packets_;
};

std::string key_of(const PieceSamples& piece, const AudioSettings& settings) {
  plan::KeyBuilder key("avstage sound piece 1");
  key.add("toolchain", toolchain()).add("codec", settings.codec).add("bitrate", settings.bitrate);
  key.add("first", piece.begin == 0).add("last", piece.last);
  const auto bytes = std::as_bytes(std::span<const float>(piece.samples));
  key.add("samples", {reinterpret_cast<const char*>(bytes.data()), bytes.size()});
  return key.hex() + ".piece";
}

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
    packet->pts = packet->dts = static_cast<std::int64_t>(i) * kFrame;
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

/// A piece from the store, or encoded; `encoder` may have begun.
Packets find_or_encode(const PieceSamples& piece, PieceEncoder& encoder, const std::string& key,
                       const AudioSettings& settings, SegmentStore& store, const std::stop_token& stop) {
  Packets packets = stored(key, piece.packets(), store);
  if (!packets.empty()) return packets;
  packets = encoder.finish(piece, stop);
  store.forget(key);  // damaged, if it is there
  keep(packets, media::AudioEncoder(settings.codec, settings.bitrate, kSampleRate), key, store);
  return packets;
}

/// One track of pieces.
class Joiner {
 public:
  Joiner(const AudioSettings& settings, const std::string& path)
      : encoder_(settings.codec, settings.bitrate, kSampleRate),
        muxer_(path, media::own_format(AV_CODEC_ID_AAC)),
        stream_(muxer_.add_stream(*encoder_.parameters(), encoder_.time_base())) {
    muxer_.write_header();
  }

  /// `begin`: of the piece, in frames of the sound. False: there is no place for a seam.
  bool add(std::int64_t begin, const std::shared_future<Packets>& piece) {
    if (!last_.valid()) {
      last_ = piece;
      last_.wait();
      return true;
    }
    const std::int64_t first = begin - 1;  // of the packets in `piece`
    for (std::int64_t n = first + 1; n <= first + kBehind; ++n) {
      const std::optional<int> windows = media::common_windows(*packet(last_, n - 1 - first_));
      if (!windows || windows != media::common_windows(*packet(piece, n - 1 - first))) continue;
      write_until(n);
      last_ = piece, first_ = first;
      return true;
    }
    return false;
  }

  void finish() {
    write_until(first_ + static_cast<std::int64_t>(last_.get().size()));
    muxer_.finish();
  }

 private:
  static const media::PacketPtr& packet(const std::shared_future<Packets>& piece, std::int64_t i) {
    return piece.get().at(static_cast<std::size_t>(i));
  }

  void write_until(std::int64_t end) {
    for (; next_ < end; ++next_) {
      media::PacketPtr out(av_packet_clone(packet(last_, next_ - first_).get()));
      if (!out) throw std::bad_alloc();
      out->pts = out->dts = (next_ - 1) * kFrame;  // the first one is the encoder's priming
      muxer_.write(*out, stream_, encoder_.time_base());
    }
  }

  media::AudioEncoder encoder_;  ///< for what it says of itself
  media::Muxer muxer_;
  int stream_;
  std::shared_future<Packets> last_;
  std::int64_t first_ = 0;  ///< of the track's packets: where last_ begins
  std::int64_t next_ = 0;   ///< and which is written next
};

bool encode_in_pieces(ReadSound read, std::int64_t samples, const AudioSettings& settings,
                      SegmentStore& store, const std::string& path, const std::stop_token& stop) {
  struct Begun {
    explicit Begun(const AudioSettings& s) : encoder(s) {}
    PieceSamples piece;
    PieceEncoder encoder;
  };
  struct Work {
    std::string key;
    std::int64_t begin;
    std::shared_future<Packets> packets;
  };
  std::deque<Work> works;
  Joiner joiner(settings, path);
  auto join_one = [&] {
    const bool joined = joiner.add(works.front().begin, works.front().packets);
    works.pop_front();
    return joined;
  };
  const std::size_t at_once = std::min(usable_cores(), kMostAtOnce);
  PieceReader reader(std::move(read), samples);
  for (;;) {
    if (works.size() >= at_once && !join_one()) return false;  // before more samples are held
    auto begun = std::make_shared<Begun>(settings);
    auto arrived = [&](const PieceSamples& piece) { begun->encoder.encode(piece, stop); };
    if (!reader.next(begun->piece, stop, arrived)) break;
    const std::string key = key_of(begun->piece, settings);
    const std::int64_t begin = begun->piece.begin;
    auto same = std::find_if(works.begin(), works.end(), [&](const Work& work) { return work.key == key; });
    if (same != works.end()) {
      works.push_back({key, begin, same->packets});
    } else {
      works.push_back(
          {key, begin, std::async(std::launch::async, [&, begun = std::move(begun), key]() mutable {
             const auto mine = std::exchange(begun, nullptr);  // gone before its packets are
             return find_or_encode(mine->piece, mine->encoder, key, settings, store, stop);
           })});
    }
  }
  while (!works.empty()) {
    if (!join_one()) return false;
  }
  joiner.finish();
  return true;
}

void encode_in_one_go(const ReadSound& read, std::int64_t samples, const AudioSettings& settings,
                      const std::string& path, const std::stop_token& stop) {
  media::AudioEncoder encoder(settings.codec, settings.bitrate, kSampleRate);
  media::Muxer muxer(path, media::own_format(encoder.parameters()->codec_id));
  int stream = muxer.add_stream(*encoder.parameters(), encoder.time_base());
  muxer.write_header();
  auto drain = [&] {
    while (media::PacketPtr packet = encoder.receive()) muxer.write(*packet, stream, encoder.time_base());
  };
  pass(read, samples, stop, [&](std::span<float> block) {
    encoder.send(block);
    drain();
  });
  encoder.finish();
  drain();
  muxer.finish();
}

}  // namespace

void encode_sound(const std::function<ReadSound()>& begin, std::int64_t samples,
                  const AudioSettings& settings, SegmentStore& store, const std::string& path,
                  const std::stop_token& stop) {
  if (settings.codec == "aac" && encode_in_pieces(begin(), samples, settings, store, path, stop)) return;
  encode_in_one_go(begin(), samples, settings, path, stop);
}

CommonPieces::CommonPieces(Version one, Version other)
    : one_(std::make_unique<PieceReader>(std::move(one.read), one.samples)),
      other_(std::make_unique<PieceReader>(std::move(other.read), other.samples)),
      wrong_(std::move(one.wrong)) {
  wrong_.insert(wrong_.end(), other.wrong.begin(), other.wrong.end());
}

CommonPieces::~CommonPieces() = default;

bool CommonPieces::encode_next(const std::vector<AudioSettings>& settings, SegmentStore& store,
                               const std::stop_token& stop) {
  PieceSamples one, other;
  if (!one_->next(one, stop) || !other_->next(other, stop)) return false;
  const bool wrong = std::any_of(wrong_.begin(), wrong_.end(), [&](const auto& range) {
    return range.first < one.end() && one.start() < range.second;
  });
  if (wrong) return true;
  const bool same = one.last == other.last && one.samples == other.samples;
  differ_ = same ? 0 : differ_ + 1;
  if (differ_ > 1) return false;  // one has moved against the other
  if (same) {
    for (const AudioSettings& s : settings) {
      const std::string key = key_of(one, s);
      if (!store.find(key).empty()) continue;
      PieceEncoder encoder(s);
      find_or_encode(one, encoder, key, s, store, stop);
    }
  }
  return true;
}

}  // namespace avstage::run
