#include "media/silence.h"

#include <algorithm>
#include <cmath>

#include "media/audio_reader.h"

namespace avstage::media {
namespace {

constexpr float kQuiet = 0.001F;
constexpr int kRate = 48000;

}  // namespace

bool is_silent(Demuxer demuxer, const MediaFacts& facts) {
  if (demuxer.audio() == nullptr) return true;
  Time end = facts.available.value_or(Time(0));
  if (facts.audio && facts.audio->duration) end = std::max(end, *facts.audio->duration);
  const std::int64_t samples = (end * Time(kRate)).ceil();
  AudioReader reader(std::move(demuxer), kRate);
  std::vector<float> block(std::size_t(2) * kRate);
  for (std::int64_t first = 0; first < samples; first += kRate) {
    reader.read(first, block);
    if (std::any_of(block.begin(), block.end(), [](float s) { return std::abs(s) > kQuiet; })) return false;
  }
  return true;
}

}  // namespace avstage::media
