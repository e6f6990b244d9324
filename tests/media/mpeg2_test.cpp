#include "media/mpeg2.h"

#include <gtest/gtest.h>

#include "media/encoder.h"
#include "media/nal.h"
#include "support/error_of.h"
#include "support/media_fixtures.h"

namespace avstage::media::mpeg2 {
namespace {

/// 1280x720 at 25 frames a second.
class Mpeg2 : public testing::Test {
 protected:
  static std::vector<std::string> packets_of(const VideoEncoderSettings& s, std::int64_t frames) {
    VideoEncoder encoder(s);
    std::vector<std::string> packets;
    for (std::int64_t n = 0; n <= frames; ++n) {
      const FramePtr shown =
          test::flat_frame(s.width, s.height, s.pix_fmt, 100 + static_cast<int>(n), 128, 128);
      shown->pts = n;
      encoder.send(n < frames ? shown.get() : nullptr);
      while (PacketPtr p = encoder.receive()) packets.emplace_back(bytes_of(*p));
    }
    return packets;
  }
  static VideoEncoderSettings settings() {
    VideoEncoderSettings s;
    s.codec = "xdcam_hd422", s.pix_fmt = "yuv422p", s.width = 1280, s.height = 720;
    return s;
  }
  /// The packet with one byte behind the first start code of a kind changed.
  static std::string with_byte(std::string packet, char code, std::size_t behind, int bits) {
    const std::size_t at = packet.find(std::string("\0\0\1", 3) + code);
    packet.at(at + 4 + behind) ^= static_cast<char>(bits);
    return packet;
  }
};

TEST_F(Mpeg2, TheEncoderWritesWhatXdcamHd422Is) {
  const std::vector<std::string> packets = packets_of(settings(), 14);
  ASSERT_EQ(packets.size(), 14U);
  const auto s = read_sequence(packets[0]);
  ASSERT_TRUE(s);
  EXPECT_EQ(std::pair(s->width, s->height), std::pair(1280, 720));
  EXPECT_EQ(s->profile_and_level, 0x82);
  EXPECT_EQ(s->chroma_format, 2);
  EXPECT_EQ(s->bit_rate, 50'000'000);
  EXPECT_EQ(s->buffer, 36'421'632);
  EXPECT_TRUE(s->progressive);
  EXPECT_FALSE(s->low_delay);
  EXPECT_EQ(s->other_extension, 0);
  EXPECT_EQ(std::tuple(s->primaries, s->transfer, s->matrix), std::tuple(1, 1, 1));
  std::vector<std::size_t> groups;
  for (std::size_t i = 0; i < packets.size(); ++i) {
    const Picture p = read_picture(packets[i]);
    EXPECT_TRUE(p.found && p.progressive) << i;
    EXPECT_FALSE(p.user_data) << i;
    EXPECT_EQ(p.other_extension, 0) << i;
    EXPECT_EQ(p.intra, p.sequence) << i;
    EXPECT_EQ(p.closed_group, p.sequence) << i;
    if (p.sequence) groups.push_back(i);
  }
  EXPECT_EQ(groups, (std::vector<std::size_t>{0, 12}));
}

TEST_F(Mpeg2, TheHeadersOfWhatSharesTheTrackAreWrittenAsTheyAre) {
  const std::string own = packets_of(settings(), 1).at(0);
  // Another shape, a smaller buffer, without the display extension.
  std::string headers = with_byte(read_sequence(own)->headers.substr(0, 22), '\xb3', 3, 0x20);
  headers = with_byte(headers, '\xb5', 4, 0x02);
  VideoEncoderSettings s = settings();
  s.beside = headers;
  const std::vector<std::string> packets = packets_of(s, 14);
  for (std::size_t i : {0U, 12U}) {
    const auto read = read_sequence(packets.at(i));
    ASSERT_TRUE(read) << i;
    EXPECT_EQ(read->headers, headers) << i;
    EXPECT_TRUE(packets[i].starts_with(headers + std::string("\0\0\1\xb8", 4))) << i;
  }
  EXPECT_EQ(with_headers(own, read_sequence(own)->headers), own);
}

TEST_F(Mpeg2, MatricesAreNoPartOfWhatIsCommon) {
  const std::string own = packets_of(settings(), 1).at(0);
  std::string with_matrix = own;
  with_matrix.at(11) |= 2;
  with_matrix.insert(12, std::string(64, '\x20'));
  EXPECT_EQ(read_sequence(with_matrix)->headers, read_sequence(own)->headers);
}

TEST_F(Mpeg2, APictureSaysWhatItIs) {
  const std::string own = packets_of(settings(), 1).at(0);
  EXPECT_FALSE(read_picture(with_byte(own, '\xb8', 3, 0x40)).closed_group);
  EXPECT_FALSE(read_picture(with_byte(own, '\0', 1, 0x18)).intra) << "a P picture";
  const std::string coding = own.substr(own.find(std::string("\0\0\1\0", 4)));
  const std::string before = own.substr(0, own.size() - coding.size());
  EXPECT_TRUE(read_picture(before + coding).progressive);
  EXPECT_FALSE(read_picture(before + with_byte(coding, '\xb5', 2, 1)).progressive) << "a field";
  EXPECT_FALSE(read_picture(before + with_byte(coding, '\xb5', 3, 2)).progressive) << "repeats one";
  EXPECT_FALSE(read_picture(before + with_byte(coding, '\xb5', 4, 0x80)).progressive) << "says so";
  EXPECT_EQ(read_picture(before + with_byte(coding, '\xb5', 0, 0xd0)).other_extension, 5);
  EXPECT_TRUE(read_picture(before + std::string("\0\0\1\xb2GA94", 8) + coding).user_data);
  EXPECT_FALSE(read_picture("").found);
  EXPECT_FALSE(read_sequence(coding)) << "a group without one";
}

TEST_F(Mpeg2, WhatIsCutOffIsDamaged) {
  const std::string own = packets_of(settings(), 1).at(0);
  for (std::size_t size = 0; size < 60; ++size) {
    const std::string cut = own.substr(0, size);
    try {
      const auto s = read_sequence(cut);
      if (s) {
        EXPECT_GE(size, 12U);
      }
      read_picture(cut);
    } catch (const Error& e) {
      EXPECT_EQ(e.name(), nal::kDamaged) << size;
    }
  }
  EXPECT_THROW(read_sequence(own.substr(0, 11)), Error);
}

}  // namespace
}  // namespace avstage::media::mpeg2
