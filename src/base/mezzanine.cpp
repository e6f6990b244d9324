#include "base/mezzanine.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

namespace avstage {
namespace {

constexpr Mezzanine kMezzanines[] = {
    {"prores_proxy", "prores", "prores_ks", "proxy", "yuv422p10le"},
    {"prores_lt", "prores", "prores_ks", "lt", "yuv422p10le"},
    {"prores", "prores", "prores_ks", "standard", "yuv422p10le"},
    {"prores_hq", "prores", "prores_ks", "hq", "yuv422p10le"},
    {"dnxhr_lb", "dnxhd", "dnxhd", "dnxhr_lb", "yuv422p", 256, 120},
    {"dnxhr_sq", "dnxhd", "dnxhd", "dnxhr_sq", "yuv422p", 256, 120},
    {"dnxhr_hq", "dnxhd", "dnxhd", "dnxhr_hq", "yuv422p", 256, 120},
    {kXdcam, "mpeg2video", "mpeg2video", "422", "yuv422p"},
};

struct XdcamShape {
  int width, height;
  Rational fps;
  std::string_view tag;
};

const XdcamShape kXdcamShapes[] = {
    {1920, 1080, {24000, 1001}, "xd5d"},
    {1920, 1080, 25, "xd5e"},
    {1920, 1080, {30000, 1001}, "xd5f"},
    {1280, 720, {24000, 1001}, "xd54"},
    {1280, 720, 25, "xd55"},
    {1280, 720, {30000, 1001}, "xd51"},
    {1280, 720, 50, "xd5a"},
    {1280, 720, {60000, 1001}, "xd59"},
};
constexpr const char* kXdcamAllowed =
    "for 1920x1080 at 23.976, 25 or 29.97 frames a second and 1280x720 at these, 50 or 59.94";

}  // namespace

const Mezzanine* mezzanine(std::string_view name) {
  const auto* found = std::find_if(std::begin(kMezzanines), std::end(kMezzanines),
                                   [&](const Mezzanine& codec) { return codec.name == name; });
  return found == std::end(kMezzanines) ? nullptr : found;
}

std::string_view mezzanine_pix_fmt(std::string_view codec) {
  const auto* found = std::find_if(std::begin(kMezzanines), std::end(kMezzanines),
                                   [&](const Mezzanine& some) { return some.codec == codec; });
  return found == std::end(kMezzanines) ? "" : found->pix_fmt;
}

std::string codec_of(std::string_view name) {
  const Mezzanine* profile = mezzanine(name);
  return std::string(profile ? profile->codec : name);
}

bool is_intra(std::string_view name) {
  return name != kXdcam && mezzanine(name) != nullptr;
}

std::string why_not_shape(const Mezzanine& profile, int width, int height, Rational fps) {
  if (profile.name == kXdcam) return xdcam_tag(width, height, fps).empty() ? kXdcamAllowed : "";
  if (width >= profile.least_width && height >= profile.least_height) return "";
  return fmt::format("from {}x{} on", profile.least_width, profile.least_height);
}

std::string_view xdcam_tag(int width, int height, Rational fps) {
  const auto* found =
      std::find_if(std::begin(kXdcamShapes), std::end(kXdcamShapes), [&](const XdcamShape& shape) {
        return shape.width == width && shape.height == height && shape.fps == fps;
      });
  return found == std::end(kXdcamShapes) ? "" : found->tag;
}

}  // namespace avstage
