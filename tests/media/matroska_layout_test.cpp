#include <gtest/gtest.h>

#include "media/container_layout.h"
#include "media/demuxer.h"
#include "memory_source.h"
#include "support/media_fixtures.h"
#include "support/temp_dir.h"

namespace avstage::media {
namespace {

constexpr std::string_view kCluster = "\x1f\x43\xb6\x75";

/// A WebM of several clusters, as its bytes.
class MatroskaLayout : public testing::Test {
 protected:
  MatroskaLayout() {
    test::VideoSpec spec;
    spec.codec = "libvpx";
    spec.audio_codec = "libopus";
    spec.seconds = Rational(12);
    spec.gop = 50;
    test::make_video(dir_ / "v.webm", spec);
    whole_ = test::read_bytes(dir_ / "v.webm");
    for (std::size_t at = 0; (at = whole_.find(kCluster, at)) != std::string::npos; ++at)
      clusters_.push_back(at);
  }

  /// The error's name, "" for a file that is proven.
  static std::string verdict(const std::string& bytes) {
    try {
      prove_complete(std::make_unique<test::MemorySource>(bytes), "v.webm");
      return "";
    } catch (const Error& e) {
      EXPECT_EQ(e.code(), ErrorCode::input) << e.message();
      return e.name();
    }
  }

  /// The segment's size and those of its clusters are not known, as a live recording has it.
  std::string live() const {
    std::string bytes = whole_;
    const std::size_t segment = bytes.find("\x18\x53\x80\x67");
    bytes.replace(segment + 4, 8, std::string("\x01") + std::string(7, '\xff'));
    return bytes;
  }

  avstage::test::TempDir dir_;
  std::string whole_;
  std::vector<std::size_t> clusters_;
};

TEST_F(MatroskaLayout, AWholeFileIsProvenAndMarksItsEnd) {
  ASSERT_GE(clusters_.size(), 3U);
  EXPECT_EQ(verdict(whole_), "");
  EXPECT_TRUE(marks_its_end(std::make_unique<test::MemorySource>(whole_), "v.webm"));
}

TEST_F(MatroskaLayout, EveryCutIsFound) {
  for (std::size_t cut : {whole_.size() - 1, clusters_.back() + 100, clusters_.back(), clusters_[1] + 3}) {
    EXPECT_EQ(verdict(whole_.substr(0, cut)), "truncated") << cut;
    if (cut == clusters_.back()) continue;  // a live recording may end between any two clusters
    EXPECT_EQ(verdict(live().substr(0, cut)), "truncated") << cut << " of a live one";
  }
}

TEST_F(MatroskaLayout, ALiveFileIsWalkedButDoesNotMarkItsEnd) {
  EXPECT_EQ(verdict(live()), "");
  EXPECT_FALSE(marks_its_end(std::make_unique<test::MemorySource>(live()), "v.webm"));
}

TEST_F(MatroskaLayout, AMissingClusterIsFoundByTheCues) {
  std::string bytes = whole_;
  // Turned into padding of the same length, so that all sizes are right: only the cues know of it.
  const std::size_t size_at = clusters_[1] + 4;
  std::size_t length = 1;
  while ((static_cast<unsigned char>(bytes[size_at]) & (0x80 >> (length - 1))) == 0) ++length;
  ASSERT_LE(length + 3, 8U);
  std::uint64_t size = static_cast<unsigned char>(bytes[size_at]) & (0xff >> length);
  for (std::size_t i = 1; i < length; ++i) size = size << 8 | static_cast<unsigned char>(bytes[size_at + i]);
  const std::size_t room = length + 3;  // the id takes one byte instead of four
  std::string head = "\xec";
  for (std::size_t i = 0; i < room; ++i) {
    auto byte = static_cast<unsigned char>(size >> (8 * (room - 1 - i)) & 0xff);
    head += static_cast<char>(i == 0 ? byte | (0x80 >> (room - 1)) : byte);
  }
  bytes.replace(clusters_[1], head.size(), head);
  EXPECT_EQ(verdict(bytes), "incomplete");
}

TEST_F(MatroskaLayout, BytesTakenOutOfTheMiddleAreFound) {
  std::string shorter = whole_;
  shorter.erase(clusters_[1] + 200, 64);
  EXPECT_EQ(verdict(shorter), "truncated");
  shorter += std::string(64, '\0');  // the length is right again
  EXPECT_NE(verdict(shorter), "");
}

}  // namespace
}  // namespace avstage::media
