#include "base/suggest.h"

#include <gtest/gtest.h>

namespace avstage {
namespace {

TEST(Suggest, DistancesCountInsertsDeletesReplacesAndSwaps) {
  EXPECT_EQ(edit_distance("", ""), 0u);
  EXPECT_EQ(edit_distance("", "abc"), 3u);
  EXPECT_EQ(edit_distance("abc", ""), 3u);
  EXPECT_EQ(edit_distance("opacity", "opacity"), 0u);
  EXPECT_EQ(edit_distance("opactiy", "opacity"), 1u);
  EXPECT_EQ(edit_distance("colour", "color"), 1u);
  EXPECT_EQ(edit_distance("kitten", "sitting"), 3u);
  EXPECT_EQ(edit_distance("ca", "abc"), 3u);
}

TEST(Suggest, OnlyANearWordIsOffered) {
  constexpr std::string_view words[] = {"file", "fit", "filters", "closeUp", "h264", "v2"};
  EXPECT_EQ(suggest("flie", words), "file");
  EXPECT_EQ(suggest("filter", words), "filters");
  EXPECT_EQ(suggest("CLOSEUP", words), "closeUp");
  EXPECT_EQ(suggest("volume", words), "");
  EXPECT_EQ(suggest("", words), "");
  EXPECT_EQ(suggest(std::string(100'000, 'f'), words), "");
}

TEST(Suggest, AnotherNumberIsNoTypo) {
  constexpr std::string_view words[] = {"h264", "v2", "v3"};
  EXPECT_EQ(suggest("h265", words), "");
  EXPECT_EQ(suggest("v4", words), "");
  EXPECT_EQ(suggest("x264", words), "h264");
}

}  // namespace
}  // namespace avstage
