#include "media/image.h"

#include <gmock/gmock.h>

#include "memory_source.h"
#include "support/media_fixtures.h"
#include "support/temp_dir.h"

namespace avstage::media {
namespace {

using test::error_of;
using testing::HasSubstr;

TEST(Image, ReadsTheUsualStillPictures) {
  test::TempDir dir;
  for (const char* name : {"a.png", "a.jpg", "a.webp", "odd:%03d [x].png"}) {
    test::make_image(dir / name, 40, 30);
    FramePtr f = read_image(dir / name);
    EXPECT_EQ(f->width, 40) << name;
    EXPECT_EQ(f->height, 30) << name;
    EXPECT_GT(test::mean_of(*f).u, 130) << name << ": half of it is blue";
  }
}

TEST(Image, KeepsTransparency) {
  test::TempDir dir;
  test::make_image(dir / "a.png", 40, 30, true);
  FramePtr f = read_image(dir / "a.png");
  ASSERT_EQ(f->format, AV_PIX_FMT_RGBA);
  EXPECT_EQ(f->data[0][3], 0);
  EXPECT_EQ(f->data[0][4 * 39 + 3], 255);
}

TEST(Image, AVideoIsNoImage) {
  test::TempDir dir;
  test::make_video(dir / "v.mp4");
  EXPECT_THAT(error_of([&] { read_image(dir / "v.mp4"); }).message(), HasSubstr("not a still picture"));
}

TEST(Image, DamageAndCutsAreErrors) {
  test::TempDir dir;
  test::make_image(dir / "a.png", 200, 150);
  std::string bytes = test::read_bytes(dir / "a.png");
  std::string damaged = bytes;
  damaged[bytes.size() / 2] ^= 0x55;
  for (const std::string& bad : {bytes.substr(0, bytes.size() / 2), damaged, std::string("GIF89a")}) {
    test::write_bytes(dir / "b.png", bad);
    EXPECT_EQ(error_of([&] { read_image(dir / "b.png"); }).code(), ErrorCode::input);
  }
}

TEST(Image, AHugePictureIsRefusedBeforeItFillsTheMemory) {
  test::TempDir dir;
  test::make_image(dir / "a.png", 40, 30);
  std::string bytes = test::read_bytes(dir / "a.png");
  for (auto [width, height] : {std::pair{16000, 16000}, {17000, 10}, {60000, 60000}}) {
    for (int i = 0; i < 4; ++i) {
      bytes[16 + static_cast<std::size_t>(i)] = static_cast<char>(width >> (24 - 8 * i));
      bytes[20 + static_cast<std::size_t>(i)] = static_cast<char>(height >> (24 - 8 * i));
    }
    test::write_bytes(dir / "b.png", bytes);
    EXPECT_EQ(error_of([&] { read_image(dir / "b.png"); }).code(), ErrorCode::input) << width;
  }
}

}  // namespace
}  // namespace avstage::media
