#include "run/deliver/soundtrack.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <optional>

#include "base/atomic_file.h"
#include "plan/content_key.h"
#include "run/compose/audio_mix.h"
#include "run/deliver/loudness_json.h"
#include "run/deliver/read_sound.h"
#include "run/deliver/sound_pieces.h"

namespace avstage::run {
namespace {

/// A limiter takes loudness away: it is given back so often, until as little is missing.
constexpr int kRounds = 4;
constexpr double kNear = 0.1;
/// dB that a limiter stays below the ceiling: the way back to 48 kHz and the encoder lift some peaks again.
constexpr double kReserve = 0.5;

ReadSound reader_of(SampleFile& file) {
  file.rewind();
  return [&file](std::span<float> out) { file.read(out); };
}

ReadSound amplified(ReadSound read, double gain) {
  if (gain == 0) return read;
  return
      [read = std::move(read), factor = static_cast<float>(std::pow(10, gain / 20))](std::span<float> out) {
        read(out);
        for (float& sample : out) sample *= factor;
      };
}

nlohmann::json note_of_mix(std::int64_t clipped, const std::vector<CopiedSound>& copies) {
  nlohmann::json copied = nlohmann::json::array();
  for (const CopiedSound& c : copies)
    copied.push_back({{"part", c.part}, {"packet", c.packet}, {"frames", c.frames}, {"source", c.source}});
  return {{"clipped", clipped}, {"copied", copied}};
}

void warn_of_loudness(Soundtrack::Track& track, const OutputSpec& output) {
  const LoudnessSpec& wish = output.loudness.value();
  const LoudnessReport& l = track.loudness.value();
  if (!l.measured) {
    track.warnings.push_back(fmt::format(
        "{}: the programme is silent or shorter than 0.4 s: its loudness is left as it is", output.path));
  } else if (l.limited) {
    const double missing = wish.target - l.integrated;
    track.warnings.push_back(
        fmt::format("{}: {:.1f} LUFS would lift peaks above {:.1f} dBTP: a limiter holds them; it is now "
                    "{:.1f} LUFS with peaks of {:.1f} dBTP{}",
                    output.path, wish.target, wish.true_peak, l.integrated, l.true_peak,
                    missing > 3 * kNear ? "; choose a lower \"target\" or a higher \"true_peak\"" : ""));
  }
}

/// Notes stand beside a sound in the store: who finds it there is told and warned as well. A sound without
/// its note has lost it, and is made again.
std::string mix_key(const std::string& key) {
  return key + ".mix";
}
std::string loudness_key(const std::string& key) {
  return key + ".loudness";
}

std::set<int> unproven_in(const Production& p) {
  std::set<int> purchases;
  for (const plan::AudioPart& part : p.render.audio) {
    const int purchase = p.plan.clips[part.clip].purchase;
    if (purchase >= 0 && !p.proven[purchase]) purchases.insert(purchase);
  }
  return purchases;
}

}  // namespace

Soundtrack::Soundtrack(const Production& production, SegmentStore& store, std::vector<std::size_t> outputs)
    : p_(production),
      facts_(production.facts),
      render_(production.render),
      unproven_(unproven_in(production)),
      store_(store),
      forward_(production.stop, [this] { stop_.request_stop(); }),
      ahead_([this, outputs = std::move(outputs)] {
        try {
          for (std::size_t i : outputs) make_or_find(p_.job.outputs[i]);
        } catch (...) {
          error_ = std::current_exception();
        }
      }) {}

Soundtrack::~Soundtrack() {
  stop_.request_stop();
}

std::string Soundtrack::key_of(const OutputSpec& output) const {
  plan::KeyBuilder key("avstage audio 7");
  key.add("toolchain", toolchain()).add("frames", render_.frames).add("fps", p_.job.canvas.fps);
  key.add("codec", output.audio.codec).add("bitrate", output.audio.bitrate);
  key.add("copy", copies_ ? output.copy : "never");
  for (const plan::AudioPart& part : render_.audio) {
    plan::add_audio(key, p_.plan, facts_, render_.timing, part.clip);
  }
  plan::add_loudness(key, output);
  return key.hex();
}

void Soundtrack::tell_of_mix(Track& track, const nlohmann::json& note) const {
  for (const nlohmann::json& c : note.at("copied")) {
    CopiedSound copy{.part = c.at("part"), .packet = c.at("packet"), .frames = c.at("frames")};
    copy.source = c.at("source");
    find_source(copy, p_.plan, render_);
    track.copies.push_back(std::move(copy));
  }
  const std::int64_t samples = note.at("clipped");
  if (samples == 0) return;
  track.warnings.push_back(
      fmt::format("the mix clips: {} samples are beyond full scale; lower a volume", samples));
}

std::optional<Soundtrack::Track> Soundtrack::stored(const OutputSpec& output, const std::string& key) {
  Track track{store_.find(key)};
  if (track.file.empty()) return std::nullopt;
  if (!output.loudness) {
    const std::string file = store_.find(mix_key(key));
    if (file.empty()) return std::nullopt;
    try {
      tell_of_mix(track, nlohmann::json::parse(read_file(file)));
      return track;
    } catch (const std::exception&) {
      return std::nullopt;
    }
  }
  std::string note = store_.find(loudness_key(key));
  if (!note.empty())
    track.loudness = read_loudness(nlohmann::ordered_json::parse(read_file(note), nullptr, false));
  if (!track.loudness) return std::nullopt;
  warn_of_loudness(track, output);
  return track;
}

void Soundtrack::keep(const std::string& key, const std::string& content) {
  const std::string note = store_.part_path(key);
  write_file_atomically(note, content);
  store_.keep(note, key, unproven_);
}

void Soundtrack::mix_once() {
  if (mix_) return;
  AudioMix mix(p_.plan, render_, p_.media);
  samples_ = mix.samples();
  mix_.emplace(store_.run_dir() + "/mix.f32");
  media::LoudnessMeter meter(kSampleRate);
  auto read = [&](std::span<float> out) { mix.read(out); };
  pass(read, samples_, stop_.get_token(), [&](std::span<float> block) {
    meter.add(block);
    mix_->write(block);
  });
  loudness_ = meter.finish();
}

LoudnessReport Soundtrack::limit(const LoudnessSpec& wish, SampleFile& to) {
  LoudnessReport l{.target = wish.target, .ceiling = wish.true_peak, .limited = true};
  l.gain = wish.target - loudness_.integrated;
  l.range = loudness_.range;
  for (int round = 0; round < kRounds; ++round) {
    media::PeakLimiter limiter(l.gain, wish.true_peak - kReserve, kSampleRate);
    media::LoudnessMeter meter(kSampleRate);
    to.rewind();
    auto use = [&](const std::vector<float>& part) {
      meter.add(part);
      to.write(part);
    };
    pass(reader_of(*mix_), samples_, stop_.get_token(),
         [&](std::span<float> block) { use(limiter.process(block)); });
    use(limiter.finish());
    const media::Loudness found = meter.finish();
    l.integrated = found.integrated;
    l.true_peak = found.true_peak;
    const double missing = wish.target - l.integrated;
    if (std::abs(missing) <= kNear || round + 1 == kRounds) break;
    l.gain += missing;
  }
  return l;
}

void Soundtrack::encode(SampleFile& sound, double gain, const AudioSettings& settings,
                        const std::string& part) {
  auto begin = [&](std::int64_t) { return amplified(reader_of(sound), gain); };
  // Any change of the programme is another gain: nothing of it would be found again.
  encode_sound(begin, samples_, settings, {}, nullptr, part, stop_.get_token());
}

LoudnessReport Soundtrack::make(const OutputSpec& output, const std::string& part) {
  mix_once();
  const LoudnessSpec& wish = output.loudness.value();
  LoudnessReport l{.target = wish.target, .ceiling = wish.true_peak, .measured = loudness_.measured};
  if (!l.measured) {
    encode(*mix_, 0, output.audio, part);
    return l;
  }
  l.gain = wish.target - loudness_.integrated;
  l.integrated = wish.target;
  l.true_peak = loudness_.true_peak + l.gain;
  l.range = loudness_.range;
  if (l.true_peak <= wish.true_peak) {
    encode(*mix_, l.gain, output.audio, part);
    return l;
  }
  SampleFile limited(store_.run_dir() + "/limited.f32");
  l = limit(wish, limited);
  encode(limited, 0, output.audio, part);
  return l;
}

Soundtrack::Track Soundtrack::of(const OutputSpec& output) {
  if (ahead_.joinable()) ahead_.join();
  if (error_) std::rethrow_exception(error_);
  return make_or_find(output);
}

void Soundtrack::stop_copying(const OutputSpec& output) {
  const std::string key = key_of(output);
  store_.forget(key);
  store_.forget(mix_key(key));
  copies_ = false;
}

Soundtrack::Track Soundtrack::make_or_find(const OutputSpec& output) {
  if (output.audio.codec == "none") return {};
  const std::string key = key_of(output);
  if (auto track = stored(output, key)) return *track;
  const std::string part = store_.part_path(key);
  FileRemover remover(part);
  Track track;
  if (output.loudness) {
    track.loudness = make(output, part);
    keep(loudness_key(key), to_json_value(*track.loudness).dump());
    warn_of_loudness(track, output);
  } else {
    std::optional<AudioMix> mix;
    auto begin = [&](std::int64_t sample) -> ReadSound {
      if (sample == 0) mix.emplace(p_.plan, render_, p_.media);
      mix->seek(sample);
      return [&](std::span<float> out) { mix->read(out); };
    };
    const std::int64_t samples = frame_to_sample(render_.frames, p_.job.canvas.fps, kSampleRate);
    const SoundCopies copies = copies_ ? choose_sound_copies(p_.plan, render_, output) : SoundCopies();
    const std::vector<CopiedSound> copied =
        encode_sound(begin, samples, output.audio, copies, &store_, part, stop_.get_token());
    const nlohmann::json note = note_of_mix(mix->clipped(), copied);
    keep(mix_key(key), note.dump());
    tell_of_mix(track, note);
  }
  store_.keep(part, key, unproven_);
  remover.release();
  track.file = store_.find(key);
  return track;
}

}  // namespace avstage::run
