#pragma once

#include <random>
#include <string>

#include "avstage/error.h"
#include "plan/job_builder.h"

/// Random timelines, the same for the same seed everywhere.
namespace avstage::plan::test {

class RandomScript {
 public:
  explicit RandomScript(unsigned seed) : random_(seed) {}

  Script make() {
    Script script;
    script.canvas.fps = one_in(4) ? Rational(30000, 1001) : Rational(25);
    if (one_in(3)) script.outputs.push_back({.path = "upright.mp4", .size = std::pair(1080, 1920)});
    const int tracks = below(3) + 1;
    for (int t = 0; t < tracks; ++t) {
      script.tracks.emplace_back();
      const int clips = below(8) + 1;
      for (int c = 0; c < clips; ++c) script.tracks.back().push_back(clip());
    }
    return script;
  }

 private:
  int below(int n) { return static_cast<int>(random_() % static_cast<unsigned>(n)); }
  bool one_in(int n) { return below(n) == 0; }

  std::string frames(int most) { return std::to_string(below(most) + 1) + "f"; }
  std::string seconds(int most) { return std::to_string(below(most) + 1) + "." + std::to_string(below(100)); }

  Item clip() {
    Item item = medium();
    item.id("c" + std::to_string(count_));
    place(item);
    dress(item);
    ++count_;
    return item;
  }

  Item medium() {
    const int kind = below(10);
    if (kind < 4) {
      Item item = film(seconds(one_in(5) ? 60 : 12), "film" + std::to_string(below(4)));
      if (one_in(6)) item.facts.media.video.reset();
      if (one_in(6)) item.facts.media.audio.reset();
      if (one_in(4)) item.in(frames(20));
      if (one_in(8)) item.duration("end");
      return item;
    }
    if (kind < 7) {
      Item item = one_in(6) ? avatar("again", "3") : avatar("words " + std::to_string(count_), seconds(9));
      if (one_in(6)) item.duration(frames(25));
      if (one_in(12)) item.facts.media.video.reset();
      return item;
    }
    Item item = kind == 7 ? color(Color{7, 7, 7, 255}) : kind == 8 ? text("title") : logo();
    if (count_ > 0 && one_in(6))
      return item.duration("@c" + std::to_string(below(count_)) + ".end+" + frames(9));
    return one_in(3) ? item.duration(one_in(3) ? "end-10f" : "end") : item.duration(frames(300));
  }

  void place(Item& item) {
    switch (below(12)) {
      case 0:
        item.start(frames(200));
        break;
      case 1:
        item.start(seconds(8));
        break;
      case 2:
        if (one_in(2)) item.start("end-" + frames(40)).duration("end");
        break;
      case 3:
      case 4:
        anchor(item);
        break;
      default:
        break;  // follows
    }
  }

  void anchor(Item& item) {
    if (count_ == 0) return;
    std::string to =
        "@c" + std::to_string(one_in(8) ? below(12) : below(count_)) + (one_in(2) ? ".end" : ".start");
    if (one_in(2)) to += (one_in(2) ? "+" : "-") + frames(20);
    item.start(to);
  }

  void dress(Item& item) {
    if (one_in(5)) item.fade_in(below(30));
    if (one_in(5)) item.fade_out(below(30));
    if (one_in(8)) item.opacity(one_in(3) ? 0 : 0.5);
    if (one_in(3)) item.width(400);
    if (one_in(10)) item.filter("grayscale");
    if (one_in(16)) item.filter("fade");
  }

  std::mt19937 random_;
  int count_ = 0;
};

/// Calls `check` with `wanted` random stages whose times are possible.
template <typename Check>
void for_random_stages(int wanted, const Check& check) {
  unsigned seed = 1;
  for (int found = 0; found < wanted; ++seed) {
    ASSERT_LT(seed, 20U * static_cast<unsigned>(wanted)) << "too few possible timelines";
    Stage stage(RandomScript(seed).make());
    try {
      stage.timing({});
      stage.timing();
    } catch (const Error& e) {
      ASSERT_EQ(e.code(), ErrorCode::usage) << e.message();
      continue;
    }
    ++found;
    SCOPED_TRACE("seed " + std::to_string(seed));
    check(stage);
    if (testing::Test::HasFailure()) return;
  }
}

}  // namespace avstage::plan::test
