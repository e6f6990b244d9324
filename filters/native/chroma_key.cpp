#include "filters/native/chroma_key.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <cstring>

#include "filters/native/vectorized.h"

namespace avstage::filters::native {
namespace {

constexpr int kOne = 65536;
/// How much chroma across the key's counts against it: what keeps yellow, with 0.24 along and 0.51 across
/// #00ff00, and cyan in the picture.
constexpr double kAcross = 0.4;
/// Luma says where in a cell the figure is when figure and screen differ by this much, wholly from kSure on.
constexpr int kUnsure = 8, kSure = 40;
/// A cell with less of the figure, or of the screen, than this (of 255) says too little about the figure's
/// luma.
constexpr int kLeastShare = 32;

using CellMath = ChromaKey::CellMath;

/// The matte of a row of chroma samples.
AVSTAGE_VECTORIZED(key_row,
                   (const CellMath m, const std::uint8_t* u, const std::uint8_t* v, std::uint8_t* out, int n),
                   {
                     for (int x = 0; x < n; ++x) {
                       const std::int32_t a = u[x] - 128, b = v[x] - 128;
                       const std::int32_t green =
                           a * m.along_u + b * m.along_v - std::abs(a * m.across_u + b * m.across_v);
                       const std::int32_t figure = std::min(std::max(m.transparent - green, 0), m.width);
                       out[x] = static_cast<std::uint8_t>(((figure >> 4) * m.slope + kOne / 2) >> 16);
                     }
                   })

/// Three quarters of `near`, a quarter of `far`: 4:2:0 chroma lies between two rows of luma.
AVSTAGE_VECTORIZED(between, (const std::uint8_t* near, const std::uint8_t* far, std::uint8_t* out, int n), {
  for (int x = 0; x < n; ++x) out[x] = static_cast<std::uint8_t>((3 * near[x] + far[x] + 2) >> 2);
})

/// Twice as many columns; `line` has one sample more than `n`.
AVSTAGE_VECTORIZED(widen, (const std::uint8_t* line, std::uint8_t* out, int n), {
  for (int x = 0; x < n; ++x) {
    out[2 * x] = line[x];
    out[2 * x + 1] = static_cast<std::uint8_t>((line[x] + line[x + 1] + 1) >> 1);
  }
})

AVSTAGE_VECTORIZED(multiply, (const std::uint8_t* by, std::uint8_t* out, int n), {
  for (int x = 0; x < n; ++x) {
    const int product = by[x] * out[x] + 128;
    out[x] = static_cast<std::uint8_t>((product + (product >> 8)) >> 8);
  }
})

/// 0 where the cells that spread() makes a cell's alpha of are wholly screen, or wholly figure; else 1.
AVSTAGE_VECTORIZED(find_edges,
                   (const std::uint8_t* above, const std::uint8_t* here, const std::uint8_t* below,
                    std::uint8_t* out, int n),
                   {
                     for (int x = 0; x < n; ++x) {
                       const int any =
                           above[x] | above[x + 1] | here[x] | here[x + 1] | below[x] | below[x + 1];
                       const int all =
                           above[x] & above[x + 1] & here[x] & here[x + 1] & below[x] & below[x + 1];
                       out[x] = static_cast<std::uint8_t>((any != 0) & (all != 255));
                     }
                   })

}  // namespace

ChromaKey::ChromaKey(const KeySettings& settings) : settings_(settings) {
  const double u = settings.u - 128, v = settings.v - 128, strength = u * u + v * v;
  const auto fixed = [](double value) { return static_cast<std::int32_t>(std::lround(value * kOne)); };
  math_.along_u = fixed(u / strength);
  math_.along_v = fixed(v / strength);
  math_.across_u = fixed(kAcross * v / strength);
  math_.across_v = fixed(-kAcross * u / strength);
  math_.transparent = fixed(settings.transparent);
  math_.width = std::max(16, fixed(settings.transparent - settings.opaque));
  math_.slope = 255 * kOne / (math_.width >> 4);
  despill_ = static_cast<int>(std::lround(settings.despill * 256));
}

const std::uint8_t* ChromaKey::cells(int cy) const {
  return cells_.data() + std::ptrdiff_t(std::clamp(cy, 0, rows_ - 1)) * (columns_ + 16) + 8;
}

void ChromaKey::apply(const Picture& picture) {
  key_cells(picture);
  const int step = picture.subsampled ? 2 : 1;
  for (int cy = 0; cy < rows_; ++cy) {
    const int top = cy * step, bottom = std::min(top + step, picture.height);
    if (settings_.multiply) keep_alpha(picture, top, bottom);
    spread(picture, cy);
    refine(picture, cy);
    if (!settings_.multiply) continue;
    for (int y = top; y < bottom; ++y) {
      multiply(kept_.data() + std::ptrdiff_t(y - top) * picture.width, picture.row(3, y), picture.width);
    }
  }
}

void ChromaKey::keep_alpha(const Picture& picture, int top, int bottom) {
  kept_.clear();
  for (int y = top; y < bottom; ++y)
    kept_.insert(kept_.end(), picture.row(3, y), picture.row(3, y) + picture.width);
}

void ChromaKey::key_cells(const Picture& picture) {
  columns_ = picture.chroma_width();
  rows_ = picture.chroma_height();
  cells_.resize(std::size_t(columns_ + 16) * rows_);
  for (int cy = 0; cy < rows_; ++cy) {
    std::uint8_t* out = cells_.data() + (cells(cy) - cells_.data());
    key_row(math_, picture.row(1, cy), picture.row(2, cy), out, columns_);
    std::memset(out - 8, out[0], 8);
    std::memset(out + columns_, out[columns_ - 1], 8);
  }
}

/// The matte of the cells as the alpha of their pixels.
void ChromaKey::spread(const Picture& picture, int cy) {
  if (!picture.subsampled) {
    std::memcpy(picture.row(3, cy), cells(cy), picture.width);
    return;
  }
  line_.resize(columns_ + 1);
  for (int i = 0; i < 2 && 2 * cy + i < picture.height; ++i) {
    between(cells(cy), cells(i == 0 ? cy - 1 : cy + 1), line_.data(), columns_ + 1);
    std::uint8_t* alpha = picture.row(3, 2 * cy + i);
    widen(line_.data(), alpha, picture.width / 2);
    if (picture.width % 2 == 1) alpha[picture.width - 1] = line_[columns_ - 1];
  }
}

/// The columns of a row that are neither amid the screen nor amid the figure: eight at a time.
void ChromaKey::gather_edges(int cy) {
  const int rounded = (columns_ + 7) / 8 * 8;
  line_.resize(rounded);
  find_edges(cells(cy - 1), cells(cy), cells(cy + 1), line_.data(), rounded);
  edges_.clear();
  for (int cx = 0; cx < columns_; cx += 8) {
    std::uint64_t eight = 0;
    std::memcpy(&eight, line_.data() + cx, 8);
    for (int x = cx; eight != 0 && x < std::min(cx + 8, columns_); ++x) edges_.push_back(x);
  }
}

void ChromaKey::refine(const Picture& picture, int cy) {
  gather_edges(cy);
  if (picture.subsampled) {
    for (int cx : edges_) refine_cell(picture, cx, cy);
  }
  for (int cx : edges_) unmix_cell(picture, cx, cy);  // after all of the row: it changes their luma
}

/// The luma that the figure must have for the cell to look as it does.
int ChromaKey::luma_of_figure(const Picture& picture, int cx, int cy, int alpha) const {
  const int x = 2 * cx, left = std::max(x - 1, 0), right = std::min(x + 1, picture.width - 1);
  int sum = 0;
  for (int i = 0; i < 2; ++i) {
    const std::uint8_t* luma = picture.row(0, std::min(2 * cy + i, picture.height - 1));
    sum += luma[left] + 2 * luma[x] + luma[right];
  }
  const int mean = (sum + 4) / 8;
  return std::clamp(settings_.y + (mean - settings_.y) * 255 / alpha, 0, 255);
}

void ChromaKey::refine_cell(const Picture& picture, int cx, int cy) const {
  const int share = cells(cy)[cx];
  if (share == 0 || share == 255) return;
  const int contrast = luma_of_figure(picture, cx, cy, share) - settings_.y;
  int sure = std::clamp((std::abs(contrast) - kUnsure) * 256 / (kSure - kUnsure), 0, 256);
  sure = sure * std::min({share, 255 - share, kLeastShare}) / kLeastShare;
  if (sure == 0) return;
  for (int i = 0; i < 4; ++i) {
    const int x = 2 * cx + i % 2, y = 2 * cy + i / 2;
    if (x >= picture.width || y >= picture.height) continue;
    const int there = std::clamp((picture.row(0, y)[x] - settings_.y) * 255 / contrast, 0, 255);
    std::uint8_t& alpha = picture.row(3, y)[x];
    alpha = static_cast<std::uint8_t>(alpha + (there - alpha) * sure / 256);
  }
}

/// value = alpha · figure + (1 − alpha) · key, solved for the figure.
void ChromaKey::unmix(std::uint8_t& value, int key, int alpha) const {
  if (alpha == 0 || alpha == 255) return;
  const int figure = std::clamp(key + (value - key) * 255 / alpha, 0, 255);
  value = static_cast<std::uint8_t>(value + (figure - value) * despill_ / 256);
}

void ChromaKey::unmix_cell(const Picture& picture, int cx, int cy) const {
  const int share = cells(cy)[cx], step = picture.subsampled ? 2 : 1;
  for (int y = cy * step; y < std::min(cy * step + step, picture.height); ++y) {
    for (int x = cx * step; x < std::min(cx * step + step, picture.width); ++x) {
      unmix(picture.row(0, y)[x], settings_.y, picture.row(3, y)[x]);
    }
  }
  unmix(picture.row(1, cy)[cx], settings_.u, share);
  unmix(picture.row(2, cy)[cx], settings_.v, share);
}

}  // namespace avstage::filters::native
