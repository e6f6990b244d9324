#include "sandbox/script.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

namespace avstage::sandbox {
namespace {

using testing::ElementsAre;

std::vector<std::string> words_of(const std::string& text) {
  std::vector<std::string> out;
  for (const Piece& piece : cut_script(text)) out.push_back(piece.words);
  return out;
}

TEST(Script, IsCutAtSentenceEnds) {
  EXPECT_THAT(words_of("One. Two! Three? Four"), ElementsAre("One.", " Two!", " Three?", " Four"));
}

TEST(Script, ADecimalPointEndsNoSentence) {
  EXPECT_THAT(words_of("It is 3.5 metres."), ElementsAre("It is 3.5 metres."));
}

TEST(Script, ABreakTagBecomesAPause) {
  std::vector<Piece> pieces = cut_script("One <break time=\"1.5s\"/> two <break time=\"250ms\"/>");
  ASSERT_EQ(pieces.size(), 4U);
  EXPECT_EQ(pieces[1].words, "");
  EXPECT_DOUBLE_EQ(pieces[1].pause, 1.5);
  EXPECT_DOUBLE_EQ(pieces[3].pause, 0.25);
}

TEST(Script, AnUnfinishedOrHugeBreakTagDoesNoHarm) {
  EXPECT_THAT(words_of("a <break b"), ElementsAre("a <break b"));
  EXPECT_DOUBLE_EQ(cut_script("<break time=\"1e9s\"/>").at(0).pause, 60);
  EXPECT_EQ(cut_script("<break time=\"0s\"/>Hi").size(), 1U);
}

TEST(Script, AccentsAndTypographyBecomeAscii) {
  EXPECT_THAT(words_of("Käse, Ærø, naïve, Łódź — it’s"), ElementsAre("Kase, Aro, naive, Lodz   it's"));
}

TEST(Script, OtherScriptsBecomeSyllablesOfAboutTheSameLength) {
  std::vector<std::string> words = words_of("你好。再见");
  ASSERT_EQ(words.size(), 2U);
  EXPECT_EQ(std::count(words[0].begin(), words[0].end(), ' '), 2) << words[0];
}

TEST(Script, OnlyPrintableAsciiIsLeft) {
  for (const std::string& words : words_of("a\tb\x01"
                                           "c\x7f 😀 \xF4\x8F\xBF\xBF ж")) {
    for (char c : words) EXPECT_TRUE(c >= 0x20 && c < 0x7F) << int(c);
  }
}

TEST(Script, NothingToSayIsAShortPause) {
  for (const char* text : {"", " ", "...", "😀"}) {
    std::vector<Piece> pieces = cut_script(text);
    ASSERT_EQ(pieces.size(), 1U) << text;
    EXPECT_GT(pieces[0].pause, 0) << text;
  }
}

TEST(Script, ALongSentenceIsCutBetweenWords) {
  std::string text;
  for (int i = 0; i < 500; ++i) text += "word ";
  std::string joined;
  for (const std::string& words : words_of(text)) {
    EXPECT_LE(words.size(), 310U);
    joined += words;
  }
  EXPECT_EQ(joined, text);
}

TEST(Script, LengthIsCountedInCharactersNotInBytes) {
  EXPECT_EQ(utf8_length("aé你😀"), 4U);
}

}  // namespace
}  // namespace avstage::sandbox
