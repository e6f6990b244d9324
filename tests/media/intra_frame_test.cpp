#include <gtest/gtest.h>

#include "media/demuxer.h"
#include "media/gops.h"
#include "media/intra_frame.h"
#include "support/media_fixtures.h"
#include "support/temp_dir.h"

namespace avstage::media {
namespace {

using test::make_video;
using test::TempDir;
using test::VideoSpec;

constexpr const char* kNames[] = {"prores_proxy", "prores_lt", "prores",  "prores_hq",
                                  "dnxhr_lb",     "dnxhr_sq",  "dnxhr_hq"};

VideoSpec spec(const std::string& name, Rational seconds = 1) {
  const Mezzanine& intra = *mezzanine(name);
  VideoSpec s;
  s.codec = intra.encoder, s.profile = intra.profile, s.pix_fmt = intra.pix_fmt;
  s.width = 256, s.height = 144;
  s.seconds = seconds;
  s.audio_codec = "";
  return s;
}

std::vector<std::string> packets_of(const std::string& path) {
  std::vector<std::string> packets;
  Demuxer demuxer = Demuxer::open_file(path, Demuxer::Want::video);
  for (PacketPtr p = make_packet(); demuxer.read(*p);) {
    packets.emplace_back(reinterpret_cast<const char*>(p->data), static_cast<std::size_t>(p->size));
  }
  return packets;
}

class Intra : public testing::TestWithParam<const char*> {
 protected:
  static bool is_prores() { return std::string_view(GetParam()).starts_with("prores"); }

  /// One frame, and why it must not be copied when its byte `at` is changed.
  void SetUp() override {
    make_video(dir / "frame.mov", spec(GetParam(), Rational(1, 25)));
    frame = packets_of(dir / "frame.mov").at(0);
    picture = {mezzanine(GetParam()), 256, 144};
  }
  std::string why_not(std::size_t at, int value) const {
    std::string changed = frame;
    changed.at(at) = static_cast<char>(value);
    return why_not(changed);
  }
  std::string why_not(std::string_view bytes) const {
    return is_prores() ? why_not_prores_frame(bytes, picture) : why_not_dnxhr_frame(bytes, picture);
  }

