#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <limits>
#include <stop_token>
#include <string>
#include <vector>

#include "avstage/job.h"
#include "media/aac.h"
#include "media/encoder.h"
#include "run/deliver/read_sound.h"
#include "run/segment_store.h"

/// A piece of a sound: its samples, and the AAC that they become.
namespace avstage::run {

/// In frames of AAC. What is encoded before a piece lets rate control and psychoacoustics find their way:
/// with two seconds the noise behind a seam is that of one encoder from the start, with half a second it was
/// up to 12 dB more. What is encoded behind it is for a choice of seams.
inline constexpr std::int64_t kBefore = 96, kBehind = 8;
/// The first piece and the others. Short films come in variants of which little differs; in long ones the
/// frames before and behind would be an eighth of all work.
inline constexpr std::int64_t kFirstPiece = 720, kPiece = 1440;
/// Each of those that are not kept: they are there for the cores alone.
inline constexpr std::int64_t kUnkeptPiece = 2880;

/// The samples of one piece, with those before and behind it.
struct PieceSamples {
  std::int64_t begin = 0, length = 0;  ///< of the piece, in frames of the sound
  bool last = false;
  std::vector<float> samples;

  /// Of the samples, in the sound.
  std::int64_t start() const { return media::kAacFrame * (begin - before()); }
  std::int64_t end() const { return start() + std::ssize(samples) / 2; }
  std::int64_t before() const { return before_of(begin); }
  static std::int64_t before_of(std::int64_t begin) { return begin == 0 ? 0 : kBefore; }
  /// The packets that are kept: from one before the piece on, up to kBehind behind it, or all.
  std::int64_t skipped() const { return begin == 0 ? 0 : kBefore - 1; }
  std::int64_t packets() const {
    const std::int64_t frames =
        (static_cast<std::int64_t>(samples.size()) / 2 + media::kAacFrame - 1) / media::kAacFrame;
    return last ? frames + 1 - skipped() : before() - skipped() + length + kBehind;
  }
};

/// Reads a sound piece by piece. One thread.
class PieceReader {
 public:
  static constexpr std::int64_t kToTheEnd = std::numeric_limits<std::int64_t>::max();
  /// Of frames [begin, end) of a sound. `read` goes on at start_of(begin), from where on there are `samples`.
  /// `shortest`: of the pieces, but for the last.
  PieceReader(ReadSound read, std::int64_t samples, std::int64_t begin = 0, std::int64_t end = kToTheEnd,
              std::int64_t shortest = kFirstPiece);
  static std::int64_t start_of(std::int64_t begin) {
    return media::kAacFrame * (begin - PieceSamples::before_of(begin));
  }
  /// False behind the last one. `arrived` is called with what there is of a piece that has to arrive first.
  bool next(PieceSamples& piece, const std::stop_token& stop,
            const std::function<void(const PieceSamples&)>& arrived = {});

 private:
  ReadSound read_;
  std::int64_t left_, begin_, first_, end_, shortest_;
  std::vector<float> kept_;  ///< of the last piece: with them the next one begins
};

using Packets = std::vector<media::PacketPtr>;

/// Of one piece, all at once or as it arrives.
class PieceEncoder {
 public:
  explicit PieceEncoder(const AudioSettings& settings);
  /// What it has not had of `piece`.
  void encode(const PieceSamples& piece, const std::stop_token& stop);
  /// `piece` is whole.
  Packets finish(const PieceSamples& piece, const std::stop_token& stop);

 private:
  void drain(const PieceSamples& piece);

  media::AudioEncoder encoder_;
  std::size_t had_ = 0;
  std::int64_t received_ = 0;
  Packets packets_;
};

/// In the store: names the samples and what becomes of them.
std::string piece_key(const PieceSamples& piece, const AudioSettings& settings);

/// A piece from the store, or encoded and kept there; `encoder` may have begun.
Packets find_or_encode(const PieceSamples& piece, PieceEncoder& encoder, const std::string& key,
                       const AudioSettings& settings, SegmentStore& store, const std::stop_token& stop);

}  // namespace avstage::run
