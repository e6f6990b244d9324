#include <fmt/format.h>

#include <string_view>

#include "base/mezzanine.h"
#include "timeline/fields.h"
#include "timeline/hls_reader.h"
#include "timeline/message.h"
#include "timeline/readers.h"
#include "timeline/words.h"

namespace avstage {
namespace {

constexpr std::string_view video_codecs[] = {"h264",      "hevc",     "prores_proxy", "prores_lt", "prores",
                                             "prores_hq", "dnxhr_lb", "dnxhr_sq",     "dnxhr_hq",  kXdcam};
constexpr std::string_view audio_codecs[] = {"aac", "pcm_s24le", "none"};
constexpr std::string_view profiles[] = {"hls-ladder"};
constexpr std::string_view presets[] = {"ultrafast", "superfast", "veryfast", "faster",   "fast",
                                        "medium",    "slow",      "slower",   "veryslow", "placebo"};

constexpr std::string_view copies[] = {"auto", "never"};

struct OutputDraft {
  std::string base_dir;
  OutputSpec output;
};

constexpr Field<AudioSettings> audio_fields[] = {
    {"codec", [](const Value& v, AudioSettings& a) { a.codec = v.choice(audio_codecs); }},
    {"bitrate", [](const Value& v,
                   AudioSettings& a) { a.bitrate = static_cast<int>(read_bitrate(v, 16'000, 512'000)); }},
};

AudioSettings read_audio(const Value& value) {
  AudioSettings audio;
  read_fields<AudioSettings>(value, "audio settings", {audio_fields}, audio);
  return audio;
}

std::string codec_word(const std::string& codec) {
  return fmt::format("\"codec\": \"{}\"", codec);
}

/// What suits the pictures, where nothing is said of the sound; then whether it all goes together.
void settle_audio(const Value& value, OutputSpec& output) {
  const auto audio = value.find("audio");
  const auto codec = audio ? audio->find("codec") : std::nullopt;
  const auto bitrate = audio ? audio->find("bitrate") : std::nullopt;
  if (!codec && mezzanine(output.codec)) output.audio.codec = "pcm_s24le";
  if (bitrate && output.audio.codec != "aac") {
    fail(bitrate->mark(), "value", "a bitrate beside " + codec_word(output.audio.codec),
         "a bitrate only with \"aac\"");
  }
  if (codec && output.audio.codec == "pcm_s24le" && !output.path.ends_with(".mov")) {
    fail(codec->mark(), "value", codec_word(output.audio.codec) + " for a file that is no .mov",
         "it with a \"path\" that ends in .mov; elsewhere aac, none");
  }
}

/// The profile of such a codec settles what the words of others are for.
void check_mezzanine(const Value& value, const OutputSpec& output, const Canvas& canvas) {
  const Mezzanine* profile = mezzanine(output.codec);
  if (!profile) return;
  const Mark codec = value.find("codec")->mark();
  if (!output.path.ends_with(".mov")) {
    fail(codec, "value", codec_word(output.codec) + " for a file that is no .mov",
         "it with a \"path\" that ends in .mov; elsewhere h264, hevc");
  }
  for (const char* key : {"crf", "bitrate", "preset"}) {
    auto found = value.find(key);
    if (!found) continue;
    fail(found->mark(), "value", fmt::format("\"{}\" beside {}", key, codec_word(output.codec)),
         fmt::format("\"{}\" only with h264, hevc", key));
  }
  const auto [width, height] = output.size.value_or(std::pair(canvas.width, canvas.height));
  const std::string allowed = why_not_shape(*profile, width, height, canvas.fps);
  if (allowed.empty()) return;
  fail(codec, "value",
       fmt::format("{} for {}x{} at {:.5g} frames a second", codec_word(output.codec), width, height,
                   canvas.fps.to_double()),
       "it " + allowed);
}

constexpr Field<LoudnessSpec> loudness_fields[] = {
    {"target", [](const Value& v, LoudnessSpec& l) { l.target = v.number(-40, -5); }},
    {"true_peak", [](const Value& v, LoudnessSpec& l) { l.true_peak = v.number(-9, 0); }},
};

/// A number is the target.
LoudnessSpec read_loudness(const Value& value) {
  LoudnessSpec loudness;
  if (value.is(Value::Type::number)) {
    loudness.target = value.number(-40, -5);
    return loudness;
  }
  if (!value.is(Value::Type::object))
    value.refuse("LUFS from -40 to -5, such as -14, or { \"target\": -14, \"true_peak\": -1 }");
  read_fields<LoudnessSpec>(value, "a loudness", {loudness_fields}, loudness);
  if (!value.find("target")) value.refuse_missing("\"target\"", "\"target\" in LUFS, such as -14");
  return loudness;
}

constexpr Field<PosterSpec> poster_fields[] = {
    {"thumbnail",
     [](const Value& v, PosterSpec& p) {
       p.kind = PosterSpec::Kind::thumbnail;
       p.from = v.name("the id of an avatar clip");
     }},
    {"gif",
     [](const Value& v, PosterSpec& p) {
       p.kind = PosterSpec::Kind::gif;
       p.from = v.name("the id of an avatar clip");
     }},
};

/// Seconds in the film, or one of the vendor's pictures of a clip.
PosterSpec read_poster(const Value& value) {
  PosterSpec poster;
  poster.mark = value.mark();
  if (value.is(Value::Type::object)) {
    read_fields<PosterSpec>(value, "a poster", {poster_fields}, poster);
    if (value.node().members.size() != 1) value.refuse("exactly one of thumbnail, gif");
    return poster;
  }
  if (!value.is(Value::Type::number))
    value.refuse("seconds in the film, or { \"thumbnail\" or \"gif\": id }");
  value.number(0, 86400);
  auto seconds = parse_decimal(value.node().text);
  if (!seconds) value.refuse("seconds with at most 9 decimals");
  poster.at.seconds = *seconds;
  return poster;
}

constexpr Field<OutputDraft> output_fields[] = {
    {"path", [](const Value& v, OutputDraft& d) { read_output_path(v, d.base_dir, d.output); }},
    {"size", [](const Value& v, OutputDraft& d) { d.output.size = read_size(v, 16, 8192); }},
    {"codec", [](const Value& v, OutputDraft& d) { d.output.codec = v.choice(video_codecs); }},
    {"crf", [](const Value& v, OutputDraft& d) { d.output.crf = v.number(0, 51); }},
    {"bitrate",
     [](const Value& v, OutputDraft& d) { d.output.bitrate = read_bitrate(v, 10'000, 500'000'000); }},
    {"preset", [](const Value& v, OutputDraft& d) { d.output.preset = v.choice(presets); }},
    {"copy", [](const Value& v, OutputDraft& d) { d.output.copy = v.choice(copies); }},
    {"audio", [](const Value& v, OutputDraft& d) { d.output.audio = read_audio(v); }},
    {"loudness", [](const Value& v, OutputDraft& d) { d.output.loudness = read_loudness(v); }},
    {"poster", [](const Value& v, OutputDraft& d) { d.output.poster = read_poster(v); }},
    {"profile", [](const Value& v, OutputDraft&) { v.choice(profiles); }},
    {"variants", [](const Value&, OutputDraft&) {}},
    {"segment", [](const Value& v, OutputDraft& d) { d.output.media_segment = read_media_segment(v); }},
};

}  // namespace

std::vector<OutputSpec> read_output(const Value& value, const std::string& base_dir, const Canvas& canvas) {
  OutputDraft draft{base_dir, {}};
  read_fields<OutputDraft>(value, "an output", {output_fields}, draft);
  draft.output.mark = value.mark();
  if (draft.output.path.empty()) value.refuse_missing("\"path\"", "the file to write under \"path\"");
  refuse_two_rates(value, draft.output);
  settle_audio(value, draft.output);
  if (draft.output.loudness && draft.output.audio.codec == "none") {
    fail(value.find("loudness")->mark(), "value", "a loudness of an output without sound",
         "\"loudness\" only where \"audio\" has a codec");
  }
  if (is_hls(draft.output.path)) return read_renditions(value, draft.output, canvas);
  check_mezzanine(value, draft.output, canvas);
  for (const char* key : {"profile", "variants", "segment"}) {
    auto found = value.find(key);
    if (!found) continue;
    fail(found->mark(), "value", fmt::format("\"{}\" for a single file", key),
         "it with a \"path\" that ends in .m3u8");
  }
  return {draft.output};
}

}  // namespace avstage
