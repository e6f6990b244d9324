#include "media/silence.h"

#include <algorithm>
#include <cmath>

#include "media/audio_reader.h"

namespace avstage::media {
namespace {

constexpr float kQuiet = 0.001F;
constexpr int kRate = 48000;

}  // namespace

bool is_silent(Demuxer demuxer) {
  if (demuxer.audio() == nullptr) return true;
  const MediaFacts facts = demuxer.facts();
  Time end = std::max(facts.available.value_or(Time(0)), facts.audio->duration.value_or(Time(0)));
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
