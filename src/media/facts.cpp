#include "media/facts.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <limits>

#include "media/allow_lists.h"

extern "C" {
#include <libavutil/display.h>
}

namespace avstage::media {
namespace {

bool is_mov_family(const AVFormatContext& context) {
  return std::string_view(context.iformat->name).starts_with("mov,");
}

bool is_image(const AVFormatContext& context) {
  return std::string_view(context.iformat->name).ends_with("_pipe");
}

std::string text(const char* name) {
  return name != nullptr ? name : "unknown";
}

Time time_of(std::int64_t timestamp, const AVStream& stream) {
  return timestamp == AV_NOPTS_VALUE ? Time(0) : Time(timestamp) * from_av(stream.time_base);
}

Orientation orientation_of(const AVStream& stream) {
  std::size_t size = 0;
  const std::uint8_t* matrix = av_stream_get_side_data(&stream, AV_PKT_DATA_DISPLAYMATRIX, &size);
  if (matrix == nullptr || size < 9 * sizeof(std::int32_t)) return {};
  return media::orientation_of(reinterpret_cast<const std::int32_t*>(matrix));
}

// Samples in the index less those an edit list hides: the frames that will be shown. Fragmented files have no
// complete index and promise nothing.
std::optional<std::int64_t> promised_frames(const AVFormatContext& context, AVStream& stream) {
  if (stream.nb_frames <= 0) return std::nullopt;
  if (!is_mov_family(context)) return stream.nb_frames;
  std::int64_t shown = 0;
  for (int i = 0, n = avformat_index_get_entries_count(&stream); i < n; ++i) {
    const AVIndexEntry* entry = avformat_index_get_entry(&stream, i);
    if ((entry->flags & AVINDEX_DISCARD_FRAME) == 0) ++shown;
  }
  return shown;
}

// Matroska's statistics tag "00:01:02.345000000": the end of this stream, where the header knows only the
// longest one.
std::optional<Time> tagged_duration(const AVStream& stream) {
  const AVDictionaryEntry* tag = av_dict_get(stream.metadata, "DURATION", nullptr, 0);
  if (tag == nullptr) return std::nullopt;
  int hours = 0, minutes = 0, used = 0;
  if (std::sscanf(tag->value, "%3d:%2d:%n", &hours, &minutes, &used) != 2 || used == 0) return std::nullopt;
  auto seconds = parse_decimal(tag->value + used);
  if (!seconds || hours < 0 || minutes < 0) return std::nullopt;
  Time end = Time(hours * 3600 + minutes * 60) + *seconds - time_of(stream.start_time, stream);
  return end > Time(0) ? std::optional(end) : std::nullopt;
}

// libav guesses a length from the bit rate, and for a fragmented mp4 gives the part it has seen.
std::optional<Time> stated_duration(const AVFormatContext& context, const AVStream& stream) {
  if (context.duration_estimation_method == AVFMT_DURATION_FROM_BITRATE) return std::nullopt;
  if (is_mov_family(context) && stream.nb_frames <= 0) return std::nullopt;
  if (stream.duration != AV_NOPTS_VALUE && stream.duration > 0) return time_of(stream.duration, stream);
  if (auto tagged = tagged_duration(stream)) return tagged;
  if (context.nb_streams > 1) return std::nullopt;  // the header's length is that of the longest stream
  if (context.duration != AV_NOPTS_VALUE && context.duration > 0) return Time(context.duration, AV_TIME_BASE);
  return std::nullopt;
}

void check_limits(const VideoFacts& v, bool still, const std::string& name) {
  const long most = still ? kMaxPixels : kMaxMovingPixels;
  if (v.width > kMaxSide || v.height > kMaxSide || static_cast<std::int64_t>(v.width) * v.height > most) {
    throw Error(ErrorCode::input, fmt::format("{}: the picture is {}x{}; allowed are {} a side and {} Mpixel",
                                              name, v.width, v.height, kMaxSide, most / 1'000'000));
  }
  constexpr int widest = 4 * kMaxSide;
  if (v.display_width < 1 || v.display_width > widest || v.display_height < 1 || v.display_height > widest) {
    throw Error(ErrorCode::input, fmt::format("{}: pixels of {}x1 make the picture {}x{}", name, v.sar.str(),
                                              v.display_width, v.display_height));
  }
  if (v.fps > Rational(kMaxFps)) {
    throw Error(ErrorCode::input,
                fmt::format("{}: {} frames a second; allowed are up to {}", name, v.fps.str(), kMaxFps));
  }
}

bool has_alpha(AVPixelFormat format) {
  const AVPixFmtDescriptor* description = av_pix_fmt_desc_get(format);
  return description != nullptr && (description->flags & AV_PIX_FMT_FLAG_ALPHA) != 0;
}

void set_pixels(VideoFacts& v, const AVStream& stream) {
  const AVCodecParameters& p = *stream.codecpar;
  auto format = static_cast<AVPixelFormat>(p.format);
  bool side_alpha = has_side_alpha(stream);
  v.pix_fmt = side_alpha && format == AV_PIX_FMT_YUV420P ? "yuva420p" : text(av_get_pix_fmt_name(format));
  v.alpha = side_alpha || has_alpha(format);
  v.interlaced = p.field_order != AV_FIELD_UNKNOWN && p.field_order != AV_FIELD_PROGRESSIVE;
  v.color_matrix = text(av_color_space_name(p.color_space));
  v.color_range = text(av_color_range_name(p.color_range));
  v.color_primaries = text(av_color_primaries_name(p.color_primaries));
  v.color_transfer = text(av_color_transfer_name(p.color_trc));
}

VideoFacts video_facts(AVFormatContext& context, AVStream& stream, const std::string& name) {
  VideoFacts v;
  v.codec = avcodec_get_name(stream.codecpar->codec_id);
  v.width = stream.codecpar->width;
  v.height = stream.codecpar->height;
  if (v.width <= 0 || v.height <= 0) {
    // libav leaves out a size that it refuses to decode.
    throw Error(ErrorCode::input, fmt::format("{}: the {} picture has no size, or more than {} Mpixel", name,
                                              v.codec, kMaxPixels / 1'000'000));
  }
  AVRational sar = av_guess_sample_aspect_ratio(&context, &stream, nullptr);
  if (sar.num > 0 && sar.den > 0) v.sar = from_av(sar);
  set_orientation(v, orientation_of(stream));
  set_pixels(v, stream);
  v.start = time_of(stream.start_time, stream);
  if (!is_image(context)) {
    v.fps = from_av(stream.avg_frame_rate.num > 0 ? stream.avg_frame_rate : stream.r_frame_rate);
    v.frames = promised_frames(context, stream);
    v.duration = stated_duration(context, stream);
    v.duration = exact_duration(v);
  }
  check_limits(v, is_image(context), name);
  return v;
}

AudioFacts audio_facts(const AVFormatContext& context, const AVStream& stream, const std::string& name) {
  AudioFacts a;
  a.codec = avcodec_get_name(stream.codecpar->codec_id);
  a.sample_rate = stream.codecpar->sample_rate;
  a.channels = stream.codecpar->ch_layout.nb_channels;
  if (a.sample_rate <= 0 || a.channels <= 0) {
    throw Error(ErrorCode::input, fmt::format("{}: the {} sound has no sample rate", name, a.codec));
  }
  a.start = time_of(stream.start_time, stream);
  if (a.start < Time(0)) {  // the encoder's priming, which is decoded but not heard
    a.start = a.start + Time(stream.codecpar->initial_padding, a.sample_rate);
  }
  a.duration = stated_duration(context, stream);
  return a;
}

}  // namespace

Orientation orientation_of(const std::int32_t* display_matrix) {
  std::array<std::int32_t, 9> m{};
  std::copy_n(display_matrix, m.size(), m.begin());
  Orientation o;
  o.mirrored = double(m[0]) * m[4] - double(m[1]) * m[3] < 0;
  if (o.mirrored) m[0] = -m[0], m[1] = -m[1];
  const double counter_clockwise = av_display_rotation_get(m.data());
  if (std::isnan(counter_clockwise)) return {};
  const int quarter_turns = static_cast<int>(std::lround(-counter_clockwise / 90.0));
  o.rotation = ((quarter_turns % 4) + 4) % 4 * 90;
  return o;
}

Orientation orientation_of(const AVFrame& frame) {
  const AVFrameSideData* matrix = av_frame_get_side_data(&frame, AV_FRAME_DATA_DISPLAYMATRIX);
  if (matrix == nullptr || matrix->size < 9 * sizeof(std::int32_t)) return {};
  return orientation_of(reinterpret_cast<const std::int32_t*>(matrix->data));
}

void set_orientation(VideoFacts& v, const Orientation& orientation) {
  v.rotation = orientation.rotation;
  v.mirrored = orientation.mirrored;
  const std::int64_t width = (Rational(v.width) * v.sar).round();
  v.display_width = static_cast<int>(std::min<std::int64_t>(width, std::numeric_limits<int>::max()));
  v.display_height = v.height;
  if (v.rotation % 180 != 0) std::swap(v.display_width, v.display_height);
}

std::optional<Time> exact_duration(const VideoFacts& v) {
  if (!v.duration || !v.frames || v.fps.num == 0) return v.duration;
  Time whole = Time(*v.frames) / v.fps;
  Time off = whole - *v.duration;
  Time half_frame = Time(1, 2) / v.fps;
  return off < half_frame && -off < half_frame ? whole : *v.duration;
}

bool has_side_alpha(const AVStream& stream) {
  AVCodecID codec = stream.codecpar->codec_id;
  if (codec != AV_CODEC_ID_VP8 && codec != AV_CODEC_ID_VP9) return false;
  const AVDictionaryEntry* tag = av_dict_get(stream.metadata, "alpha_mode", nullptr, 0);
  return tag != nullptr && std::string_view(tag->value) == "1";
}

std::optional<Time> available(const MediaFacts& facts) {
  if (facts.image) return std::nullopt;
  if (facts.video) return facts.video->duration;
  return facts.audio ? facts.audio->duration : std::nullopt;
}

MediaFacts read_facts(AVFormatContext& context, AVStream* video, AVStream* audio, const std::string& name) {
  MediaFacts facts;
  facts.format = context.iformat->name;
  facts.image = is_image(context);
  if (video != nullptr) facts.video = video_facts(context, *video, name);
  if (audio != nullptr) facts.audio = audio_facts(context, *audio, name);
  facts.available = available(facts);
  return facts;
}

}  // namespace avstage::media
