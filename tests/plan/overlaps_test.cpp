#include "plan/overlaps.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "plan/job_builder.h"

namespace avstage::plan {
namespace {

using namespace test;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

std::vector<std::string> lines_of(const Tracks& tracks, const std::set<int>& known = {}) {
  Stage stage(tracks);
  return overlaps(stage.plan, stage.knowing(known), stage.timing(known));
}

TEST(Overlaps, OfTwoClipsOnOneTrackAreNamedWithWhereTheyAre) {
  EXPECT_THAT(lines_of({{film("4").id("a"), film("3").id("b").start("3")}}),
              ElementsAre(AllOf(HasSubstr("/tracks/0/clips/1"),
                                HasSubstr("clip 'b' hides clip 'a' on the same track for 1.000 s "
                                          "from 3.000 s"))));
  EXPECT_THAT(lines_of({{film("4").id("a").start("2"), film("3").id("b").start("0")}}),
              ElementsAre(HasSubstr("clip 'b' hides clip 'a' on the same track for 1.000 s")))
      << "painting goes by the list, not by time";
  EXPECT_THAT(lines_of({{film("9").id("a"), film("1").start("1"), film("1").start("7")}}).size(), 2U)
      << "a long clip below short ones";
}

TEST(Overlaps, AreNoneWhereClipsFollowOrStandOnTwoTracksOrHaveNoPicture) {
  EXPECT_THAT(lines_of({{film("4"), film("3"), film("1").start("8")}, {film("5")}}), IsEmpty());
  Item music = film("9");
  music.facts.media.video.reset();
  EXPECT_THAT(lines_of({{film("4"), music.start("1")}}), IsEmpty());
  EXPECT_THAT(lines_of({{film("4"), film("3").start("1").opacity(0)}}), IsEmpty());
}

TEST(Overlaps, AreNoneWhereTheOtherIsStillSeen) {
  EXPECT_THAT(lines_of({{film("4"), film("3").start("1").opacity(0.5)}}), IsEmpty());
  EXPECT_THAT(lines_of({{film("4"), film("3").start("1").width(400)}}), IsEmpty())
      << "a picture in the picture";
  EXPECT_THAT(lines_of({{film("4"), text("name").start("1").duration("2")}}), IsEmpty());
  EXPECT_THAT(lines_of({{film("4"), logo().start("1").duration("2")}}), IsEmpty());
  EXPECT_THAT(lines_of({{text("name").duration("2"), film("3").start("1")}}).size(), 1U) << "a text below";
  EXPECT_THAT(lines_of({{film("4").width(400), film("3").width(400).start("1")}}).size(), 1U)
      << "in one place";
}

TEST(Overlaps, ThatHangOnAnAvatarAreSeenWhenItIsKnown) {
  const Tracks tracks{{avatar("hi", "4").id("h"), film("3").start("2")}};
  EXPECT_THAT(lines_of(tracks), IsEmpty());
  EXPECT_THAT(lines_of(tracks, {0}), ElementsAre(HasSubstr("hides clip 'h'")));
}

}  // namespace
}  // namespace avstage::plan
