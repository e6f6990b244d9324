#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace avstage::filters::native {

/// 8-bit planar YUV, 4:4:4 or 4:2:0 with chroma sited left (MPEG-2's), and an alpha plane that is not
/// multiplied into the others. The planes belong to the caller.
struct Picture {
  std::array<std::uint8_t*, 4> data{};     ///< Y, U, V, alpha; alpha may be null where the picture is opaque
  std::array<std::ptrdiff_t, 4> stride{};  ///< bytes from row to row
  int width = 0, height = 0;               ///< of Y and alpha
  bool subsampled = true;                  ///< 4:2:0: chroma has half as many columns and rows, rounded up

  std::uint8_t* row(int plane, int y) const { return data[plane] + y * stride[plane]; }
  int chroma_width() const { return subsampled ? (width + 1) / 2 : width; }
  int chroma_height() const { return subsampled ? (height + 1) / 2 : height; }
};

}  // namespace avstage::filters::native
