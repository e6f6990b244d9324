#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <functional>
#include <limits>
#include <set>

#include "base/mezzanine.h"
#include "media/copy_syntax.h"
#include "media/encoder.h"
#include "media/h264.h"
#include "media/mpeg2.h"

extern "C" {
#include <libavutil/opt.h>
}

namespace avstage::media {
namespace {

struct Kind {
  const char* library;
  double default_crf;
};

Kind kind_of(const std::string& codec) {
  if (codec == "h264") return {"libx264", 20};
  if (codec == "hevc") return {"libx265", 23};
  if (codec == "vp9") return {"libvpx-vp9", 24};
  throw Error(
      ErrorCode::usage,
      fmt::format("video codec '{}' is unknown; allowed are h264, hevc, vp9 and mezzanine codecs", codec));
}

CodecContextPtr allocate(std::string_view library) {
  const AVCodec* encoder = avcodec_find_encoder_by_name(library.data());
  if (encoder == nullptr) {
    throw Error(ErrorCode::local, fmt::format("this libavcodec is built without the encoder {}", library));
  }
  CodecContextPtr context(avcodec_alloc_context3(encoder));
  if (!context) throw std::bad_alloc();
  return context;
}

// x264 itself would complain on stderr.
void require_preset(const std::string& preset) {
  constexpr std::array names = {"ultrafast", "superfast", "veryfast", "faster",   "fast",
                                "medium",    "slow",      "slower",   "veryslow", "placebo"};
  if (std::find(names.begin(), names.end(), preset) != names.end()) return;
  throw Error(ErrorCode::usage,
              fmt::format("preset '{}' is unknown; allowed are {}", preset, fmt::join(names, ", ")));
}

void describe_picture(AVCodecContext& c, const VideoEncoderSettings& s) {
  c.width = s.width;
  c.height = s.height;
  c.pix_fmt = av_get_pix_fmt(s.pix_fmt.c_str());
  c.sample_aspect_ratio = {1, 1};
  c.framerate = to_av(s.fps);
  c.time_base = av_inv_q(c.framerate);
  c.color_primaries = AVCOL_PRI_BT709;
  c.color_trc = AVCOL_TRC_BT709;
  c.colorspace = AVCOL_SPC_BT709;
  c.color_range = AVCOL_RANGE_MPEG;
}

int clamp_int(std::int64_t value) {
  return static_cast<int>(std::clamp<std::int64_t>(value, 1, std::numeric_limits<int>::max()));
}

void set_rate(AVCodecContext& c, const VideoEncoderSettings& s, double default_crf) {
  if (s.bitrate && !s.crf) {
    c.bit_rate = *s.bitrate;
    c.rc_max_rate = *s.bitrate + *s.bitrate / 2;
    c.rc_buffer_size = clamp_int(*s.bitrate * 2);
    return;
  }
  check(av_opt_set_double(c.priv_data, "crf", s.crf.value_or(default_crf), 0), "option crf", c.codec->name,
        ErrorCode::usage);
}

// Its second picture, the alpha, allows neither frames that are not shown nor a look ahead.
void set_quick_vp9(AVCodecContext& c) {
  for (auto [name, value] : {std::pair("deadline", "realtime"), std::pair("cpu-used", "8"),
                             std::pair("auto-alt-ref", "0"), std::pair("lag-in-frames", "0")}) {
    check(av_opt_set(c.priv_data, name, value, 0), fmt::format("option {}", name), c.codec->name,
          ErrorCode::bug);
  }
}

int encoder_threads(const VideoEncoderSettings& s) {
  if (s.threads > 0) return s.threads;
  return s.codec == "h264" ? 2 : 4;
}

/// Of two threads. The time base is the frame rate, so no picture has to be held back until the next one
/// tells how long it lasts; and two pictures between the input and the thread that looks ahead are as fast as
/// x264's four. At 1080p each picture is 7 MB.
constexpr const char* kX264Params = "force-cfr=1:sync-lookahead=2";

// GOPs of at most ten seconds; scene cuts add key frames of their own. All of it is closed, so that pieces
// can be joined, and pinned, so that the same frames give the same bytes.
void set_structure(AVCodecContext& c, const VideoEncoderSettings& s) {
  c.gop_size = clamp_int((s.fps * Rational(10)).round());
  c.flags |= AV_CODEC_FLAG_GLOBAL_HEADER | AV_CODEC_FLAG_CLOSED_GOP;
  c.thread_count = encoder_threads(s);
  if (s.codec == "vp9") return set_quick_vp9(c);
  check(av_opt_set_int(c.priv_data, "forced-idr", 1, 0), "option forced-idr", c.codec->name, ErrorCode::bug);
  check(av_opt_set(c.priv_data, "preset", s.preset.c_str(), 0), "option preset", c.codec->name,
        ErrorCode::usage);
  if (s.codec == "h264") {
    check(av_opt_set(c.priv_data, "x264-params", kX264Params, 0), "option x264-params", c.codec->name,
          ErrorCode::bug);
  }
  if (s.codec == "hevc") {
    std::string params = fmt::format("log-level=error:open-gop=0:pools={}:frame-threads={}",
                                     encoder_threads(s), std::min(encoder_threads(s), 4));
    check(av_opt_set(c.priv_data, "x265-params", params.c_str(), 0), "option x265-params", c.codec->name,
          ErrorCode::bug);
  }
}

/// What a try at fitting in with another stream changes.
using Adapt = std::function<void(AVCodecContext&)>;

CodecContextPtr open(const VideoEncoderSettings& settings, const Adapt& adapt) {
  Kind kind = kind_of(settings.codec);
  CodecContextPtr context = allocate(kind.library);
  describe_picture(*context, settings);
  set_structure(*context, settings);
  set_rate(*context, settings, kind.default_crf);
  if (adapt) adapt(*context);
  check(avcodec_open2(context.get(), nullptr, nullptr), "cannot be opened", kind.library, ErrorCode::local);
  return context;
}

/// Slice threads: one rate control sees every frame in order, however many threads there are.
CodecContextPtr open_intra(const Mezzanine& intra, const VideoEncoderSettings& settings) {
  CodecContextPtr context = allocate(intra.encoder);
  auto set = [&](const char* name, std::string_view value) {
    check(av_opt_set(context->priv_data, name, value.data(), 0), fmt::format("option {}", name),
          context->codec->name, ErrorCode::bug);
  };
  describe_picture(*context, settings);
  context->field_order = AV_FIELD_PROGRESSIVE;
  context->thread_count = encoder_threads(settings);
  context->thread_type = FF_THREAD_SLICE;
  set("profile", intra.profile);
  if (intra.codec == "prores") set("vendor", "apl0");  // editing systems look at it
  check(avcodec_open2(context.get(), nullptr, nullptr), "cannot be opened", context->codec->name,
        ErrorCode::local);
  return context;
}

/// The longest of whole mini-groups of three pictures that lasts half a second: 12, 15, 24 or 30 frames.
int xdcam_group(Rational fps) {
  constexpr int kMiniGroup = 3;
  return static_cast<int>((fps / Rational(2 * kMiniGroup) + Rational(1, 10)).floor()) * kMiniGroup;
}

/// 50 Mbit/s, filled up where a picture needs less. Closed groups, so that pieces can be joined.
CodecContextPtr open_xdcam(const VideoEncoderSettings& settings) {
  constexpr std::int64_t kBitRate = 50'000'000, kBuffer = 36'421'632;
  CodecContextPtr context = allocate(mezzanine(kXdcam)->encoder);
  AVCodecContext& c = *context;
  auto set = [&](const char* name, const char* value) {
    check(av_opt_set(c.priv_data, name, value, 0), fmt::format("option {}", name), c.codec->name,
          ErrorCode::bug);
  };
  describe_picture(c, settings);
  c.field_order = AV_FIELD_PROGRESSIVE;
  c.profile = FF_PROFILE_MPEG2_422;
  c.thread_count = encoder_threads(settings);
  c.thread_type = FF_THREAD_SLICE;
  c.gop_size = xdcam_group(settings.fps);
  c.max_b_frames = 2;
  c.flags |= AV_CODEC_FLAG_CLOSED_GOP;
  c.bit_rate = c.rc_min_rate = c.rc_max_rate = kBitRate;
  const auto beside = mpeg2::read_sequence(settings.beside);
  c.rc_buffer_size = static_cast<int>(beside ? beside->buffer : kBuffer);
  c.rc_initial_buffer_occupancy = c.rc_buffer_size / 4 * 3;
  c.rc_max_available_vbv_use = c.rc_min_vbv_overflow_use = 1;
  c.intra_dc_precision = 2;  // ten bits
  c.qmin = 1;
  c.qmax = 28;  // the coarsest of the scale that is not linear
  set("lmin", "1*QP2LAMBDA");
  set("non_linear_quant", "1");
  set("intra_vlc", "1");
  set("mpv_flags", "+strict_gop");
  set("sc_threshold", "1000000000");  // its closed groups allow no other
  check(avcodec_open2(&c, nullptr, nullptr), "cannot be opened", c.codec->name, ErrorCode::local);
  return context;
}

/// x264 numbers its sequence and its picture parameter set alike.
int free_number(const h264::ParameterSets& sets) {
  std::set<int> taken;
  for (const std::string& nal : sets.sps) taken.insert(h264::parse_sps(nal).id);
  for (const std::string& nal : sets.pps) taken.insert(h264::pps_id(nal));
  for (int id = 1; id < 32; ++id) {
    if (!taken.contains(id)) return id;
  }
  throw Error(ErrorCode::proof, "no number is left for a parameter set", "copy");
}

/// How much of its preset's reordering and buffer the encoder has to give up.
struct Depth {
  bool limit_references, pyramid, b_frames;
};

void adapt(AVCodecContext& c, const std::string& preset, const h264::Sps& other, int number, Depth depth) {
  auto set = [&](const char* name, const std::string& value) {
    check(av_opt_set(c.priv_data, name, value.c_str(), 0), name, c.codec->name, ErrorCode::bug);
  };
  // A stream that uses less says it is of a lower profile, and some decoders begin anew at another profile.
  const char* as_rich = other.profile == 100 ? ":8x8dct=1" : other.profile == 77 ? ":cabac=1" : "";
  // Some decoders lose what they hold back where the number of reference frames falls.
  set("x264-params",
      fmt::format("{}:sps-id={}:dpb-size={}{}", kX264Params, number, std::max(1, other.references), as_rich));
  set("profile", other.profile == 66 ? "baseline" : other.profile == 77 ? "main" : "high");
  if (!depth.pyramid) set("b-pyramid", "none");
  // Without B frames pictures are ordered by other rules; only the fastest preset has none.
  if (!depth.b_frames || preset == "ultrafast") c.max_b_frames = depth.b_frames ? 3 : 0;
  if (depth.limit_references) c.refs = std::max(1, other.references);
  c.level = other.level;
  if (other.sar_width == 0) c.sample_aspect_ratio = {0, 1};
  c.color_primaries = static_cast<AVColorPrimaries>(other.primaries);
  c.color_trc = static_cast<AVColorTransferCharacteristic>(other.transfer);
  c.colorspace = static_cast<AVColorSpace>(other.matrix);
}

CodecContextPtr open_beside(const VideoEncoderSettings& settings, std::string& extradata) {
  const h264::ParameterSets sets = h264::read_sets(settings.beside);
  const h264::Sps other = h264::parse_sps(sets.sps.at(0));
  const int number = free_number(sets);
  const bool b_frames = other.reorder > 0, pyramid = other.reorder > 1 && other.dpb > 3;
  for (const Depth depth : {Depth{false, pyramid, b_frames}, Depth{true, pyramid, b_frames},
                            Depth{true, false, b_frames}, Depth{true, false, false}}) {
    CodecContextPtr context =
        open(settings, [&](AVCodecContext& c) { adapt(c, settings.preset, other, number, depth); });
    h264::ParameterSets own = h264::read_sets({reinterpret_cast<const char*>(context->extradata),
                                               static_cast<std::size_t>(context->extradata_size)});
    const h264::Sps sps = h264::parse_sps(own.sps.at(0));
    const bool fits = sps.profile == other.profile && sps.reorder <= other.reorder && sps.dpb <= other.dpb &&
                      sps.references <= std::max(1, other.references);
    if (!fits || !sps.stated) continue;
    const std::string start("\0\0\0\1", 4);
    extradata = start + h264::with_reordering(own.sps[0], other.reorder, other.dpb) + start + own.pps.at(0);
    return context;
  }
  throw Error(
      ErrorCode::proof,
      fmt::format("the encoder cannot keep to {} reordered and {} kept frames", other.reorder, other.dpb),
      "copy");
}

}  // namespace

VideoEncoder::VideoEncoder(const VideoEncoderSettings& settings) {
  init_logging();
  require_preset(settings.preset);
  const Mezzanine* profile = mezzanine(settings.codec);
  if (settings.codec == kXdcam) headers_ = settings.beside;
  context_ = (settings.codec == kXdcam  ? open_xdcam(settings)
              : profile                 ? open_intra(*profile, settings)
              : settings.beside.empty() ? open(settings, {})
                                        : open_beside(settings, extradata_))
                 .release();
  key_frames_ = settings.key_frames;
}

VideoEncoder::~VideoEncoder() {
  avcodec_free_context(&context_);
}

VideoEncoder::VideoEncoder(VideoEncoder&& other) noexcept {
  *this = std::move(other);
}

VideoEncoder& VideoEncoder::operator=(VideoEncoder&& other) noexcept {
  std::swap(context_, other.context_);
  std::swap(key_frames_, other.key_frames_);
  std::swap(sent_, other.sent_);
  std::swap(extradata_, other.extradata_);
  std::swap(headers_, other.headers_);
  return *this;
}

void VideoEncoder::send(const AVFrame* frame) {
  if (frame == nullptr) {
    check(avcodec_send_frame(context_, nullptr), "end of input", context_->codec->name, ErrorCode::local);
    return;
  }
  if (frame->width != context_->width || frame->height != context_->height ||
      frame->format != context_->pix_fmt) {
    throw Error(ErrorCode::bug, fmt::format("encoder for {}x{} was given a frame of {}x{}", context_->width,
                                            context_->height, frame->width, frame->height));
  }
  FramePtr copy = ref_frame(*frame);
  // A decoder's picture types would be forced upon the encoder.
  const bool key = sent_ == 0 || std::binary_search(key_frames_.begin(), key_frames_.end(), sent_);
  copy->pict_type = key ? AV_PICTURE_TYPE_I : AV_PICTURE_TYPE_NONE;
  copy->key_frame = 0;
  // Some encoders write a frame's own tags, not the stream's.
  copy->color_primaries = context_->color_primaries;
  copy->color_trc = context_->color_trc;
  copy->colorspace = context_->colorspace;
  check(avcodec_send_frame(context_, copy.get()), "encoding a frame", context_->codec->name,
        ErrorCode::local);
  ++sent_;
}

PacketPtr VideoEncoder::receive() {
  PacketPtr packet = make_packet();
  int ret = avcodec_receive_packet(context_, packet.get());
  if (ret == AVERROR(EAGAIN) || ret == AVERROR_EOF) return nullptr;
  check(ret, "encoding", context_->codec->name, ErrorCode::local);
  if (packet->duration == 0) packet->duration = 1;
  if (!headers_.empty() && (packet->flags & AV_PKT_FLAG_KEY) != 0) replace_headers(*packet);
  return packet;
}

void VideoEncoder::replace_headers(AVPacket& packet) const {
  const std::string bytes = mpeg2::with_headers(bytes_of(packet), headers_);
  PacketPtr other = make_packet();
  check(av_new_packet(other.get(), static_cast<int>(bytes.size())), "cannot allocate", "packet",
        ErrorCode::local);
  std::copy(bytes.begin(), bytes.end(), other->data);
  check(av_packet_copy_props(other.get(), &packet), "cannot allocate", "packet", ErrorCode::local);
  av_packet_unref(&packet);
  av_packet_move_ref(&packet, other.get());
}

CodecParametersPtr VideoEncoder::parameters() const {
  CodecParametersPtr parameters(avcodec_parameters_alloc());
  if (!parameters) throw std::bad_alloc();
  check(avcodec_parameters_from_context(parameters.get(), context_), "parameters", context_->codec->name,
        ErrorCode::local);
  if (!extradata_.empty()) set_extradata(*parameters, extradata_);
  return parameters;
}

std::string parameter_sets(const VideoEncoderSettings& settings) {
  const CodecParametersPtr parameters = VideoEncoder(settings).parameters();
  return track_sets(*parameters);
}

Rational VideoEncoder::time_base() const {
  return from_av(context_->time_base);
}

}  // namespace avstage::media
