#include "run/deliver/sound_pieces.h"

#include <algorithm>
#include <deque>
#include <future>
#include <memory>
#include <optional>
#include <utility>

#include "base/cores.h"
#include "media/aac.h"
#include "media/encoder.h"
#include "media/muxer.h"
#include "run/compose/audio_mix.h"
#include "run/deliver/sound_piece.h"

namespace avstage::run {
namespace {

using media::kAacFrame;

constexpr std::int64_t kCopied = 16384;  ///< frames that are taken from a file at a time
constexpr std::size_t kMostAtOnce = 4;

/// One track of pieces.
class Joiner {
 public:
  /// `shift`: samples of silence before the sound, which nobody will hear.
  Joiner(const AudioSettings& settings, const std::string& path, std::int64_t shift)
      : shift_(shift),
        encoder_(settings.codec, settings.bitrate, kSampleRate),
        muxer_(path, media::own_format(AV_CODEC_ID_AAC)),
        stream_(muxer_.add_stream(*encoder_.parameters(), encoder_.time_base())) {
    muxer_.write_header();
  }

  /// `begin`: of the piece, in frames of the sound; `copied`: what it is from, or nullptr. False: there is no
  /// place for a seam.
  bool add(std::int64_t begin, const std::shared_future<Packets>& piece, const CopiedSound* copied) {
    if (!last_.valid()) {
      last_ = piece;
      last_.wait();
      return true;
    }
    const std::int64_t first = begin - 1;  // of the packets in `piece`
    const bool goes_on = copied != nullptr && copied == copied_;
    for (std::int64_t n = first + 1; n <= first + kBehind; ++n) {
      const std::optional<int> windows = media::common_windows(*packet(last_, n - 1 - first_));
      if (!goes_on && (!windows || windows != media::common_windows(*packet(piece, n - 1 - first)))) continue;
      write_until(n);
      last_ = piece, first_ = first, copied_ = copied;
      return true;
    }
    return false;
  }

  void finish() {
    write_until(first_ + static_cast<std::int64_t>(last_.get().size()));
    muxer_.finish();
  }

  const std::vector<CopiedSound>& copies() const { return copies_; }

 private:
  static const media::PacketPtr& packet(const std::shared_future<Packets>& piece, std::int64_t i) {
    return piece.get().at(static_cast<std::size_t>(i));
  }

  void write_until(std::int64_t end) {
    if (copied_ != nullptr) add_copy(end);
    for (; next_ < end; ++next_) {
      media::PacketPtr out(av_packet_clone(packet(last_, next_ - first_).get()));
      if (!out) throw std::bad_alloc();
      out->pts = out->dts = (next_ - 1) * kAacFrame - shift_;  // the first one is the encoder's priming
      muxer_.write(*out, stream_, encoder_.time_base());
    }
  }

  void add_copy(std::int64_t end) {
    const bool goes_on = !copies_.empty() && copies_.back().packet + copies_.back().frames == next_;
    if (!goes_on) {
      copies_.push_back(*copied_);
      copies_.back().source += next_ - copied_->packet;
      copies_.back().packet = next_;
    }
    copies_.back().frames = end - copies_.back().packet;
  }

  std::int64_t shift_;
  media::AudioEncoder encoder_;  ///< for what it says of itself
  media::Muxer muxer_;
  int stream_;
  std::shared_future<Packets> last_;
  const CopiedSound* copied_ = nullptr;  ///< what last_ is from
  std::vector<CopiedSound> copies_;
  std::int64_t first_ = 0;  ///< of the track's packets: where last_ begins
  std::int64_t next_ = 0;   ///< and which is written next
};

/// Makes the pieces of one sound, several at once, and joins them in their order.
class PieceWork {
 public:
  PieceWork(const AudioSettings& settings, SegmentStore* store, const std::string& path, std::int64_t shift,
            std::stop_token stop)
      : settings_(settings), store_(store), stop_(std::move(stop)), joiner_(settings, path, shift) {}

  /// False, as below: there is no place for a seam.
  bool encode(PieceReader reader) {
    for (;;) {
      if (!make_room()) return false;  // before more samples are held
      auto begun = std::make_shared<Begun>(settings_);
      auto arrived = [&](const PieceSamples& piece) { begun->encoder.encode(piece, stop_); };
      if (!reader.next(begun->piece, stop_, arrived)) return true;
      const std::string key = store_ != nullptr ? piece_key(begun->piece, settings_) : "";
      const std::int64_t begin = begun->piece.begin;
      auto same =
          std::find_if(works_.begin(), works_.end(), [&](const Work& work) { return work.key == key; });
      if (same != works_.end() && !key.empty()) {
        works_.push_back({key, begin, same->packets, nullptr});
        continue;
      }
      works_.push_back(
          {key, begin,
           std::async(std::launch::async,
                      [this, begun = std::move(begun), key]() mutable {
                        const auto mine = std::exchange(begun, nullptr);  // gone before its packets are
                        if (store_ == nullptr) return mine->encoder.finish(mine->piece, stop_);
                        return find_or_encode(mine->piece, mine->encoder, key, settings_, *store_, stop_);
                      }),
           nullptr});
    }
  }

