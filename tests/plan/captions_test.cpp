#include "plan/captions.h"

#include <gtest/gtest.h>

#include "avstage/error.h"

namespace avstage::plan {
namespace {

Cues cues(std::string_view text) {
  return parse_captions(text, "c.srt");
}

std::string refusal(std::string_view text) {
  try {
    parse_captions(text, "c.srt");
  } catch (const Error& e) {
    EXPECT_EQ(e.code(), ErrorCode::input);
    return e.message();
  }
  return "accepted";
}

const Cues two{{Time(1), Time(5, 2), "Hello,\nyou."}, {Time(3), Time(3723456, 1000), "Second"}};

TEST(Captions, TheThreeFormatsSayTheSame) {
  EXPECT_EQ(cues("1\r\n00:00:01,000 --> 00:00:02,500\r\nHello,\r\nyou.\r\n\r\n"
                 "2\r\n00:00:03,000 --> 01:02:03,456\r\nSecond\r\n"),
            two);
  EXPECT_EQ(
      cues(
          "\xEF\xBB\xBFWEBVTT - title\n\nNOTE a remark\n\na cue's name\n00:01.000 --> 00:02.500 align:start\n"
          "<v Ana>Hello,</v>\nyou.\n\n00:03.000 --> 01:02:03.456\nSecond\n"),
      two);
  EXPECT_EQ(
      cues("[Script Info]\nTitle: x\n[Events]\nFormat: Layer, Start, End, Style, Name, MarginL, MarginR, "
           "MarginV, Effect, Text\nDialogue: "
           "0,0:00:01.00,0:00:02.50,Default,,0,0,0,,{\\an8\\b1}Hello,\\Nyou.\n"
           "Comment: 0,0:00:01.00,0:00:02.50,Default,,0,0,0,,not said\n"
           "Dialogue: 0,0:00:03.00,1:02:03.456,Default,,0,0,0,,Second\n"),
      two);
}

TEST(Captions, NothingInThemIsMoreThanText) {
  EXPECT_EQ(
      cues("00:00:00,000 --> 00:00:01,000\n<<b>script>alert(1)<</b>/script> <font color=\"red\">a</font>\n")
          .at(0)
          .text,
      "alert(1) a");
  EXPECT_EQ(cues("00:00:00,000 --> 00:00:01,000\n1 < 2 > 0 {\\an8}x {\\p1}m 0 0 l 9 9{\\p0}y\x1b[31m\x07\n")
                .at(0)
                .text,
            "1 < 2 > 0 x y[31m");
  EXPECT_EQ(cues("WEBVTT\n\n00:00.000 --> 00:01.000\n&lt;i&gt; &amp;lt;\n").at(0).text, "<i> &lt;");
  const std::string arrow = to_srt({{Time(0), Time(1), "a\n00:00:09,000 --> 00:00:10,000 b <i>"}});
  EXPECT_EQ(cues(arrow).size(), 1U) << arrow;
  EXPECT_EQ(cues(to_vtt({{Time(0), Time(1), "a --> b <i> & c"}})).at(0).text, "a --> b <i> & c");
}

TEST(Captions, WhatIsNoneIsRefused) {
  EXPECT_NE(refusal("").find("no cue"), std::string::npos);
  EXPECT_NE(refusal("<html><body>Not found</body></html>").find("no cue"), std::string::npos);
  EXPECT_NE(refusal("00:00:00,000 --> 00:00:01,000\n\xff\n").find("no UTF-8"), std::string::npos);
  EXPECT_NE(refusal("00:00:02,000 --> 00:00:01,000\nbackwards\n").find("no cue"), std::string::npos);
  EXPECT_NE(refusal("99999999999:00:00,000 --> 00:00:01,000\nx\n").find("no cue"), std::string::npos);
  EXPECT_NE(refusal(std::string(5 << 20, 'x')).find("bytes"), std::string::npos);
  EXPECT_NE(refusal("00:00:00,000 --> 00:00:01,000\n" + std::string(1001, 'x')).find("1001 characters"),
            std::string::npos);
  EXPECT_NE(refusal("WEBVTT\n\n00:00.000 --> 00:01.000\n" + std::string(100'000, '&')).find("bytes at once"),
            std::string::npos);
  std::string many;
  for (int i = 0; i < 20'001; ++i) many += "00:00:00,000 --> 00:00:01,000\nx\n\n";
  EXPECT_NE(refusal(many).find("more than 20000"), std::string::npos);
}

TEST(Captions, TheyMoveWithTheirClip) {
  const Cues all{{Time(0), Time(2), "a"}, {Time(2), Time(4), "b"}, {Time(9), Time(10), "c"}};
  const Cues moved = retimed(all, Time(1), Time(5, 2), Time(10));
  EXPECT_EQ(moved, (Cues{{Time(10), Time(11), "a"}, {Time(11), Time(25, 2), "b"}}));
  EXPECT_EQ(to_srt(moved), "1\n00:00:10,000 --> 00:00:11,000\na\n\n2\n00:00:11,000 --> 00:00:12,500\nb\n\n");
  EXPECT_EQ(to_vtt(moved).substr(0, 42), "WEBVTT\n\n00:00:10.000 --> 00:00:11.000\na\n\n0");
}

TEST(Captions, TheWordsOfAMoment) {
  const Cues all{{Time(1), Time(3), "a"}, {Time(2), Time(5, 2), "b"}};
  EXPECT_EQ(text_at(all, Time(1, 2)), "");
  EXPECT_EQ(text_at(all, Time(1)), "a");
  EXPECT_EQ(text_at(all, Time(2)), "b");
  EXPECT_EQ(text_at(all, Time(5, 2)), "a");
  EXPECT_EQ(text_at(all, Time(3)), "");
}

TEST(Captions, LongLinesAreBrokenBetweenWords) {
  EXPECT_EQ(wrapped("one two three four", 9), "one two\nthree\nfour");
  EXPECT_EQ(wrapped("äöüäöü x", 4), "äöüä\nöü x");
  EXPECT_EQ(wrapped("short\nlines", 20), "short\nlines");
}

}  // namespace
}  // namespace avstage::plan
