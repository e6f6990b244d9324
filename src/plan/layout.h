#pragma once

#include <cstdint>

#include "avstage/job.h"

namespace avstage::plan {

/// How a picture lands on the canvas: first cropped (in its own pixels), then scaled, then placed. All even,
/// so that 4:2:0 chroma stays on its grid. x and y may be negative.
struct Box {
  int crop_x = 0, crop_y = 0, crop_width = 0, crop_height = 0;
  int x = 0, y = 0, width = 0, height = 0;
  bool covers(const Canvas& canvas) const;
  bool cropped(int source_width, int source_height) const;
  friend bool operator==(const Box&, const Box&) = default;
};

/// CSS object-fit in a box given by the placement (job.h has the rules). `source` in upright square pixels.
Box place_picture(const Clip& clip, int source_width, int source_height, const Canvas& canvas);

}  // namespace avstage::plan
