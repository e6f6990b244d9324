#include "media/text_image.h"

#include <gmock/gmock.h>

#include "memory_source.h"
#include "support/media_fixtures.h"
#include "support/temp_dir.h"

namespace avstage::media {
namespace {

using test::error_of;
using testing::HasSubstr;

TextRef text(const std::string& words) {
  TextRef ref;
  ref.text = words;
  ref.size = {24, false};
  ref.color = {250, 200, 40, 255};
  return ref;
}

FramePtr render(const TextRef& ref) {
  return render_text(ref, 640, 360, default_font());
}

const std::uint8_t* at(const AVFrame& f, int x, int y) {
  return f.data[0] + y * f.linesize[0] + 4 * x;
}

int inked(const AVFrame& f) {
  int count = 0;
  for (int y = 0; y < f.height; ++y) {
    for (int x = 0; x < f.width; ++x) count += at(f, x, y)[3] > 128 ? 1 : 0;
  }
  return count;
}

TEST(TextImage, IsCroppedToItsInk) {
  FramePtr f = render(text("Hxg"));
  auto has_ink = [&](int x0, int y0, int x1, int y1) {
    for (int y = y0; y < y1; ++y) {
      for (int x = x0; x < x1; ++x) {
        if (at(*f, x, y)[3] != 0) return true;
      }
    }
    return false;
  };
  EXPECT_EQ(f->format, AV_PIX_FMT_RGBA);
  EXPECT_TRUE(has_ink(0, 0, 1, f->height) && has_ink(f->width - 1, 0, f->width, f->height));
  EXPECT_TRUE(has_ink(0, 0, f->width, 1) && has_ink(0, f->height - 1, f->width, f->height));
  EXPECT_GT(f->width, 25);
  EXPECT_LT(f->width, 60);
  EXPECT_LT(f->height, 24);
}

TEST(TextImage, EveryPixelHasTheTextsColourSoThatNoFringeIsDark) {
  FramePtr f = render(text("Wave & Äö"));
  for (int y = 0; y < f->height; ++y) {
    for (int x = 0; x < f->width; ++x) {
      ASSERT_EQ(at(*f, x, y)[0], 250);
      ASSERT_EQ(at(*f, x, y)[1], 200);
      ASSERT_EQ(at(*f, x, y)[2], 40);
    }
  }
}

TEST(TextImage, TransparentColourIsOneFactorNotTwo) {
  TextRef ref = text("I");
  ref.size = {120, false};
  ref.color.a = 128;
  FramePtr f = render(ref);
  EXPECT_NEAR(at(*f, f->width / 2, f->height / 2)[3], 128, 1);
}

TEST(TextImage, HostileTextIsDrawnLiterally) {
  const int plain = inked(*render(text("x")));
  for (const char* hostile :
       {"%{pts}", "%{eif:1:d}", "a'b", "a:b", "a\\b",    "a%b", "{}",  "[in]",  "a,b;c", "text=x:fontsize=99",
        "'",      "\\",         "%",   ":",   "{\\an8}", "x'x", "\\n", "$(id)", "`id`",  "%%",
        "\\:\\'", "a=b",        "x@y", "|",   "\"q\"",   "->"}) {
    std::string doubled = std::string(hostile) + " " + hostile;
    FramePtr once = render(text(hostile)), twice = render(text(doubled));
    EXPECT_GT(inked(*once), 0) << hostile;
    EXPECT_NEAR(inked(*twice), 2 * inked(*once), 2 + inked(*once) / 8) << hostile;
  }
  // "%{pts}" is six characters: wider than what an expansion to "0.000000" minus markup could hide.
  EXPECT_GT(render(text("%{pts}%{pts}"))->width, render(text("%{pts}"))->width * 19 / 10);
  EXPECT_GT(plain, 0);
}

TEST(TextImage, LinesStandEvenlyWhateverLettersTheyHave) {
  auto tops = [](const AVFrame& f) {
    std::vector<int> starts;
    bool before = false;
    for (int y = 0; y < f.height; ++y) {
      bool ink = false;
      for (int x = 0; x < f.width && !ink; ++x) ink = at(f, x, y)[3] > 100;
      if (ink && !before) starts.push_back(y);
      before = ink;
    }
    return starts;
  };
  auto even = tops(*render(text("HH\nHH\r\nHH")));
  ASSERT_EQ(even.size(), 3U);
  EXPECT_EQ(even[1] - even[0], 24);
  EXPECT_EQ(even[2] - even[1], 24);
  auto gap = tops(*render(text("HH\n\nHH")));
  ASSERT_EQ(gap.size(), 2U);
  EXPECT_EQ(gap[1] - gap[0], 48);
  auto mixed = tops(*render(text("HH\nHgpq\nHH")));
  ASSERT_EQ(mixed.size(), 3U);
  EXPECT_EQ(mixed[2] - mixed[0], 48);
}

TEST(TextImage, AlignsSeveralLines) {
  auto left_edge_of_last_line = [](const std::string& align) {
    TextRef ref = text("HHHHHHHH\nI");
    ref.align = align;
    FramePtr f = render(ref);
    for (int x = 0; x < f->width; ++x) {
      if (at(*f, x, f->height - 2)[3] > 100) return x * 100 / f->width;
    }
    return -1;
  };
  EXPECT_LT(left_edge_of_last_line("left"), 10);
  EXPECT_NEAR(left_edge_of_last_line("center"), 48, 5);
  EXPECT_GT(left_edge_of_last_line("right"), 90);
}

TEST(TextImage, ABoxLiesBehindTheTextWithItsPadding) {
  TextRef ref = text("Hi");
  FramePtr bare = render(ref);
  ref.box = Color{10, 20, 90, 255};
  ref.padding = {7, false};
  FramePtr f = render(ref);
  EXPECT_EQ(f->width, bare->width + 14);
  EXPECT_EQ(f->height, bare->height + 14);
  EXPECT_EQ(at(*f, 0, 0)[2], 90);
  EXPECT_EQ(at(*f, 0, 0)[3], 255);
  bool bright = false;
  for (int x = 0; x < f->width; ++x) bright |= at(*f, x, f->height / 2)[0] > 240;
  EXPECT_TRUE(bright);
}

TEST(TextImage, SizeInPerCentIsOfTheCanvasHeight) {
  TextRef ref = text("H");
  ref.size = {10, true};
  FramePtr small = render_text(ref, 640, 360, default_font());
  FramePtr large = render_text(ref, 640, 720, default_font());
  EXPECT_NEAR(large->height, 2 * small->height, 2);
}

TEST(TextImage, LongAndWideTextIsNotCut) {
  std::string word;
  for (int i = 0; i < 20; ++i) word += "﷽";
  FramePtr wide = render(text("|" + std::string(120, 'W') + "|"));
  EXPECT_GT(wide->width, 120 * 18);
  EXPECT_GT(render(text(word))->width, 20);
}

TEST(TextImage, WhatCannotBeDrawnIsAUsageError) {
  for (const char* bad : {"\xff", "a\xc3", "\xc0\xaf", "\xed\xa0\x80", "\xf5\x80\x80\x80", "a\x01z",
                          "\x1b[0m", "", "   ", "\n"}) {
    EXPECT_EQ(error_of([&] { render(text(bad)); }).code(), ErrorCode::usage) << bad;
  }
  EXPECT_EQ(error_of([&] { render(text(std::string("a\0b", 3))); }).code(), ErrorCode::usage);
  EXPECT_EQ(error_of([&] { render(text(std::string(20000, 'W'))); }).code(), ErrorCode::usage);
}

TEST(TextImage, AnUnreadableFontIsAUsageErrorNotAnotherFont) {
  test::TempDir dir;
  TextRef ref = text("x");
  for (const std::string& content :
       {std::string(), std::string("not a font at all"), std::string("\0\1\0\0 cut off", 12),
        std::string("OTTO\0\1junkjunkjunk", 18)}) {
    ref.font = dir / "f.ttf";
    test::write_bytes(ref.font, content);
    Error e = error_of([&] { render(ref); });
    EXPECT_EQ(e.code(), ErrorCode::usage) << content.substr(0, 4);
    EXPECT_THAT(e.message(), HasSubstr("f.ttf"));
  }
  ref.font = dir / "missing.ttf";
  EXPECT_THAT(error_of([&] { render(ref); }).message(), HasSubstr("missing.ttf"));
}

}  // namespace
}  // namespace avstage::media
