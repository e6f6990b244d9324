#include "plan/layout.h"

#include <algorithm>
#include <cmath>

#include "plan/plan.h"

namespace avstage::plan {
namespace {

int even(double v) {
  return static_cast<int>(std::lround(v / 2)) * 2;
}
int even_size(double v) {
  return std::max(2, even(v));
}
double pixels(const Length& l, int whole, double unit) {
  return l.percent ? l.value * whole / 100 : l.value * unit;
}

Fit fit_of(const Clip& clip) {
  const Placement& p = clip.place;
  if (p.fit) return *p.fit;
  if (std::holds_alternative<TextRef>(clip.media) || is_captions(clip)) return Fit::none;
  if (std::holds_alternative<ColorRef>(clip.media)) return Fit::fill;
  bool image = std::holds_alternative<ImageRef>(clip.media);
  return image && p.at_given && !p.width && !p.height ? Fit::none : Fit::contain;
}

/// Keeps the middle of the source.
void crop_to(Box& box, int width, int height) {
  int w = std::min(box.crop_width, width), h = std::min(box.crop_height, height);
  box.crop_x = even((box.crop_width - w) / 2.0);
  box.crop_y = even((box.crop_height - h) / 2.0);
  box.crop_width = w;
  box.crop_height = h;
}

void crop_to_shape(Box& box, double width, double height) {
  double source_shape = double(box.crop_width) / box.crop_height, shape = width / height;
  if (source_shape > shape) {
    crop_to(box, even_size(box.crop_height * shape), box.crop_height);
  } else {
    crop_to(box, box.crop_width, even_size(box.crop_width / shape));
  }
}

}  // namespace

bool Box::covers(const Canvas& canvas) const {
  return x <= 0 && y <= 0 && x + width >= canvas.width && y + height >= canvas.height;
}

bool Box::cropped(int source_width, int source_height) const {
  return crop_width != source_width || crop_height != source_height;
}

Box place_picture(const Clip& clip, int source_width, int source_height, const Canvas& canvas) {
  const Placement& p = clip.place;
  Box box;
  box.crop_width = source_width;
  box.crop_height = source_height;
  double w = canvas.width, h = canvas.height;
  Fit fit = fit_of(clip);
  if (p.width) w = pixels(*p.width, canvas.width, canvas.unit);
  if (p.height) h = pixels(*p.height, canvas.height, canvas.unit);
  if (p.width && !p.height) h = w * source_height / source_width;
  if (p.height && !p.width) w = h * source_width / source_height;
  bool one_given = p.width.has_value() != p.height.has_value();
  if (fit == Fit::none && !one_given) {
    // A text is drawn for its canvas already.
    const double natural = std::holds_alternative<TextRef>(clip.media) ? 1 : canvas.unit;
    if (p.width) crop_to(box, even_size(w / natural), even_size(h / natural));
    w = box.crop_width * natural, h = box.crop_height * natural;
  } else if (fit == Fit::contain) {
    double scale = std::min(w / source_width, h / source_height);
    w = source_width * scale, h = source_height * scale;
  } else if (fit == Fit::cover) {
    crop_to_shape(box, w, h);
  }
  box.width = even_size(w);
  box.height = even_size(h);
  double margin = pixels(p.margin, std::min(canvas.width, canvas.height), canvas.unit);
  auto along = [&](double at, int room) { return at * room + margin * (1 - 2 * at); };
  box.x = even(along(p.at_x, canvas.width - box.width));
  box.y = even(along(p.at_y, canvas.height - box.height));
  return box;
}

}  // namespace avstage::plan
