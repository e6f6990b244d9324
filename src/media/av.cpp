#include "media/av.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <link.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <filesystem>
#include <memory>
#include <mutex>
#include <new>
#include <set>
#include <type_traits>

#include "base/log.h"

extern "C" {
#include <libavutil/error.h>
#include <libavutil/imgutils.h>
#include <libavutil/log.h>
#include <libavutil/mem.h>
#include <libavutil/murmur3.h>
#include <libswresample/swresample.h>
#include <libswscale/swscale.h>
}

namespace avstage::media {
namespace {

struct ThreadLog {
  std::string partial;  // libav may give one line in several pieces
  std::string last;     // the last warning or error
};

ThreadLog& thread_log() {
  thread_local ThreadLog log;
  return log;
}

void append_message(std::string& line, const char* format, va_list args) {
  char text[1024];
  int length = std::vsnprintf(text, sizeof text, format, args);
  if (length > 0) line.append(text, std::min<std::size_t>(static_cast<std::size_t>(length), sizeof text - 1));
}

// The class name without libav's " @ 0x…": an address says nothing and makes messages differ from run to run.
std::string context_name(void* context) {
  if (context == nullptr) return "libav";
  const AVClass* c = *static_cast<const AVClass**>(context);
  if (c == nullptr) return "libav";
  return c->item_name != nullptr ? c->item_name(context) : c->class_name;
}

void log_callback(void* context, int level, const char* format, va_list args) noexcept {
  level &= 0xff;
  if (level > AV_LOG_INFO) return;
  try {
    ThreadLog& log = thread_log();
    append_message(log.partial, format, args);
    if (log.partial.empty() || log.partial.back() != '\n') return;
    std::string line = std::move(log.partial);
    log.partial.clear();
    while (!line.empty() && (line.back() == '\n' || line.back() == '\r')) line.pop_back();
    if (line.empty()) return;
    if (level <= AV_LOG_WARNING) log.last = line;
    avstage::log::debug("{}: {}", context_name(context), line);
  } catch (...) {  // a log line is not worth a crash
  }
}

std::string one_line(std::string text) {
  std::replace_if(
      text.begin(), text.end(), [](unsigned char c) { return c < 0x20 || c == 0x7f; }, ' ');
  return text;
}

std::string version(const char* library, unsigned v) {
  return fmt::format("{} {}.{}.{}", library, AV_VERSION_MAJOR(v), AV_VERSION_MINOR(v), AV_VERSION_MICRO(v));
}

/// What encodes and writes letters behind libav does not tell its version through it. Its file's name does.
std::set<std::string> files_behind() {
  std::set<std::string> names;
  auto look = [](dl_phdr_info* info, std::size_t, void* out) noexcept {
    try {
      const std::filesystem::path file = info->dlpi_name;
      for (const char* library : {"libx264.", "libx265.", "libfreetype.", "libharfbuzz.", "libfribidi."}) {
        if (!file.filename().string().starts_with(library)) continue;
        std::error_code ec;  // the link's name alone is better than nothing
        const std::filesystem::path real = std::filesystem::canonical(file, ec);
        static_cast<std::set<std::string>*>(out)->insert((ec ? file : real).filename().string());
      }
    } catch (...) {
      return 1;
    }
    return 0;
  };
  if (::dl_iterate_phdr(look, &names) != 0) throw std::bad_alloc();
  return names;
}

/// Not read as the enum: of a value that is none of it the language promises nothing.
template <typename Enum>
void keep_named(Enum& code, Enum count, const char* (*name)(Enum), Enum unspecified) {
  std::underlying_type_t<Enum> value{};
  std::memcpy(&value, &code, sizeof value);
  if (value >= static_cast<std::underlying_type_t<Enum>>(count) || name(code) == nullptr) code = unspecified;
}

template <typename Owner>
void forget_unknown(Owner& o, AVColorSpace& matrix) {
  keep_named(matrix, AVCOL_SPC_NB, av_color_space_name, AVCOL_SPC_UNSPECIFIED);
  keep_named(o.color_primaries, AVCOL_PRI_NB, av_color_primaries_name, AVCOL_PRI_UNSPECIFIED);
  keep_named(o.color_trc, AVCOL_TRC_NB, av_color_transfer_name, AVCOL_TRC_UNSPECIFIED);
  keep_named(o.color_range, AVCOL_RANGE_NB, av_color_range_name, AVCOL_RANGE_UNSPECIFIED);
}

}  // namespace

FramePtr make_frame() {
  FramePtr frame(av_frame_alloc());
  if (!frame) throw std::bad_alloc();
  return frame;
}

PacketPtr make_packet() {
  PacketPtr packet(av_packet_alloc());
  if (!packet) throw std::bad_alloc();
  return packet;
}

std::uint64_t picture_hash(const AVFrame& frame) {
  const std::unique_ptr<AVMurMur3, decltype(&av_free)> state(av_murmur3_alloc(), &av_free);
  if (!state) throw std::bad_alloc();
  av_murmur3_init(state.get());
  const auto format = static_cast<AVPixelFormat>(frame.format);
  for (int plane = 0; plane < av_pix_fmt_count_planes(format); ++plane) {
    const int bytes = av_image_get_linesize(format, frame.width, plane);
    const int shift = plane == 0 ? 0 : av_pix_fmt_desc_get(format)->log2_chroma_h;
    const int height = AV_CEIL_RSHIFT(frame.height, shift);
    for (int y = 0; y < height; ++y) {
      const std::uint8_t* row = frame.data[plane] + std::ptrdiff_t(y) * frame.linesize[plane];
      av_murmur3_update(state.get(), row, static_cast<std::size_t>(bytes));
    }
  }
  std::array<std::uint8_t, 16> sum{};
  av_murmur3_final(state.get(), sum.data());
  std::uint64_t out = 0;
  std::memcpy(&out, sum.data(), sizeof(out));
  return out;
}

void forget_unknown_colors(AVCodecParameters& parameters) {
  forget_unknown(parameters, parameters.color_space);
}

void forget_unknown_colors(AVFrame& frame) {
  forget_unknown(frame, frame.colorspace);
}

std::string_view bytes_of(const AVPacket& packet) {
  return {reinterpret_cast<const char*>(packet.data), static_cast<std::size_t>(packet.size)};
}

std::string_view extradata_of(const AVCodecParameters& p) {
  return {reinterpret_cast<const char*>(p.extradata), static_cast<std::size_t>(p.extradata_size)};
}

bool same_parameter_sets(const AVCodecParameters& a, const AVCodecParameters& b) {
  return a.codec_id == b.codec_id && a.width == b.width && a.height == b.height &&
         extradata_of(a) == extradata_of(b);
}

void set_extradata(AVCodecParameters& parameters, std::string_view bytes) {
  av_freep(&parameters.extradata);
  parameters.extradata_size = 0;
  parameters.extradata = static_cast<std::uint8_t*>(av_mallocz(bytes.size() + AV_INPUT_BUFFER_PADDING_SIZE));
  if (parameters.extradata == nullptr) throw std::bad_alloc();
  std::copy(bytes.begin(), bytes.end(), parameters.extradata);
  parameters.extradata_size = static_cast<int>(bytes.size());
}

FramePtr ref_frame(const AVFrame& frame) {
  FramePtr copy(av_frame_clone(&frame));
  if (!copy) throw std::bad_alloc();
  return copy;
}

int check(int ret, std::string_view what, std::string_view name, ErrorCode code) {
  if (ret >= 0) {
    thread_log().last.clear();
    return ret;
  }
  if (ret == AVERROR(EAGAIN) || (ret == AVERROR(ENOMEM) && code == ErrorCode::usage)) code = ErrorCode::local;
  char reason[AV_ERROR_MAX_STRING_SIZE] = {};
  av_strerror(ret, reason, sizeof reason);
  std::string message = fmt::format("{}: {}: {}", name, what, reason);
  if (std::string line = take_last_log_line(); !line.empty()) message += fmt::format(" ({})", line);
  throw Error(code, one_line(log::redact(message)));
}

void init_logging() {
  static std::once_flag once;
  std::call_once(once, [] { av_log_set_callback(log_callback); });
}

std::string take_last_log_line() {
  return std::exchange(thread_log().last, {});
}

std::string library_versions() {
  return fmt::format("{}, {}, {}, {}, {}, {}, {}", version("libavcodec", avcodec_version()),
                     version("libavformat", avformat_version()), version("libavfilter", avfilter_version()),
                     version("libswscale", swscale_version()), version("libswresample", swresample_version()),
                     version("libavutil", avutil_version()), fmt::join(files_behind(), ", "));
}

}  // namespace avstage::media
