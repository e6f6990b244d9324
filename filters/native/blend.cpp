#include "filters/native/blend.h"

#include <algorithm>
#include <cstring>
#include <utility>
#include <vector>

#include "filters/native/vectorized.h"

namespace avstage::filters::native {
namespace {

AVSTAGE_VECTORIZED(blend_row, (const std::uint8_t* from, const std::uint8_t* alpha, std::uint8_t* to, int n),
                   {
                     for (int x = 0; x < n; ++x) {
                       const int sum = from[x] * alpha[x] + to[x] * (255 - alpha[x]) + 128;
                       to[x] = static_cast<std::uint8_t>((sum + (sum >> 8)) >> 8);
                     }
                   })

/// The alpha at chroma samples, which lie on the left column of each pair, between its two rows.
AVSTAGE_VECTORIZED(narrow, (const std::uint8_t* upper, const std::uint8_t* lower, std::uint8_t* out, int n), {
  for (int x = 0; x < n; ++x) {
    const int left = upper[2 * x - 1] + lower[2 * x - 1], here = upper[2 * x] + lower[2 * x],
              right = upper[2 * x + 1] + lower[2 * x + 1];
    out[x] = static_cast<std::uint8_t>((left + 2 * here + right + 4) >> 3);
  }
})

/// Grows [first, end) by where `row` is not 0, to the next eight samples.
void include_seen(const std::uint8_t* row, int n, int& first, int& end) {
  const auto seen = [&](int x) {
    std::uint64_t eight = 0;
    std::memcpy(&eight, row + x, static_cast<std::size_t>(std::min(8, n - x)));
    return eight != 0;
  };
  int x = 0;
  while (x < std::min(first, n) && !seen(x)) x += 8;
  first = std::min(first, x);
  for (x = (n - 1) / 8 * 8; x >= end && !seen(x); x -= 8) {
  }
  end = std::max(end, std::min(x + 8, n));
}

void put_row(const std::uint8_t* from, const std::uint8_t* alpha, std::uint8_t* to, int n) {
  if (alpha == nullptr) {
    std::memcpy(to, from, static_cast<std::size_t>(n));
  } else {
    blend_row(from, alpha, to, n);
  }
}

/// A row of alpha with its ends repeated, as narrow() reads one sample to either side.
void pad_row(const std::uint8_t* alpha, int n, std::vector<std::uint8_t>& out) {
  out.resize(static_cast<std::size_t>(n) + 3);
  std::memcpy(out.data() + 1, alpha, static_cast<std::size_t>(n));
  out[0] = alpha[0];
  out[n + 1] = out[n + 2] = alpha[n - 1];
}

/// What of the layer lies on the base, in the layer's pixels.
struct Window {
  int left, top, right, bottom;
};

/// One row of chroma and the two rows of luma around it.
class RowPair {
 public:
  RowPair(const Picture& base, const Picture& layer, int x, int y, const Window& window)
      : base_(base), layer_(layer), x_(x), y_(y), w_(window) {}

  void blend(int row) {
    const int last = std::min(row + 1, w_.bottom - 1), n = w_.right - w_.left;
    const std::uint8_t* upper = alpha(row);
    const std::uint8_t* lower = alpha(last);
    int first = 0, end = n;  // of what is seen
    if (upper != nullptr) {
      std::swap(first, end);
      include_seen(upper, n, first, end);
      include_seen(lower, n, first, end);
      if (first >= end) return;
      end = std::min(end + 2, n);  // the chroma on the right has a share of it
      pad_row(upper, n, upper_);
      pad_row(lower, n, lower_);
    }
    put_luma(row, upper, first, end);
    if (last != row) put_luma(last, lower, first, end);
    put_chroma(row / 2, upper != nullptr, first / 2, (end + 1) / 2);
  }

 private:
  const std::uint8_t* alpha(int row) const {
    return layer_.data[3] == nullptr ? nullptr : layer_.row(3, row) + w_.left;
  }

  void put_luma(int row, const std::uint8_t* alpha, int first, int end) const {
    const int left = w_.left + first;
    put_row(layer_.row(0, row) + left, alpha == nullptr ? nullptr : alpha + first,
            base_.row(0, y_ + row) + x_ + left, end - first);
  }

  void put_chroma(int row, bool alpha, int first, int end) {
    if (alpha) {
      chroma_.resize(static_cast<std::size_t>(end - first));
      narrow(upper_.data() + 1 + 2 * first, lower_.data() + 1 + 2 * first, chroma_.data(), end - first);
    }
    const int left = w_.left / 2 + first;
    for (int plane : {1, 2}) {
      put_row(layer_.row(plane, row) + left, alpha ? chroma_.data() : nullptr,
              base_.row(plane, (y_ + 2 * row) / 2) + x_ / 2 + left, end - first);
    }
  }

  const Picture& base_;
  const Picture& layer_;
  int x_, y_;
  Window w_;
  std::vector<std::uint8_t> upper_, lower_, chroma_;
};

}  // namespace

void blend(const Picture& base, const Picture& layer, int x, int y) {
  const Window window{std::max(0, -x), std::max(0, -y), std::min(layer.width, base.width - x),
                      std::min(layer.height, base.height - y)};
  if (window.left >= window.right) return;
  RowPair rows(base, layer, x, y, window);
  for (int row = window.top; row < window.bottom; row += 2) rows.blend(row);
}

}  // namespace avstage::filters::native
