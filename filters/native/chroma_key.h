#pragma once

#include <cstdint>
#include <vector>

#include "filters/native/picture.h"

namespace avstage::filters::native {

/// The colour to remove as the picture has it, and where the matte begins and ends: fractions of the way from
/// grey (0) to the key (1).
struct KeySettings {
  int y = 0, u = 128, v = 128;
  double opaque = 0.05;       ///< a pixel as green as this, or less, is wholly figure
  double transparent = 0.95;  ///< as green as this, or more: wholly screen; above `opaque`
  double despill = 1;         ///< how much of the key is taken out of the figure's edge, 0–1
  bool multiply = false;      ///< the picture's own alpha counts as well
};

/// Takes a screen of one colour out of pictures: writes their alpha, and takes the key's part out of Y, U and
/// V where figure and screen share a pixel. One object is for one thread at a time; it keeps scratch memory.
///
/// How green a pixel is: the part of its chroma along the key's, less what lies across it, so that yellow and
/// cyan are not taken for green. That falls linearly from screen to figure, and so does the matte. 4:2:0
/// chroma is too coarse for a hair: its cells tell how much figure they hold, their luma where in the cell it
/// is.
class ChromaKey {
 public:
  explicit ChromaKey(const KeySettings& settings);
  void apply(const Picture& picture);

  /// How a chroma sample becomes alpha, in 1/65536 of the key's strength for a level of chroma.
  struct CellMath {
    std::int32_t along_u, along_v, across_u, across_v, transparent, width, slope;
  };

 private:
  void key_cells(const Picture& picture);
  void keep_alpha(const Picture& picture, int top, int bottom);
  void spread(const Picture& picture, int cy);
  void refine(const Picture& picture, int cy);
  void gather_edges(int cy);
  void refine_cell(const Picture& picture, int cx, int cy) const;
  void unmix_cell(const Picture& picture, int cx, int cy) const;
  void unmix(std::uint8_t& value, int key, int alpha) const;
  int luma_of_figure(const Picture& picture, int cx, int cy, int alpha) const;
  /// A row of the matte, with eight samples more on either side; beyond the picture its edge's.
  const std::uint8_t* cells(int cy) const;

  KeySettings settings_;
  CellMath math_{};
  int despill_;  ///< of 256
  int columns_ = 0, rows_ = 0;
  std::vector<std::uint8_t> cells_;        ///< the matte at the chroma samples
  std::vector<std::uint8_t> line_, kept_;  ///< what is known of one row of cells; the alpha that was there
  std::vector<int> edges_;                 ///< columns of a row
};

}  // namespace avstage::filters::native
