#include "run/deliver/common_pieces.h"

#include <algorithm>
#include <string>

namespace avstage::run {

CommonPieces::CommonPieces(Version one, Version other)
    : one_(std::move(one.read), one.samples),
      other_(std::move(other.read), other.samples),
      wrong_(std::move(one.wrong)) {
  wrong_.insert(wrong_.end(), other.wrong.begin(), other.wrong.end());
}

bool CommonPieces::encode_next(const std::vector<AudioSettings>& settings, SegmentStore& store,
                               const std::stop_token& stop) {
  PieceSamples one, other;
  if (!one_.next(one, stop) || !other_.next(other, stop)) return false;
  const bool wrong = std::any_of(wrong_.begin(), wrong_.end(), [&](const auto& range) {
    return range.first < one.end() && one.start() < range.second;
  });
  if (wrong) return true;
  const bool same = one.last == other.last && one.samples == other.samples;
  differ_ = same ? 0 : differ_ + 1;
  if (differ_ > 1) return false;  // one has moved against the other
  if (same) {
    for (const AudioSettings& s : settings) {
      const std::string key = piece_key(one, s);
      if (!store.find(key).empty()) continue;
      PieceEncoder encoder(s);
      find_or_encode(one, encoder, key, s, store, stop);
    }
  }
  return true;
}

}  // namespace avstage::run
