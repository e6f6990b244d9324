#include "media/intra_frame.h"

#include <fmt/format.h>

#include <cstddef>

namespace avstage::media {
namespace {

const char* const kCutOff = "a packet of its picture is damaged";

/// The caller has compared `at` with the size.
std::uint32_t number(std::string_view bytes, std::size_t at, int count) {
  std::uint32_t value = 0;
  for (int i = 0; i < count; ++i) value = value << 8 | static_cast<std::uint8_t>(bytes[at + i]);
  return value;
}

std::string why_not_size(int width, int height, const IntraPicture& picture) {
  if (width == picture.width && height == picture.height) return "";
  return fmt::format("its frames say {}x{}, its container {}x{}", width, height, picture.width,
                     picture.height);
}

// A frame: its size, "icpf", then the header (RDD 36, 5.1).
constexpr std::size_t kProresHeader = 8, kProresLeast = kProresHeader + 20;
constexpr std::uint32_t k422 = 2, kAspectUnknown = 0, kSquare = 1, kAspect4x3 = 2, kAspect16x9 = 3;

/// The shape is that of the whole picture where it is not that of a pixel.
bool is_square(std::uint32_t aspect, const IntraPicture& picture) {
  if (aspect == kAspect4x3) return picture.width * 3 == picture.height * 4;
  if (aspect == kAspect16x9) return picture.width * 9 == picture.height * 16;
  return aspect == kSquare || aspect == kAspectUnknown;
}

// Bytes of a DNxHR frame's header (ST 2019-1, 6).
constexpr std::size_t kDnxhrHeader = 0x280;
constexpr std::uint32_t kDnxhrVersion = 3;

}  // namespace

const Mezzanine* prores_profile(std::uint32_t fourcc) {
  switch (fourcc) {
    case 'a' | 'p' << 8 | 'c' << 16 | 'o' << 24:
      return mezzanine("prores_proxy");
    case 'a' | 'p' << 8 | 'c' << 16 | 's' << 24:
      return mezzanine("prores_lt");
    case 'a' | 'p' << 8 | 'c' << 16 | 'n' << 24:
      return mezzanine("prores");
    case 'a' | 'p' << 8 | 'c' << 16 | 'h' << 24:
      return mezzanine("prores_hq");
    default:
      return nullptr;
  }
}

std::string why_not_prores_frame(std::string_view frame, const IntraPicture& picture) {
  if (frame.size() < kProresLeast || frame.substr(4, 4) != "icpf" || number(frame, 0, 4) > frame.size()) {
    return kCutOff;
  }
  const std::string_view h = frame.substr(kProresHeader);
  if (std::string why = why_not_size(number(h, 8, 2), number(h, 10, 2), picture); !why.empty()) return why;
  const std::uint32_t flags = number(h, 12, 1), aspect = number(h, 13, 1) >> 4;
  if (flags >> 6 != k422) return "its frames are not 4:2:2";
  if ((flags >> 2 & 3) != 0) return "it is interlaced";
  if (!is_square(aspect, picture)) return "its pixels are not square";
  for (std::size_t color = 14; color < 17; ++color) {
    if (number(h, color, 1) > 2) return "its colours are not BT.709";
  }
  return (number(h, 17, 1) & 15) != 0 ? "it has an alpha channel" : "";
}

const Mezzanine* dnxhr_profile(std::string_view frame) {
  if (frame.size() < kDnxhrHeader || number(frame, 0, 2) != 0 || number(frame, 4, 1) != kDnxhrVersion) {
    return nullptr;
  }
  switch (number(frame, 0x28, 4)) {
    case 1272:
      return mezzanine("dnxhr_hq");
    case 1273:
      return mezzanine("dnxhr_sq");
    case 1274:
      return mezzanine("dnxhr_lb");
    default:
      return nullptr;
  }
}

std::string why_not_dnxhr_frame(std::string_view frame, const IntraPicture& picture) {
  if (dnxhr_profile(frame) != picture.profile) {
    return frame.size() < kDnxhrHeader ? kCutOff : "its profile changes on the way";
  }
  if (std::string why = why_not_size(number(frame, 0x1a, 2), number(frame, 0x18, 2), picture); !why.empty())
    return why;
  if ((number(frame, 5, 1) & 2) != 0 || (number(frame, 6, 1) & 0x20) != 0) return "it is interlaced";
  if ((number(frame, 7, 1) & 1) != 0) return "it has an alpha channel";
  const std::uint32_t color = number(frame, 0x2c, 1);
  if ((color & 0x40) != 0) return "its frames are not 4:2:2";
  const std::uint32_t matrix = color >> 1 & 3;  // 0: BT.709, 3: not stated
  return matrix == 1 || matrix == 2 ? "its colours are not BT.709" : "";
}

}  // namespace avstage::media
