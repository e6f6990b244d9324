#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <span>
#include <stop_token>
#include <vector>

#include "base/stop.h"

namespace avstage::run {

/// Fills `out` with the next out.size()/2 sample frames of a programme, interleaved stereo at kSampleRate.
using ReadSound = std::function<void(std::span<float> out)>;

/// Sample frames that are read at a time.
inline constexpr std::int64_t kSoundBlock = 8192;

/// Hands `samples` sample frames of `read` to `use`, block by block. Error{interrupted} on `stop`.
template <typename Use>
void pass(const ReadSound& read, std::int64_t samples, const std::stop_token& stop, Use use) {
  std::vector<float> block;
  for (std::int64_t done = 0; done < samples;) {
    require_going(stop);
    const std::int64_t n = std::min(kSoundBlock, samples - done);
    block.resize(static_cast<std::size_t>(n) * 2);
    read(block);
    use(std::span<float>(block));
    done += n;
  }
}

}  // namespace avstage::run