  bool copy(const SoundCopies::Stretch& stretch) {
    const CopiedSound& sound = stretch.sound;
    for (std::int64_t done = 0, left = sound.frames; left > 0; done = sound.frames - left) {
      if (!make_room()) return false;
      const bool all = left < 2 * kCopied;  // a short rest would be no piece
      // With the packet before it: that is how a piece begins.
      const std::int64_t count = all ? left : kCopied + 1 + kBehind;
      works_.push_back({"", sound.packet + done + 1,
                        std::async(std::launch::async,
                                   [&stretch, &sound, done, count] {
                                     return media::read_aac(sound.path, *stretch.index, sound.source + done,
                                                            count);
                                   }),
                        &sound});
      left -= all ? left : kCopied;
    }
    return true;
  }

  /// What was copied; nullopt as above.
  std::optional<std::vector<CopiedSound>> finish() {
    while (!works_.empty()) {
      if (!join_one()) return std::nullopt;
    }
    joiner_.finish();
    return joiner_.copies();
  }

 private:
  struct Begun {
    explicit Begun(const AudioSettings& s) : encoder(s) {}
    PieceSamples piece;
    PieceEncoder encoder;
  };
  struct Work {
    std::string key;  ///< "": it is not kept
    std::int64_t begin;
    std::shared_future<Packets> packets;
    const CopiedSound* copied;  ///< nullptr: it is encoded
  };

  bool make_room() { return works_.size() < std::min(usable_cores(), kMostAtOnce) || join_one(); }

  bool join_one() {
    const bool joined = joiner_.add(works_.front().begin, works_.front().packets, works_.front().copied);
    works_.pop_front();
    return joined;
  }

  const AudioSettings& settings_;
  SegmentStore* store_;
  const std::stop_token stop_;
  Joiner joiner_;
  std::deque<Work> works_;  ///< last: their threads end before what they use
};

using BeginSound = std::function<ReadSound(std::int64_t sample)>;

/// With `shift` samples of silence in front.
ReadSound shifted(const BeginSound& begin, std::int64_t from, std::int64_t shift) {
  return [read = begin(std::max<std::int64_t>(from - shift, 0)),
          silence = static_cast<std::size_t>(2 * std::max<std::int64_t>(shift - from, 0))](
             std::span<float> out) mutable {
    const std::size_t silent = std::min(silence, out.size());
    std::fill_n(out.begin(), silent, 0.0F);
    silence -= silent;
    if (silent < out.size()) read(out.subspan(silent));
  };
}

/// As PieceWork::finish().
std::optional<std::vector<CopiedSound>> encode_in_pieces(const BeginSound& begin, std::int64_t samples,
                                                         const AudioSettings& settings,
                                                         const SoundCopies& copies, SegmentStore* store,
                                                         const std::string& path,
                                                         const std::stop_token& stop) {
  PieceWork work(settings, store, path, copies.shift, stop);
  auto encode = [&](std::int64_t first, std::int64_t end) {
    const std::int64_t from = PieceReader::start_of(first);
    return work.encode({shifted(begin, from, copies.shift), samples + copies.shift - from, first, end,
                        store != nullptr ? kFirstPiece : kUnkeptPiece});
  };
  std::int64_t at = 0;
  for (const SoundCopies::Stretch& stretch : copies.stretches) {
    if (!encode(at, stretch.sound.packet + 1) || !work.copy(stretch)) return std::nullopt;
    at = stretch.sound.packet + stretch.sound.frames - kBehind;
  }
  return encode(at, PieceReader::kToTheEnd) ? work.finish() : std::nullopt;
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

std::vector<CopiedSound> encode_sound(const BeginSound& begin, std::int64_t samples,
                                      const AudioSettings& settings, const SoundCopies& copies,
                                      SegmentStore* store, const std::string& path,
                                      const std::stop_token& stop) {
  if (settings.codec == "aac") {
    for (const SoundCopies& with : {copies, SoundCopies()}) {
      if (auto copied = encode_in_pieces(begin, samples, settings, with, store, path, stop)) return *copied;
      if (copies.stretches.empty()) break;
    }
  }
  encode_in_one_go(begin(0), samples, settings, path, stop);
  return {};
}

}  // namespace avstage::run
