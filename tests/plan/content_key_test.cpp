#include "plan/content_key.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "plan/job_builder.h"

namespace avstage::plan {
namespace {

using namespace test;
using testing::ElementsAre;
using testing::SizeIs;

using Change = std::function<void(Script&)>;

std::vector<std::string> keys_of(const Script& script) {
  return keys(Stage(script).resolve());
}

Clip& clip(Script& s, int track, int index = 0) {
  return s.tracks.at(track).at(index).clip;
}
TextRef& title(Script& s) {
  return std::get<TextRef>(clip(s, 2).media);
}

/// A film, a keyed picture with fades and filters over it, a title, a logo and a coloured box: one segment.
Script rich() {
  FilterSpec eq{"lavfi", "eq", {{"contrast", 1.1}}, {}};
  Item pip = film("8", "pip.mp4").in("2").out("7").start("1").width(400).key(Color{0, 255, 0, 255});
  pip.fade_in(10).fade_out(10).filter("blur", {{"radius", 2.0}}).clip.filters.push_back(eq);
  Item box = color(Color{9, 9, 9, 255}).duration("9").width(50);
  return {
      {{film("9").filter("grayscale")}, {pip}, {text("Hello").duration("9")}, {logo().duration("9")}, {box}}};
}

TEST(ContentKey, ChangesWithEverythingThatCanChangeAPixel) {
  const std::pair<std::string, Change> changes[] = {
      {"bytes of a file", [](Script& s) { s.tracks[0][0].facts.identity = "file other"; }},
      {"the font", [](Script& s) { s.tracks[2][0].facts.identity = "text other"; }},
      {"words of a text", [](Script& s) { title(s).text = "Hello!"; }},
      {"size of a text",
       [](Script& s) {
         title(s).size = {5, false};
       }},
      {"colour of a text",
       [](Script& s) {
         title(s).color = {255, 255, 254, 255};
       }},
      {"alpha of a text", [](Script& s) { title(s).color.a = 254; }},
      {"box of a text", [](Script& s) { title(s).box = Color{}; }},
      {"padding of a text", [](Script& s) { title(s).padding.value = 2; }},
      {"alignment of a text", [](Script& s) { title(s).align = "center"; }},
      {"a colour", [](Script& s) { std::get<ColorRef>(clip(s, 4).media).color.b = 8; }},
      {"alpha of a colour", [](Script& s) { std::get<ColorRef>(clip(s, 4).media).color.a = 8; }},
      {"in", [](Script& s) { s.tracks[1][0].in("2.01").out("7.01"); }},
      {"start of an overlay", [](Script& s) { s.tracks[1][0].start("26f"); }},
      {"length of an overlay", [](Script& s) { s.tracks[1][0].out("7.04"); }},
      {"length", [](Script& s) { s.tracks[0][0].out("8.96"); }},
      {"opacity", [](Script& s) { clip(s, 1).opacity = 0.99; }},
      {"fade in", [](Script& s) { s.tracks[1][0].fade_in(11); }},
      {"fade out", [](Script& s) { s.tracks[1][0].fade_out(11); }},
      {"a new fade", [](Script& s) { s.tracks[3][0].fade_in(1); }},
      {"at across", [](Script& s) { clip(s, 3).place.at_x = 0.5; }},
      {"at down", [](Script& s) { clip(s, 3).place.at_y = 0.5; }},
      {"no at", [](Script& s) { clip(s, 3).place.at_given = false; }},
      {"margin", [](Script& s) { clip(s, 3).place.margin.value = 2; }},
      {"unit of a margin", [](Script& s) { clip(s, 3).place.margin.percent = true; }},
      {"width", [](Script& s) { clip(s, 1).place.width->value = 402; }},
      {"unit of a width", [](Script& s) { clip(s, 1).place.width->percent = true; }},
      {"height",
       [](Script& s) {
         clip(s, 1).place.height = Length{300, false};
       }},
      {"fit", [](Script& s) { clip(s, 1).place.fit = Fit::fill; }},
      {"key colour", [](Script& s) { clip(s, 1).key->color->r = 1; }},
      {"key similarity", [](Script& s) { clip(s, 1).key->similarity = 0.2; }},
      {"key blend", [](Script& s) { clip(s, 1).key->blend = 0.2; }},
      {"no key", [](Script& s) { clip(s, 1).key.reset(); }},
      {"a filter's parameter", [](Script& s) { clip(s, 1).filters[0].params["radius"] = 3.0; }},
      {"a filter of libavfilter", [](Script& s) { clip(s, 1).filters[1].lavfi = "hue"; }},
      {"its option", [](Script& s) { clip(s, 1).filters[1].params["contrast"] = 1.2; }},
      {"name of its option",
       [](Script& s) {
         clip(s, 1).filters[1].params = {{"gamma", 1.1}};
       }},
      {"order of filters", [](Script& s) { std::swap(clip(s, 1).filters[0], clip(s, 1).filters[1]); }},
      {"no filter", [](Script& s) { clip(s, 0).filters.clear(); }},
      {"order of tracks", [](Script& s) { std::swap(s.tracks[2], s.tracks[3]); }},
      {"no overlay", [](Script& s) { s.tracks.pop_back(); }},
      {"frame rate", [](Script& s) { s.canvas.fps = Rational(50); }},
      {"background",
       [](Script& s) {
         s.canvas.background = {1, 0, 0, 255};
       }},
      {"canvas", [](Script& s) { s.canvas.height = 1440; }},
      {"output size",
       [](Script& s) {
         s.outputs[0].size = {1280, 720};
       }},
      {"codec", [](Script& s) { s.outputs[0].codec = "hevc"; }},
      {"crf", [](Script& s) { s.outputs[0].crf = 21; }},
      {"bitrate", [](Script& s) { s.outputs[0].bitrate = 1'000'000; }},
      {"preset", [](Script& s) { s.outputs[0].preset = "slow"; }},
      {"cut for HLS", [](Script& s) { s.outputs[0].rendition = "1920x1080"; }},
      {"cut finer for HLS",
       [](Script& s) {
         s.outputs[0].rendition = "1920x1080";
         s.outputs[0].media_segment = Rational(4);
       }},
      {"versions of the tools", [](Script& s) { s.toolchain = "tools 2"; }},
      {"the canvas it is scaled from",
       [](Script& s) { s.outputs.push_back({.path = "uhd.mp4", .size = std::pair(3840, 2160)}); }},
  };
  const std::vector<std::string> before = keys_of(rich());
  ASSERT_THAT(before, SizeIs(1));
  std::set<std::string> seen(before.begin(), before.end());
  for (const auto& [what, change] : changes) {
    Script script = rich();
    if (what == "unit of a margin") clip(script, 3).place.margin.value = 3;
    change(script);
    const std::vector<std::string> after = keys_of(script);
    ASSERT_FALSE(after.empty()) << what;
    EXPECT_TRUE(seen.insert(after.back()).second) << what;
  }
}

TEST(ContentKey, DoesNotChangeWithWhatNoPixelDependsOn) {
  const std::pair<std::string, Change> changes[] = {
      {"ids", [](Script& s) { clip(s, 0).id = "x"; }},
      {"the path of a file", [](Script& s) { clip(s, 0).media = FileRef{"/elsewhere/film.mov"}; }},
      {"the path of a font with the same bytes", [](Script& s) { title(s).font = "copy.ttf"; }},
      {"output path", [](Script& s) { s.outputs[0].path = "other.mkv"; }},
      {"output size as the canvas'",
       [](Script& s) {
         s.outputs[0].size = {1920, 1080};
       }},
      {"sound codec", [](Script& s) { s.outputs[0].audio.codec = "none"; }},
      {"sound bitrate", [](Script& s) { s.outputs[0].audio.bitrate = 96'000; }},
      {"loudness", [](Script& s) { s.outputs[0].loudness = LoudnessSpec{}; }},
      {"volume", [](Script& s) { clip(s, 0).volume = 0.5; }},
      {"duck",
       [](Script& s) {
         clip(s, 0).duck = DuckSpec{"x", -12, {}};
       }},
      {"a sound only",
       [](Script& s) {
         s.tracks.push_back({film("9", "music")});
         s.tracks.back()[0].facts.media.video.reset();
       }},
      {"an invisible clip", [](Script& s) { s.tracks.push_back({film("9").opacity(0)}); }},
      {"a smaller output of the same shape",
       [](Script& s) { s.outputs.push_back({.path = "small.mp4", .size = std::pair(1280, 720)}); }},
      {"an output of another shape",
       [](Script& s) { s.outputs.push_back({.path = "up.mp4", .size = std::pair(1080, 1920)}); }},
      {"a default written out", [](Script& s) { clip(s, 1).filters[0].params["edges"] = false; }},
  };
  for (const auto& [what, change] : changes) {
    Script script = rich();
    change(script);
    EXPECT_EQ(keys_of(script).front(), keys_of(rich()).front()) << what;
  }
}

TEST(ContentKey, IsTheSameWhateverIsHiddenBelow) {
  std::vector<std::string> alone = keys_of({{{film("9")}}, {}});
  EXPECT_EQ(
      keys_of({{{film("2", "a"), film("7", "b")}, {text("x").start("1").duration("3")}, {film("9")}}, {}}),
      alone);
  EXPECT_EQ(keys_of({{{avatar("hi", "9")}, {film("9")}}, {}}), alone);
}

TEST(ContentKey, IsTheSameWhereverTheSegmentStands) {
  Script first = rich(), later = rich();
  later.tracks[0].insert(later.tracks[0].begin(), film("20", "before.mp4"));
  for (std::size_t t = 1; t < 5; ++t) later.tracks[t][0].start(t == 1 ? "21" : "20");
  std::vector<std::string> moved = keys_of(later);
  ASSERT_THAT(moved, SizeIs(3));
  EXPECT_EQ(moved.back(), keys_of(first).front());
}

TEST(ContentKey, IsTheSameForTheSamePartOfAMediumHoweverItIsReached) {
  EXPECT_EQ(keys_of({{{film("20")}}, {}}).at(1), keys_of({{{film("20").in("10")}}, {}}).front());
  // Edited in two, the film is the same film.
  EXPECT_EQ(keys_of({{{film("20").out("10"), film("20").in("10")}}, {}}), keys_of({{{film("20")}}, {}}));
}

TEST(ContentKey, OfATimedFilterDependsOnThePlaceInTheClip) {
  auto last = [](const Item& item) { return keys_of({{{item}}, {}}).back(); };
  EXPECT_NE(last(film("20").filter("fade")), last(film("20").in("10").filter("fade")));
  EXPECT_NE(last(film("30").out("20").filter("fade")), last(film("30").out("25").filter("fade")));
  EXPECT_EQ(last(film("20").filter("blur")), last(film("20").in("10").filter("blur")));
}

TEST(ContentKey, OfASegmentAwayFromAFadeDoesNotDependOnItsLength) {
  auto middle = [](int in, int out) { return keys_of({{{film("30").fade_in(in).fade_out(out)}}, {}}).at(1); };
  EXPECT_EQ(middle(10, 10), middle(20, 30));
  EXPECT_NE(middle(10, 10), keys_of({{{film("30")}}, {}}).at(1));  // a clip that fades is composed with alpha
}

TEST(ContentKey, OfAFadeIsTheSameWhenTheClipBecomesLonger) {
  EXPECT_EQ(keys_of({{{film("30").fade_in(20)}}, {}}).front(),
            keys_of({{{film("40").fade_in(20)}}, {}}).front());
}

TEST(ContentKey, AllKeysAreDifferentWhereTheContentIs) {
  std::vector<std::string> all = keys_of({{{film("60"), film("60", "b.mp4"), color({}).duration("9")}}, {}});
  EXPECT_EQ(std::set<std::string>(all.begin(), all.end()).size(), all.size());
  for (const std::string& key : all) EXPECT_THAT(key, SizeIs(64));
}

TEST(ContentKey, AChangedAvatarLengthChangesOnlyTheSegmentsAtTheMovedEdge) {
  auto with = [](const std::string& seconds) {
    return keys_of(
        {{{film("300")}, {avatar("hi", seconds).start("20").width(400)}, {logo().duration("end")}}, {}});
  };
  const std::vector<std::string> before = with("31");
  for (const char* seconds : {"31.04", "30.96", "32", "29", "33.4"}) {
    const std::vector<std::string> after = with(seconds);
    std::set<std::string> known(before.begin(), before.end());
    auto fresh =
        std::count_if(after.begin(), after.end(), [&](const std::string& k) { return !known.contains(k); });
    EXPECT_LE(fresh, 3) << seconds;  // the avatar's last piece and the film after it, up to the grid
    EXPECT_GE(fresh, 1) << seconds;
    EXPECT_GE(after.size(), 28U);
  }
}

TEST(OutputKey, ChangesWithPictureSoundAndTools) {
  const std::pair<std::string, Change> changes[] = {
      {"a pixel", [](Script& s) { clip(s, 0).opacity = 0.5; }},
      {"volume", [](Script& s) { clip(s, 0).volume = 0.5; }},
      {"sound that is off", [](Script& s) { clip(s, 0).volume = 0; }},
      {"bytes of a sound", [](Script& s) { s.tracks[1][0].facts.identity = "file other"; }},
      {"in of a sound", [](Script& s) { s.tracks[1][0].in("1").out("3"); }},
      {"start of a sound", [](Script& s) { s.tracks[1][0].start("1"); }},
      {"length of a sound", [](Script& s) { s.tracks[1][0].out("1"); }},
      {"fade of a sound", [](Script& s) { s.tracks[1][0].fade_in(5); }},
      {"other fade of a sound", [](Script& s) { s.tracks[1][0].fade_out(5); }},
      {"sound bitrate", [](Script& s) { s.outputs[0].audio.bitrate = 96'000; }},
      {"no sound", [](Script& s) { s.outputs[0].audio.codec = "none"; }},
      {"loudness",
       [](Script& s) {
         s.outputs[0].loudness = LoudnessSpec{-14, -1};
       }},
      {"another loudness",
       [](Script& s) {
         s.outputs[0].loudness = LoudnessSpec{-23, -1};
       }},
      {"true peak",
       [](Script& s) {
         s.outputs[0].loudness = LoudnessSpec{-14, -2};
       }},
      {"duck",
       [](Script& s) {
         s.tracks[1][0].clip.duck = DuckSpec{"film", -12, {}};
       }},
      {"how far it ducks",
       [](Script& s) {
         s.tracks[1][0].clip.duck = DuckSpec{"film", -6, {}};
       }},
      {"what it ducks under",
       [](Script& s) {
         s.tracks[1][0].clip.duck = DuckSpec{"other", -12, {}};
       }},
      {"tools", [](Script& s) { s.toolchain = "tools 2"; }},
  };
  Item music = film("3", "music").out("2");
  music.facts.media.video.reset();
  const Script script{{{film("9").id("film"), film("1").id("other")}, {music}}, {}};
  std::set<std::string> seen{Stage(script).resolve().output_keys.at(0)};
  for (const auto& [what, change] : changes) {
    Script other = script;
    change(other);
    EXPECT_TRUE(seen.insert(Stage(other).resolve().output_keys.at(0)).second) << what;
  }
}

TEST(OutputKey, OfASilentDeliverableDoesNotDependOnSound) {
  Script script{{{film("9")}}, {}};
  script.outputs[0].audio.codec = "none";
  Script louder = script;
  clip(louder, 0).volume = 2;
  EXPECT_EQ(Stage(louder).resolve().output_keys, Stage(script).resolve().output_keys);
}

TEST(OutputKey, DoesNotDependOnThePath) {
  Script script{{{film("9")}}, {}}, other = script;
  other.outputs[0].path = "other.mp4";
  EXPECT_EQ(Stage(other).resolve().output_keys, Stage(script).resolve().output_keys);
}

TEST(KeyBuilder, CannotBeFooledByHostileNamesAndValues) {
  auto key = [](const std::vector<std::pair<std::string, std::string>>& fields) {
    KeyBuilder builder("test");
    for (const auto& [name, value] : fields) builder.add(name, value);
    return builder.hex();
  };
  const std::set<std::string> all{
      key({}),
      key({{"a", "b"}}),
      key({{"ab", ""}}),
      key({{"", "ab"}}),
      key({{"a", ""}, {"b", ""}}),
      key({{"a", "b"}, {"c", "d"}}),
      key({{"c", "d"}, {"a", "b"}}),
      key({{"a", "b1:1:cd"}}),
      key({{"a1:1:bc", "d"}}),
      key({{"a", std::string("b\0", 2)}}),
  };
  EXPECT_THAT(all, SizeIs(10));
}

}  // namespace
}  // namespace avstage::plan
