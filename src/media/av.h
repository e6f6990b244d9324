#pragma once

// libav headers are C; they need these macros before <cstdint> on some systems.
extern "C" {
#include <libavcodec/avcodec.h>
#include <libavfilter/avfilter.h>
#include <libavformat/avformat.h>
#include <libavutil/dict.h>
#include <libavutil/frame.h>
#include <libavutil/pixdesc.h>
}

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "avstage/error.h"
#include "avstage/time.h"

/// RAII and error checking over libav: only what the verbs of media/ need.
namespace avstage::media {

/// Of the buffers between libav and what it reads from or writes to, in bytes.
inline constexpr int kIoBufferSize = 64 * 1024;
/// Of all sound that is mixed, measured and encoded.
inline constexpr int kChannels = 2;

struct CodecContextDeleter {
  void operator()(AVCodecContext* c) const { avcodec_free_context(&c); }
};
struct FrameDeleter {
  void operator()(AVFrame* f) const { av_frame_free(&f); }
};
struct PacketDeleter {
  void operator()(AVPacket* p) const { av_packet_free(&p); }
};
struct CodecParametersDeleter {
  void operator()(AVCodecParameters* p) const { avcodec_parameters_free(&p); }
};
using CodecContextPtr = std::unique_ptr<AVCodecContext, CodecContextDeleter>;
using FramePtr = std::unique_ptr<AVFrame, FrameDeleter>;
using PacketPtr = std::unique_ptr<AVPacket, PacketDeleter>;
using CodecParametersPtr = std::unique_ptr<AVCodecParameters, CodecParametersDeleter>;

FramePtr make_frame();
PacketPtr make_packet();
/// A new reference to the same data.
FramePtr ref_frame(const AVFrame& frame);

std::string_view bytes_of(const AVPacket& packet);
std::string_view extradata_of(const AVCodecParameters& parameters);
/// Whether one decoder shows packets of both without a new header.
bool same_parameter_sets(const AVCodecParameters& a, const AVCodecParameters& b);
/// Of a planar picture's samples: equal for equal pictures, and not meant against an adversary.
std::uint64_t picture_hash(const AVFrame& frame);

/// A colour code that libav does not know becomes "unspecified", as libav makes it in H.264 and in mp4: its
/// Matroska demuxer and its ProRes and MPEG-2 decoders hand over what the medium says, any byte, in an enum.
void forget_unknown_colors(AVCodecParameters& parameters);
void forget_unknown_colors(AVFrame& frame);

/// Replaces the parameter sets.
void set_extradata(AVCodecParameters& parameters, std::string_view bytes);

/// Options as key/value pairs: never a string that would need escaping.
using Options = std::vector<std::pair<std::string, std::string>>;

/// `ret` when it is ≥ 0; else throws Error{code} "name: what: <libav's reason> (<libav's last log line>)".
/// Error{local} instead where threads have run out, and where memory has, which is no fault of the job; but a
/// medium that asks for too much memory is a damaged one.
int check(int ret, std::string_view what, std::string_view name, ErrorCode code = ErrorCode::input);

/// Installs avstage's log callback for libav (once, idempotent): nothing of libav reaches stderr, its lines
/// go to log::debug free of secrets, and the last one of this thread is kept for check().
void init_logging();
/// The last warning or error line libav logged on this thread, cleared by the call.
std::string take_last_log_line();

inline AVRational to_av(Rational r) {
  return {static_cast<int>(r.num), static_cast<int>(r.den)};
}
inline Rational from_av(AVRational r) {
  return r.den == 0 ? Rational(0) : Rational(r.num, r.den);
}

/// "libavcodec 59.37.100, …": the libraries that make pixels, part of every content key.
std::string library_versions();

}  // namespace avstage::media