  TempDir dir;
  std::string frame;
  IntraPicture picture;
};

INSTANTIATE_TEST_SUITE_P(Codecs, Intra, testing::ValuesIn(kNames),
                         [](const auto& codec) { return std::string(codec.param); });

TEST_P(Intra, EveryFrameIsAGroupOfItsOwn) {
  make_video(dir / "a.mov", spec(GetParam()));
  const GopIndex index = scan_gops(dir / "a.mov", 25);
  EXPECT_EQ(index.why_not, "");
  EXPECT_EQ(index.sets, GetParam());
  ASSERT_EQ(index.gops.size(), 25U);
  for (std::int64_t n = 0; n < 25; ++n) {
    const Gop& gop = index.gops[static_cast<std::size_t>(n)];
    EXPECT_EQ(std::pair(gop.first, gop.frames), std::pair(n, std::int64_t(1)));
  }
}

TEST_P(Intra, AnyStretchIsCopiedPacketByPacketUnderItsOwnName) {
  make_video(dir / "a.mov", spec(GetParam()));
  const std::vector<std::string> source = packets_of(dir / "a.mov");
  GopReader(dir / "a.mov", 25).copy(dir / "part.mov", 7, 11);
  const std::vector<std::string> copied = packets_of(dir / "part.mov");
  EXPECT_TRUE(copied == std::vector(source.begin() + 7, source.begin() + 18));
  Demuxer a = Demuxer::open_file(dir / "a.mov"), part = Demuxer::open_file(dir / "part.mov");
  EXPECT_EQ(part.video()->codecpar->codec_tag, a.video()->codecpar->codec_tag);
  EXPECT_EQ(part.video()->codecpar->profile, a.video()->codecpar->profile);
  EXPECT_EQ(part.facts().video->start, Time(0));
}

TEST_P(Intra, FramesSayThemselvesWhatTheyAre) {
  EXPECT_EQ(why_not(frame), "");
  EXPECT_EQ(why_not(frame.substr(0, 20)), "a packet of its picture is damaged");
  EXPECT_EQ(why_not(""), "a packet of its picture is damaged");
  picture.height = 160;
  EXPECT_EQ(why_not(frame), "its frames say 256x144, its container 256x160");
}

/// Bytes of a ProRes frame's header, from where the frame begins.
class Prores : public Intra {};
INSTANTIATE_TEST_SUITE_P(Codecs, Prores, testing::Values("prores_proxy", "prores_hq"),
                         [](const auto& codec) { return std::string(codec.param); });

TEST_P(Prores, AFrameThatIsAnotherThanItsTrackIsNotCopied) {
  EXPECT_EQ(why_not(4, 'x'), "a packet of its picture is damaged");
  EXPECT_EQ(why_not(0, 1), "a packet of its picture is damaged") << "it says it is larger than it is";
  EXPECT_EQ(why_not(20, 0x84), "it is interlaced") << "the upper field first";
  EXPECT_EQ(why_not(20, 0x88), "it is interlaced") << "the lower field first";
  EXPECT_EQ(why_not(20, 0xc0), "its frames are not 4:2:2");
  EXPECT_EQ(why_not(21, 0x10), "");
  EXPECT_EQ(why_not(21, 0x20), "its pixels are not square") << "256x144 as 4:3";
  EXPECT_EQ(why_not(21, 0x30), "") << "256x144 as 16:9";
  for (std::size_t color : {22, 23, 24}) {
    EXPECT_EQ(why_not(color, 0), "");
    EXPECT_EQ(why_not(color, 2), "");
    EXPECT_EQ(why_not(color, 9), "its colours are not BT.709");
  }
  EXPECT_EQ(why_not(25, 1), "it has an alpha channel");
}

class Dnxhr : public Intra {};
INSTANTIATE_TEST_SUITE_P(Codecs, Dnxhr, testing::Values("dnxhr_lb", "dnxhr_hq"),
                         [](const auto& codec) { return std::string(codec.param); });

TEST_P(Dnxhr, AFrameThatIsAnotherThanItsTrackIsNotCopied) {
  EXPECT_EQ(why_not(4, 1), "its profile changes on the way") << "DNxHD";
  EXPECT_EQ(why_not(0x2b, 0xf9), "its profile changes on the way") << "SQ";
  EXPECT_EQ(why_not(5, 2), "it is interlaced");
  EXPECT_EQ(why_not(6, 0xa0), "it is interlaced") << "macroblock by macroblock";
  EXPECT_EQ(why_not(7, 0xa1), "it has an alpha channel");
  EXPECT_EQ(why_not(0x2c, 0xc0), "its frames are not 4:2:2");
  EXPECT_EQ(why_not(0x2c, 0x82), "its colours are not BT.709");
  EXPECT_EQ(why_not(0x2c, 0x86), "") << "not stated";
}

TEST(IntraOf, OtherProfilesAreNotCopied) {
  const TempDir dir;
  VideoSpec s = spec("prores_hq");
  s.profile = "4444", s.pix_fmt = "yuva444p10le";
  make_video(dir / "a.mov", s);
  EXPECT_EQ(scan_gops(dir / "a.mov", 25).why_not,
            "its profile is 4444, only Proxy, LT, 422 and HQ are copied");
  s = spec("dnxhr_hq");
  s.profile = "dnxhr_hqx", s.pix_fmt = "yuv422p10le";
  make_video(dir / "b.mov", s);
  EXPECT_EQ(scan_gops(dir / "b.mov", 25).why_not,
            "its profile is DNXHR HQX, only DNxHR LB, SQ and HQ are copied");
}

TEST(IntraOf, OneFrameThatIsAnotherKeepsTheFileFromBeingCopied) {
  const TempDir dir;
  make_video(dir / "a.mov", spec("prores_hq"));
  std::string bytes = test::read_bytes(dir / "a.mov");
  std::size_t at = 0;
  for (int n = 0; n < 14; ++n) at = bytes.find("icpf", at + 1);
  bytes.at(at + 16) |= 0x04;
  test::write_bytes(dir / "a.mov", bytes);
  const GopIndex index = scan_gops(dir / "a.mov", 25);
  EXPECT_EQ(index.why_not, "it is interlaced");
  EXPECT_TRUE(index.gops.empty());
}

}  // namespace
}  // namespace avstage::media
