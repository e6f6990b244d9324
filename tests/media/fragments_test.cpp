#include <gmock/gmock.h>

#include "media/demuxer.h"
#include "media/memory_source.h"
#include "support/media_fixtures.h"
#include "support/temp_dir.h"

namespace avstage::media {
namespace {

using test::Index;
using testing::HasSubstr;

/// The bytes of a fragmented clip of 3 s, and where its fragments begin and end.
class Fragments : public testing::Test {
 protected:
  void SetUp() override {
    for (std::size_t at = bytes.find("moof"); at != std::string::npos; at = bytes.find("moof", at + 4)) {
      begins.push_back(at - 4);
    }
    index = bytes.find("mfra") - 4;
    begins.push_back(index);
    ASSERT_GE(begins.size(), 4u);
  }

  static std::string make(Index layout, test::VideoSpec spec = {.seconds = 3}) {
    test::TempDir dir;
    spec.index = layout;
    test::make_video(dir / "v.mp4", spec);
    return test::read_bytes(dir / "v.mp4");
  }
  std::string without(std::size_t fragment, bool with_index) const {
    std::string tail = bytes.substr(begins[fragment + 1]);
    if (!with_index) tail.resize(index - begins[fragment + 1]);
    return bytes.substr(0, begins[fragment]) + tail;
  }
  static void prove(const std::string& clip) {
    prove_complete(std::make_unique<test::MemorySource>(clip), "clip");
  }
  static bool marked(const std::string& clip) {
    return marks_its_end(std::make_unique<test::MemorySource>(clip), "clip");
  }
  static std::string refusal_of(const std::string& clip) {
    try {
      prove(clip);
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::input);
      return error.message();
    }
    return "accepted";
  }

  const std::string bytes = make(Index::fragmented);
  std::vector<std::size_t> begins;
  std::size_t index = 0;
};

TEST_F(Fragments, AllOfThemAreProven) {
  EXPECT_NO_THROW(prove(bytes));
  EXPECT_NO_THROW(prove(bytes.substr(0, index)));
}

TEST_F(Fragments, OneMissingIsFoundByTheIndexWhereverItWas) {
  for (std::size_t i = 0; i + 1 < begins.size(); ++i) {
    EXPECT_THAT(refusal_of(without(i, true)), HasSubstr("a fragment is missing")) << i;
  }
}

TEST_F(Fragments, OneMissingBeforeTheLastIsFoundWithoutAnIndex) {
  for (std::size_t i = 1; i + 2 < begins.size(); ++i) {
    EXPECT_THAT(refusal_of(without(i, false)), HasSubstr("a fragment is missing: nothing between")) << i;
  }
}

TEST_F(Fragments, ThatFfmpegHasMovedOutOfNegativeTimeAreProven) {
  for (int fps : {10, 25, 60}) {
    for (int bframes : {0, 2}) {
      test::VideoSpec spec;
      spec.fps = Rational(fps);
      spec.gop = fps / 2;
      spec.bframes = bframes;
      EXPECT_NO_THROW(prove(make(Index::fragmented, spec))) << fps << " fps, B-frames: " << bframes;
    }
  }
}

TEST_F(Fragments, AMissingOneBehindTheVeryFirstPacketIsFoundWithoutAnIndex) {
  test::VideoSpec spec;
  spec.gop = 1;
  spec.bframes = 0;
  const std::string all = make(Index::fragmented, spec);  // a fragment for each picture
  std::vector<std::size_t> at;
  for (std::size_t i = all.find("moof"); i != std::string::npos; i = all.find("moof", i + 4))
    at.push_back(i - 4);
  ASSERT_GT(at.size(), 10U);
  const std::string unmarked = all.substr(0, all.find("mfra") - 4);
  EXPECT_NO_THROW(prove(unmarked));
  EXPECT_THAT(refusal_of(unmarked.substr(0, at[1]) + unmarked.substr(at[2])),
              HasSubstr("a fragment is missing"));
}

TEST_F(Fragments, TheEndIsMarkedByTheIndexAlone) {
  EXPECT_TRUE(marked(bytes));
  EXPECT_FALSE(marked(bytes.substr(0, index)));
  EXPECT_TRUE(marked(make(Index::first)));
  EXPECT_TRUE(marked(make(Index::last)));
}

}  // namespace
}  // namespace avstage::media
