#pragma once

#include <cmath>
#include <cstdint>
#include <fstream>
#include <functional>
#include <numbers>
#include <string>
#include <vector>

#include "render/bench.h"
#include "run/compose/audio_mix.h"
#include "run/production.h"

namespace avstage::test {

inline double sine(double hertz, double seconds) {
  return std::sin(2 * std::numbers::pi * hertz * seconds);
}

/// The mix before encoding, and what it is compared with.
class SoundBench : public Bench {
 protected:
  using Wave = std::function<double(int channel, double seconds)>;

  /// A wav of 32-bit float samples: what goes in is what comes out.
  void wav(const std::string& name, int rate, int channels, double seconds, const Wave& wave) const {
    const auto count = static_cast<std::uint32_t>(std::lround(seconds * rate));
    const auto c = static_cast<std::uint32_t>(channels), r = static_cast<std::uint32_t>(rate);
    std::ofstream file(dir / name, std::ios::binary);
    auto put = [&](std::uint32_t value, int bytes) {
      file.write(reinterpret_cast<const char*>(&value), bytes);
    };
    file << "RIFF";
    put(36 + count * c * 4, 4);
    file << "WAVEfmt ";
    put(16, 4), put(3, 2), put(c, 2), put(r, 4), put(r * c * 4, 4), put(c * 4, 2), put(32, 2);
    file << "data";
    put(count * c * 4, 4);
    for (std::uint32_t i = 0; i < count; ++i) {
      for (int k = 0; k < channels; ++k) {
        const auto value = static_cast<float>(wave(k, static_cast<double>(i) / rate));
        file.write(reinterpret_cast<const char*>(&value), 4);
      }
    }
  }

  /// All of the programme's mix, read in blocks of `block` sample frames.
  std::vector<float> mix(const std::string& text, const Settings& s, std::size_t block = 8192) {
    const Job parsed = job(text);
    run::Session session(s, parsed.heygen);
    run::Production p(parsed, session, [](const Event&) {}, {});
    p.facts = run::gather_facts(session, p.plan, p.media, p.inputs);
    p.resolve();
    run::AudioMix mix(p.plan, p.render, p.media);
    std::vector<float> out(static_cast<std::size_t>(mix.samples()) * 2);
    for (std::size_t at = 0; at < out.size(); at += 2 * block) {
      mix.read(std::span(out).subspan(at, std::min(2 * block, out.size() - at)));
    }
    clipped = mix.clipped();
    return out;
  }
  std::vector<float> mix(const std::string& text) { return mix(text, settings()); }

  std::int64_t clipped = 0;  ///< of the last mix
};

/// The largest |x[n+1] − x[n]| of the left channel in sample frames [from, to).
inline double largest_step(const std::vector<float>& sound, std::size_t from, std::size_t to) {
  double worst = 0;
  for (std::size_t n = from; n + 1 < to; ++n)
    worst = std::max(worst, std::abs(double(sound[2 * n + 2]) - sound[2 * n]));
  return worst;
}

/// Level in dB of what is left of sample frames [from, to) of the left channel when the best sine of `hertz`
/// has been taken out, against that sine; images, noise and distortion are all in it.
inline double signal_to_rest(const std::vector<float>& sound, double hertz, std::size_t from,
                             std::size_t to) {
  double ss = 0, cc = 0, sc = 0, xs = 0, xc = 0;
  for (std::size_t n = from; n < to; ++n) {
    const double phase = 2 * std::numbers::pi * hertz * static_cast<double>(n) / 48000;
    const double s = std::sin(phase), c = std::cos(phase), x = sound[2 * n];
    ss += s * s, cc += c * c, sc += s * c, xs += x * s, xc += x * c;
  }
  const double det = ss * cc - sc * sc, a = (xs * cc - xc * sc) / det, b = (xc * ss - xs * sc) / det;
  double signal = 0, rest = 0;
  for (std::size_t n = from; n < to; ++n) {
    const double phase = 2 * std::numbers::pi * hertz * static_cast<double>(n) / 48000;
    const double fit = a * std::sin(phase) + b * std::cos(phase);
    signal += fit * fit;
    rest += (sound[2 * n] - fit) * (sound[2 * n] - fit);
  }
  return 10 * std::log10(signal / rest);
}

}  // namespace avstage::test
