#pragma once

#include "sandbox/clip_spec.h"
#include "sandbox/raster.h"

namespace avstage::sandbox {

/// How one presenter looks; the same id always gives the same looks. No colour is close to the greens and
/// blues that are used as key colours.
struct Looks {
  enum class Hair { short_cut, long_hair, bob, bun, curly };
  enum class Dress { blazer, sweater, shirt, turtleneck };
  Hair hair_cut;
  Dress dress;
  bool glasses;
  Color skin, hair, clothes, iris;
  double phase;  ///< seconds by which blinking and swaying are shifted
};
Looks looks_of(const std::string& avatar_id);

/// A presenter who stands before the scene's background; of a portrait only the mouth is drawn. One thread.
class Figure {
 public:
  Figure(const Scene& scene, int width, int height);

  /// The picture of the moment `seconds`, with the mouth open by `mouth` (0 closed … 1 wide). Only the
  /// figure's box is drawn again; everything else stays the background colour exactly.
  const Raster& draw(double seconds, double mouth);
  /// From now on the figure stands before this picture, of the clip's size.
  void stand_before(const Raster& picture);

 private:
  void place(const Scene& scene, int width, int height);

  Looks looks_;
  Color circle_background_;
  bool circle_, somebody_, portrait_;
  Transform body_;
  Path disc_;
  Box box_;
  Raster background_, raster_;
};

}  // namespace avstage::sandbox
