#include "sandbox/figure.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>

/// The figure is drawn in units of a hundredth of its height: x = 0 is its middle, y = 0 above the head,
/// y = 100 the lower edge of a "normal" picture.
namespace avstage::sandbox {
namespace {

constexpr double kFloor = 190;  ///< the body goes on below the picture, for any scale and offset
constexpr Point kNeck{0, 57};   ///< the head turns about it
constexpr Color kOffWhite{252, 252, 250, 255};
constexpr Color kInk{38, 30, 34, 255};

constexpr std::array kSkins = {Color{255, 219, 196}, Color{244, 200, 168}, Color{226, 172, 132},
                               Color{196, 138, 98},  Color{150, 98, 68},   Color{108, 70, 52}};
constexpr std::array kHairs = {Color{38, 30, 32},   Color{72, 46, 34},  Color{112, 68, 42},
                               Color{198, 148, 82}, Color{164, 74, 44}, Color{150, 146, 148}};
constexpr std::array kClothes = {Color{44, 56, 86},    Color{132, 42, 62},  Color{66, 64, 72},
                                 Color{208, 142, 48},  Color{104, 62, 108}, Color{192, 92, 66},
                                 Color{206, 126, 138}, Color{92, 108, 138}};
constexpr std::array kIrises = {Color{84, 54, 36}, Color{58, 40, 32}, Color{96, 112, 132},
                                Color{112, 88, 54}};

Color mix(Color a, Color b, double t) {
  auto channel = [t](int from, int to) {
    return static_cast<std::uint8_t>(std::lround(from + (to - from) * t));
  };
  return {channel(a.r, b.r), channel(a.g, b.g), channel(a.b, b.b), 255};
}
Color darker(Color color, double by) {
  return mix(color, kInk, by);
}
Color lighter(Color color, double by) {
  return mix(color, kOffWhite, by);
}

/// Draws in figure units on a raster; `at` places them.
struct Pen {
  Raster& raster;
  Transform at;
  void fill(const Path& path, Color color, double opacity = 1) const {
    raster.fill(path, at, color, opacity);
  }
};

void draw_back_hair(const Pen& pen, const Looks& looks) {
  Color color = darker(looks.hair, 0.25);
  Path path;
  switch (looks.hair_cut) {
    case Looks::Hair::long_hair:
      path.move(0, 9)
          .curve(13, 8, 19, 19, 18.5, 32)
          .curve(18, 46, 21, 56, 20, 69)
          .curve(12, 75, 4, 72, 0, 72);
      path.curve(-4, 72, -12, 75, -20, 69).curve(-21, 56, -18, 46, -18.5, 32).curve(-19, 19, -13, 8, 0, 9);
      break;
    case Looks::Hair::bob:
      path.move(0, 9)
          .curve(13, 8, 19.5, 19, 19.5, 34)
          .curve(19.5, 43, 20, 49, 16, 53)
          .curve(10, 55, 5, 54, 0, 54);
      path.curve(-5, 54, -10, 55, -16, 53)
          .curve(-20, 49, -19.5, 43, -19.5, 34)
          .curve(-19.5, 19, -13, 8, 0, 9);
      break;
    case Looks::Hair::bun:
      path.ellipse(0, 8, 6.6, 6).ellipse(0, 28, 15.6, 18.5);
      break;
    case Looks::Hair::curly:
      for (int i = 0; i <= 10; ++i) {
        double angle = std::numbers::pi * (1.12 - 0.124 * i + 1);
        path.ellipse(15 * std::cos(angle + std::numbers::pi) * -1, 28 + 15.5 * std::sin(angle), 6, 6);
      }
      path.ellipse(0, 26, 15, 15);
      break;
    case Looks::Hair::short_cut:
      path.ellipse(0, 27, 14.8, 17.5);
      break;
  }
  pen.fill(path, color);
}

void draw_fringe(const Pen& pen, const Looks& looks) {
  Path path;
  if (looks.hair_cut == Looks::Hair::short_cut) {
    path.move(-14.7, 31).curve(-16.5, 18, -11, 9.5, 0, 9.3).curve(11, 8.6, 16.8, 16, 14.7, 31);
    path.curve(14.2, 26, 13, 23.5, 11.5, 21.5)
        .curve(6, 22.4, -3, 22, -8, 18.5)
        .curve(-11.5, 21, -13.8, 25, -14.7, 31);
  } else if (looks.hair_cut == Looks::Hair::curly) {
    for (int i = 0; i < 6; ++i) path.ellipse(-11 + 4.4 * i, 17.5 - 3.2 * std::sin(0.63 * i), 4.4, 4.2);
  } else if (looks.hair_cut == Looks::Hair::bun) {
    path.move(-14.9, 33).curve(-16.5, 17, -10, 10.5, 0, 10.5).curve(10, 10.5, 16.5, 17, 14.9, 33);
    path.curve(13.5, 24, 8, 17.5, 0, 17.2).curve(-8, 17.5, -13.5, 24, -14.9, 33);
  } else {
    path.move(-15.6, 40).curve(-18.5, 18, -11, 9, 1, 9).curve(13, 9, 18.5, 20, 15.6, 40);
    path.curve(14.8, 31, 12, 24, 4, 16.5).curve(-1, 22.5, -13.5, 24, -15.6, 40);
  }
  pen.fill(path, looks.hair);
  Path shine;
  shine.stroke(arc({-6, 12.6}, {0.5, 10.6}, {7.5, 13}), 1.1);
  pen.fill(shine, lighter(looks.hair, 0.35), 0.45);
}

void draw_neck(const Pen& pen, const Looks& looks) {
  Path neck, shadow;
  neck.move(-6, 42)
      .line(6, 42)
      .curve(6, 53, 6.4, 58, 11, 62)
      .curve(4, 72, -4, 72, -11, 62)
      .curve(-6.4, 58, -6, 53, -6, 42);
  pen.fill(neck, mix(looks.skin, darker(looks.skin, 0.3), 0.25));
  shadow.move(-6, 46).curve(-4, 56, 4, 56, 6, 46).line(6.1, 53).curve(3, 58.5, -3, 58.5, -6.1, 53);
  pen.fill(shadow, darker(looks.skin, 0.45), 0.55);
}

Path torso() {
  Path path;
  path.move(-8.6, 59)
      .curve(-12, 63.4, -24, 63.5, -30, 67.5)
      .curve(-37, 72, -38.5, 84, -41, 104)
      .line(-41, kFloor);
  path.line(41, kFloor).line(41, 104).curve(38.5, 84, 37, 72, 30, 67.5).curve(24, 63.5, 12, 63.4, 8.6, 59);
  return path.curve(5, 67, -5, 67, -8.6, 59);
}

void draw_blazer(const Pen& pen, Color cloth) {
  Path shirt, notch, lapel;
  shirt.move(-8.4, 59.2).curve(-5, 66, 5, 66, 8.4, 59.2).line(13, 63).line(0, 96).line(-13, 63);
  pen.fill(shirt, lighter(cloth, 0.86));
  notch.move(-8.4, 59.2).line(-10.5, 62.6).line(-4.4, 70.5).line(0, 65.6).mirror();
  pen.fill(notch, kOffWhite);
  lapel.move(-9.6, 60.6)
      .line(-15.6, 63.6)
      .line(-17.5, 74)
      .line(-14, 75.5)
      .line(-15.5, 78)
      .line(-0.4, 103)
      .line(-0.4, 95)
      .mirror();
  pen.fill(lapel, darker(cloth, 0.22));
}

void draw_dress(const Pen& pen, const Looks& looks) {
  Color cloth = looks.clothes;
  pen.fill(torso(), cloth);
  Path folds;
  folds.stroke(arc({-27, 84}, {-25.6, 95}, {-26.6, 120}), 0.7).mirror();
  Path detail;
  switch (looks.dress) {
    case Looks::Dress::blazer:
      draw_blazer(pen, cloth);
      break;
    case Looks::Dress::sweater:
      detail.stroke(arc({-9.4, 60}, {0, 75.4}, {9.4, 60}), 2.6);
      pen.fill(detail, darker(cloth, 0.25));
      break;
    case Looks::Dress::shirt:
      detail.move(-8.8, 58.4).line(-12.6, 63.2).line(-6.2, 71.6).line(0, 65.4).mirror();
      pen.fill(detail, lighter(cloth, 0.3));
      pen.fill(Path().stroke({{0, 66.5}, {0, kFloor}}, 0.6), darker(cloth, 0.35));
      pen.fill(Path().ellipse(1.6, 76, 0.8, 0.8).ellipse(1.6, 88, 0.8, 0.8), lighter(cloth, 0.55));
      break;
    case Looks::Dress::turtleneck:
      detail.move(-7.4, 53.4).curve(-3, 56, 3, 56, 7.4, 53.4).curve(7.8, 58, 8.6, 61, 10, 62.4);
      detail.curve(5, 68, -5, 68, -10, 62.4).curve(-8.6, 61, -7.8, 58, -7.4, 53.4);
      pen.fill(detail, lighter(cloth, 0.14));
      break;
  }
  pen.fill(folds, darker(cloth, 0.35), 0.6);
}

void draw_face(const Pen& pen, const Looks& looks, double mouth) {
  Path ears, inner_ears, face, cheeks, shade;
  ears.ellipse(14, 34.4, 2.5, 3.8).mirror();
  inner_ears.ellipse(14.4, 34.6, 1.2, 2.1).mirror();
  pen.fill(ears, darker(looks.skin, 0.08));
  pen.fill(inner_ears, darker(looks.skin, 0.25), 0.7);
  double chin = 51 + 1.5 * mouth;
  face.move(0, 13.5).curve(9, 13.5, 14.2, 20, 14.2, 31).curve(14.2, 40.5, 8, chin, 0, chin);
  face.curve(-8, chin, -14.2, 40.5, -14.2, 31).curve(-14.2, 20, -9, 13.5, 0, 13.5);
  pen.fill(face, looks.skin);
  cheeks.ellipse(8.2, 40.4, 3, 2).mirror();
  pen.fill(cheeks, Color{222, 84, 84}, 0.16);
  shade.stroke(arc({-0.3, 33.6}, {2.6, 39.6}, {-1, 39.8}), 0.75);
  pen.fill(shade, darker(looks.skin, 0.32), 0.8);
}

void draw_eyes(const Pen& pen, const Looks& looks, double open) {
  Color brow = looks.hair.r > 140 ? darker(looks.hair, 0.35) : looks.hair;
  pen.fill(Path().stroke(arc({-9, 28.2}, {-6, 26.2}, {-3, 27.8}), 1.15).mirror(), brow);
  Color lash = darker(looks.skin, 0.85);
  if (open < 0.2) {
    pen.fill(Path().stroke(arc({-8.8, 33.4}, {-6, 35.6}, {-3.3, 33.4}), 0.8).mirror(), lash);
    return;
  }
  double ry = 2.15 * open;
  pen.fill(Path().ellipse(-6, 33.2, 2.75, ry).mirror(), kOffWhite);
  pen.fill(Path().ellipse(-5.9, 33.2, 1.55, std::min(1.55, ry)).mirror(), looks.iris);
  pen.fill(Path().ellipse(-5.9, 33.2, 0.8, std::min(0.8, ry)).mirror(), kInk);
  if (open > 0.6) pen.fill(Path().ellipse(-5.3, 32.5, 0.42, 0.42).ellipse(6.4, 32.5, 0.42, 0.42), kOffWhite);
  double lid = 33.2 - ry;
  pen.fill(Path().stroke(arc({-8.9, 33.1}, {-6.2, lid - 2.1 * open}, {-3.2, 33.1}), 0.75).mirror(), lash);
}

void draw_glasses(const Pen& pen) {
  constexpr double kRim = 4.4;
  for (double side : {-1.0, 1.0}) {
    std::vector<Point> rim;
    for (int i = 0; i <= 28; ++i) {
      double angle = 2 * std::numbers::pi * i / 28;
      rim.push_back({side * 6 + kRim * std::cos(angle), 33.4 + kRim * 0.94 * std::sin(angle)});
    }
    pen.fill(Path().stroke(rim, 0.7), kInk);
    pen.fill(Path().stroke({{side * 10.4, 32.8}, {side * 13.8, 32}}, 0.7), kInk);
  }
  pen.fill(Path().stroke(arc({-1.7, 32.8}, {0, 31.6}, {1.7, 32.8}), 0.7), kInk);
}

void draw_mouth(const Pen& pen, const Looks& looks, double open) {
  Color lips = mix(looks.skin, Color{168, 48, 62}, 0.55);
  double wide = 4.7 - 0.9 * open, corner = 44.2 + 0.5 * open;
  double upper = 44.9 - 1.5 * open, lower = 45.1 + 4.8 * open;
  auto outline = [&](double grow) {
    Path path;
    path.move(-wide - grow, corner)
        .curve(-wide * 0.5, upper - grow, wide * 0.5, upper - grow, wide + grow, corner);
    path.curve(wide * 0.62, lower + grow * 1.5, -wide * 0.62, lower + grow * 1.5, -wide - grow, corner);
    return path;
  };
  pen.fill(outline(0.75), lips);
  if (open < 0.04) {
    pen.fill(Path().stroke(arc({-wide, corner}, {0, 46}, {wide, corner}), 0.55), darker(lips, 0.5));
    return;
  }
  pen.fill(outline(0), Color{74, 22, 30});
  double room = std::min(1.0, open * 2.2);
  Path teeth, tongue;
  double bite = corner - 0.2 * open;
  teeth.move(-wide * 0.72, bite)
      .curve(-wide * 0.4, upper + 0.35, wide * 0.4, upper + 0.35, wide * 0.72, bite);
  teeth.curve(wide * 0.4, bite + 0.7 * room, -wide * 0.4, bite + 0.7 * room, -wide * 0.72, bite);
  pen.fill(teeth, kOffWhite);
  if (open > 0.3) {
    tongue.ellipse(0, corner + 3.1 * open, wide * 0.42, 0.75 * open);
    pen.fill(tongue, Color{196, 84, 92});
  }
}

/// 1 open … 0 shut: a blink of a fifth of a second every three to five seconds.
double eyes_open(double seconds) {
  double round = std::fmod(seconds, 7.9);
  double since = round < 3.1 ? round - 2.2 : round - 6.4;
  return std::clamp(std::abs(since - 0.1) / 0.1, 0.0, 1.0);
}

Transform head_pose(double seconds, double mouth) {
  double tilt = 0.022 * std::sin(seconds * 1.27) + 0.012 * std::sin(seconds * 2.9);
  double x = 0.7 * std::sin(seconds * 0.83), y = 0.35 * std::sin(seconds * 1.9) + 0.5 * mouth;
  Transform move{1, 0, 0, 1, x, y};
  return move.after(Transform::rotate_about(tilt, kNeck));
}

}  // namespace

Looks looks_of(const std::string& avatar_id) {
  std::uint64_t bits = id_hash("looks " + avatar_id);
  auto pick = [&bits](std::uint64_t n) {
    std::uint64_t chosen = bits % n;
    bits /= n;
    return chosen;
  };
  Looks looks{};
  looks.hair_cut = static_cast<Looks::Hair>(pick(5));
  looks.dress = static_cast<Looks::Dress>(pick(4));
  looks.glasses = pick(4) == 0;
  std::size_t skin = pick(kSkins.size());
  looks.skin = kSkins[skin];
  looks.hair = kHairs[pick(skin < 3 ? kHairs.size() : skin < 5 ? 3 : 1)];
  looks.clothes = kClothes[pick(kClothes.size())];
  looks.iris = kIrises[pick(kIrises.size())];
  looks.phase = static_cast<double>(pick(1000)) / 100;
  return looks;
}

Figure::Figure(const Scene& scene, int width, int height)
    : looks_(looks_of(scene.avatar_id)),
      circle_background_(scene.circle_background),
      circle_(scene.style == "circle"),
      somebody_(!scene.avatar_id.empty()),
      portrait_(!scene.photo.empty()),
      background_(width, height, scene.background),
      raster_(background_) {
  place(scene, width, height);
  raster_.limit_to(box_);
}

void Figure::stand_before(const Raster& picture) {
  background_ = picture;
  raster_ = picture;
  raster_.limit_to(box_);
}

void Figure::place(const Scene& scene, int width, int height) {
  bool close_up = scene.style == "closeUp";
  double zoom = scene.scale * (close_up ? 1.35 : 1);
  double x = width * (0.5 + scene.offset_x), y = height * (scene.offset_y - (close_up ? 0.06 : 0));
  if (circle_) {
    double radius = 0.45 * std::min(width, height) * scene.scale;
    disc_.ellipse(x, y + height / 2.0, radius, radius);
    double unit = 2 * radius / 84;
    body_ = Transform::scale_then_move(unit, x, y + height / 2.0 - radius + 3 * unit);
    box_ = {static_cast<int>(x - radius) - 1, static_cast<int>(y + height / 2.0 - radius) - 1,
            static_cast<int>(x + radius) + 2, static_cast<int>(y + height / 2.0 + radius) + 2};
    return;
  }
  double unit = zoom * std::min(height / 100.0, width / 88.0);
  double base = zoom > 1 ? height - 100 * unit / zoom : height - 100 * unit;
  body_ = Transform::scale_then_move(unit, x, y + base);
  box_ = {static_cast<int>(std::floor(x - 42 * unit)), 0, static_cast<int>(std::ceil(x + 42 * unit)), height};
}

const Raster& Figure::draw(double seconds, double mouth) {
  double now = seconds + looks_.phase;
  if (!somebody_ && !portrait_) return raster_;
  Pen body{raster_, body_};
  Pen head{raster_, body_.after(head_pose(now, mouth))};
  if (portrait_) {
    raster_.paint(box_, background_);
    draw_mouth(head, looks_, mouth);
    return raster_;
  }
  if (circle_) {
    raster_.clear(box_, circle_background_);
  } else {
    raster_.paint(box_, background_);
  }
  draw_back_hair(head, looks_);
  draw_neck(body, looks_);
  draw_dress(body, looks_);
  draw_face(head, looks_, mouth);
  draw_eyes(head, looks_, eyes_open(now));
  draw_mouth(head, looks_, mouth);
  draw_fringe(head, looks_);
  if (looks_.glasses) draw_glasses(head);
  if (circle_) raster_.keep(disc_, {}, box_, background_);
  return raster_;
}

}  // namespace avstage::sandbox
