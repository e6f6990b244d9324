#include "media/font_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <fstream>
#include <string_view>

#include "avstage/error.h"

namespace avstage::media {
namespace {

constexpr std::string_view kTrueType("\0\1\0\0", 4);

/// Big-endian reads anywhere in a file; 0 and ok() false behind its end.
class FontReader {
 public:
  explicit FontReader(const std::string& path) : file_(path, std::ios::binary | std::ios::ate) {
    if (file_) size_ = static_cast<std::uint64_t>(std::max<std::streamoff>(file_.tellg(), 0));
  }

  std::string tag(std::uint64_t at) {
    std::string four(4, '\0');
    if (!file_.seekg(static_cast<std::streamoff>(at)).read(four.data(), 4)) ok_ = false;
    return four;
  }
  std::uint32_t u32(std::uint64_t at) {
    std::uint32_t value = 0;
    for (char c : tag(at)) value = value << 8 | static_cast<std::uint8_t>(c);
    return value;
  }
  std::uint32_t u16(std::uint64_t at) { return u32(at) >> 16; }
  bool ok() const { return ok_; }
  std::uint64_t size() const { return size_; }

 private:
  std::ifstream file_;
  std::uint64_t size_ = 0;
  bool ok_ = true;
};

bool tables_are_there(FontReader& font, std::uint64_t start) {
  std::string kind = font.tag(start);
  if (kind != kTrueType && kind != "OTTO" && kind != "true") return false;
  std::uint32_t count = font.u16(start + 4);
  std::array<std::string_view, 3> needed = {"head", "cmap", "maxp"};
  std::size_t found = 0;
  for (std::uint32_t i = 0; i < count && font.ok(); ++i) {
    std::uint64_t record = start + 12 + 16 * std::uint64_t(i);
    std::string name = font.tag(record);
    std::uint64_t end = std::uint64_t(font.u32(record + 8)) + font.u32(record + 12);
    if (end > font.size()) return false;
    found += std::find(needed.begin(), needed.end(), name) != needed.end() ? 1 : 0;
  }
  return font.ok() && found == needed.size();
}

}  // namespace

void require_font(const std::string& path) {
  FontReader font(path);
  std::string kind = font.tag(0);
  if (!font.ok()) {
    throw Error(ErrorCode::usage, fmt::format("font '{}' cannot be read", path), "bad_font");
  }
  std::uint64_t start = kind == "ttcf" ? font.u32(12) : 0;
  if (!tables_are_there(font, start)) {
    throw Error(ErrorCode::usage, fmt::format("font '{}' is not a whole TrueType or OpenType font", path),
                "bad_font");
  }
}

}  // namespace avstage::media
