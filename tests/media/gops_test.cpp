#include "media/gops.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <numeric>

#include "media/demuxer.h"
#include "media/h264.h"
#include "media/hevc.h"
#include "support/error_of.h"
#include "support/media_fixtures.h"
#include "support/temp_dir.h"

namespace avstage::media {
namespace {

using test::error_of;
using test::make_video;
using test::TempDir;
using test::VideoSpec;
using testing::HasSubstr;

class Gops : public testing::TestWithParam<const char*> {
 protected:
  /// Two seconds in groups of 25 frames, without B pictures unless said otherwise.
  static VideoSpec spec(int bframes = 0) {
    VideoSpec s;
    s.codec = GetParam();
    s.seconds = 2;
    s.bframes = bframes;
    s.audio_codec = "";
    return s;
  }
  GopIndex scan(const VideoSpec& s, Rational fps = 25) {
    make_video(dir / "a.mp4", s);
    return scan_gops(dir / "a.mp4", fps);
  }
  TempDir dir;
};

INSTANTIATE_TEST_SUITE_P(Codecs, Gops, testing::Values("libx264", "libx265"),
                         [](const auto& codec) { return std::string(codec.param); });

TEST_P(Gops, AreFoundWithTheirPlacesAndTheFramesTheyMayEndAfter) {
  const GopIndex index = scan(spec());
  EXPECT_EQ(index.why_not, "");
  ASSERT_EQ(index.gops.size(), 2U);
  std::vector<int> every(24);
  std::iota(every.begin(), every.end(), 1);
  for (std::size_t i = 0; i < 2; ++i) {
    EXPECT_EQ(index.gops[i].first, 25 * static_cast<std::int64_t>(i));
    EXPECT_EQ(index.gops[i].frames, 25);
    EXPECT_GT(index.gops[i].bytes, 1000);
    EXPECT_EQ(index.gops[i].cuts, every) << "without B pictures it may end anywhere";
  }
}

TEST_P(Gops, EndWithBPicturesWhereThoseShownFirstAreThoseDecodedFirst) {
  const GopIndex index = scan(spec(3));
  ASSERT_EQ(index.gops.size(), 2U);
  Demuxer demuxer = Demuxer::open_file(dir / "a.mp4", Demuxer::Want::video);
  std::vector<std::int64_t> shown;  // by decoding
  for (PacketPtr p = make_packet(); shown.size() < 25 && demuxer.read(*p);) {
    shown.push_back(
        (Rational(p->pts - demuxer.video()->start_time) * from_av(demuxer.video()->time_base) * 25).round());
  }
  std::vector<int> cuts;
  for (int n = 1; n < 25; ++n) {
    if (*std::max_element(shown.begin(), shown.begin() + n) < n) cuts.push_back(n);
  }
  EXPECT_EQ(index.gops[0].cuts, cuts);
  EXPECT_TRUE(cuts.size() > 1 && cuts.size() < 24) << cuts.size();
}

TEST_P(Gops, AreNoneOnAGridThatIsNotTheirs) {
  EXPECT_EQ(scan(spec(), 24).why_not, "its frames are not on the canvas' grid");
}

TEST_P(Gops, AreCopiedPacketByPacket) {
  make_video(dir / "a.mp4", spec(2));
  GopReader reader(dir / "a.mp4", 25);
  reader.copy(dir / "second.mp4", 25, 25);
  reader.copy(dir / "both.mp4", 0, 50);
  reader.copy(dir / "first.mp4", 0, 25);
  std::vector<std::string> source, copied;
  auto read = [](const std::string& path, std::vector<std::string>& to) {
    Demuxer demuxer = Demuxer::open_file(path, Demuxer::Want::video);
    for (PacketPtr p = make_packet(); demuxer.read(*p);) {
      to.emplace_back(reinterpret_cast<const char*>(p->data), static_cast<std::size_t>(p->size));
    }
  };
  read(dir / "a.mp4", source);
  read(dir / "first.mp4", copied);
  read(dir / "second.mp4", copied);
  EXPECT_EQ(copied, source);
  copied.clear();
  read(dir / "both.mp4", copied);
  EXPECT_EQ(copied, source);
}

TEST_P(Gops, AreNotCopiedFromAFrameInside) {
  make_video(dir / "a.mp4", spec());
  const Error e = error_of([&] { GopReader(dir / "a.mp4", 25).copy(dir / "b.mp4", 20, 5); });
  EXPECT_EQ(e.name(), "copy");
  EXPECT_THAT(e.message(), HasSubstr("frame 20 is not where a group begins"));
}

TEST_P(Gops, AreNoneWhereTheStreamMakesNoSense) {
  make_video(dir / "a.mp4", spec());
  std::int64_t inside = 0;
  Demuxer demuxer = Demuxer::open_file(dir / "a.mp4", Demuxer::Want::video);
  for (PacketPtr p = make_packet(); inside == 0 && demuxer.read(*p);) {
    if (p->pts > demuxer.video()->duration * 3 / 4) inside = p->pos;
  }
  std::string bytes = test::read_bytes(dir / "a.mp4");
  bytes.replace(static_cast<std::size_t>(inside), 4, "\xff\xff\xff\xff");  // the length of a unit
  test::write_bytes(dir / "a.mp4", bytes);
  const GopIndex index = scan_gops(dir / "a.mp4", 25);
  EXPECT_EQ(index.why_not, "a packet of its picture is damaged");
  EXPECT_TRUE(index.gops.empty());
}

TEST(GopsOf, OtherCodecsAreRefused) {
  const TempDir dir;
  VideoSpec s;
  s.codec = "mpeg4";
  make_video(dir / "a.mp4", s);
  EXPECT_THAT(error_of([&] { scan_gops(dir / "a.mp4", 25); }).message(),
              HasSubstr("a codec that is not copied"));
}

/// Parameter sets that an encoder of libavcodec has written.
template <typename Sets>
Sets sets_of(const TempDir& dir, const std::string& codec, int bframes,
             Sets (*read)(std::string_view, nal::LengthSize*)) {
  VideoSpec s;
  s.codec = codec;
  s.width = 320, s.height = 180;
  s.bframes = bframes;
  make_video(dir / "sets.mp4", s);
  Demuxer demuxer = Demuxer::open_file(dir / "sets.mp4", Demuxer::Want::video);
  nal::LengthSize length_size = 0;
  Sets sets = read(extradata_of(*demuxer.video()->codecpar), &length_size);
  EXPECT_EQ(length_size, 4);
  return sets;
}

TEST(H264Sets, SayWhatTheEncoderWasTold) {
  const TempDir dir;
  const auto sets = sets_of(dir, "libx264", 3, h264::read_sets);
  ASSERT_EQ(sets.sps.size(), 1U);
  const h264::Sps s = h264::parse_sps(sets.sps[0]);
  EXPECT_EQ(std::pair(s.width, s.height), std::pair(320, 180));
  EXPECT_EQ(s.profile, 100);
  EXPECT_EQ(s.reorder, 2);
  EXPECT_TRUE(s.stated && s.frames_only && s.eight_bit_420 && !s.full_range);
  EXPECT_EQ(s.matrix, 1);
  const h264::Sps other = h264::parse_sps(h264::with_reordering(sets.sps[0], 4, 9));
  EXPECT_EQ(std::pair(other.reorder, other.dpb), std::pair(4, 9));
  EXPECT_EQ(std::pair(other.width, other.height), std::pair(320, 180));
  EXPECT_EQ(h264::with_reordering(sets.sps[0], s.reorder, s.dpb), sets.sps[0]);
}

TEST(H264Sets, OfOneNumberMustBeEqualToShareATrack) {
  const TempDir dir;
  const auto a = sets_of(dir, "libx264", 3, h264::read_sets), b = sets_of(dir, "libx264", 0, h264::read_sets);
  EXPECT_EQ(h264::merge({a, a}).sps, a.sps);
  EXPECT_EQ(error_of([&] { h264::merge({a, b}); }).name(), "copy");
  EXPECT_EQ(h264::read_sets(h264::to_avcc(a)).pps, a.pps);
}

TEST(HevcSets, SayWhatTheEncoderWasToldAndSurviveTheirBox) {
  const TempDir dir;
  const auto sets = sets_of(dir, "libx265", 3, hevc::read_sets);
  ASSERT_EQ(sets.sps.size(), 1U);
  const hevc::Sps s = hevc::parse_sps(sets.sps[0]);
  EXPECT_EQ(std::pair(s.width, s.height), std::pair(320, 180));
  EXPECT_EQ(s.profile, 1);
  EXPECT_TRUE(s.eight_bit_420);
  EXPECT_EQ(s.reorder, 2);
  const auto again = hevc::read_sets(hevc::to_hvcc(sets));
  EXPECT_EQ(again.vps, sets.vps);
  EXPECT_EQ(again.sps, sets.sps);
  EXPECT_EQ(again.pps, sets.pps);
}

TEST(HevcSets, CutOffAreAnErrorWhereverTheyEnd) {
  const TempDir dir;
  const auto sets = sets_of(dir, "libx265", 0, hevc::read_sets);
  const std::string box = hevc::to_hvcc(sets);
  for (std::size_t n = 0; n < 16; ++n) {
    EXPECT_EQ(error_of([&] { hevc::parse_sps(std::string_view(sets.sps[0]).substr(0, n)); }).code(),
              ErrorCode::input)
        << n;
  }
  for (std::size_t n = 23; n < box.size(); ++n) {
    EXPECT_EQ(error_of([&] { hevc::read_sets(std::string_view(box).substr(0, n)); }).code(), ErrorCode::input)
        << n;
  }
}

}  // namespace
}  // namespace avstage::media
