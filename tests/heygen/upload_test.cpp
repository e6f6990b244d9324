#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/atomic_file.h"
#include "bench.h"
#include "support/temp_dir.h"

namespace avstage {
namespace {

using heygen::AssetFile;
using testing::HasSubstr;

const AssetFile png{"\x89PNG\r\n\x1a\n with \0 and \xff inside", "image/png", "a.png"};

TEST(Upload, V2SendsTheBytesThemselves) {
  test::Bench bench = test::always("v2", {200, R"({"code":100,"data":{"id":"as1","url":"https://x"}})"});
  EXPECT_EQ(bench.provider->upload(png, {}), "as1");
  test::Received request = bench.server.received().at(0);
  EXPECT_EQ(request.method + " " + request.target, "POST /v1/asset");
  EXPECT_EQ(request.headers["content-type"], "image/png");
  EXPECT_EQ(request.headers["x-api-key"], test::canary_key);
  EXPECT_EQ(request.body, png.content);
}

TEST(Upload, V3SendsAForm) {
  test::Bench bench = test::always("v3", {200, R"({"data":{"asset_id":"as2"}})"});
  EXPECT_EQ(bench.provider->upload(png, {}), "as2");
  test::Received request = bench.server.received().at(0);
  EXPECT_EQ(request.method + " " + request.target, "POST /v3/assets");
  std::string type = request.headers["content-type"];
  ASSERT_THAT(type, testing::StartsWith("multipart/form-data; boundary="));
  std::string boundary = "--" + type.substr(type.find('=') + 1);
  EXPECT_EQ(request.body, boundary +
                              "\r\nContent-Disposition: form-data; name=\"file\"; filename=\"asset.png\"\r\n"
                              "Content-Type: image/png\r\n\r\n" +
                              png.content + "\r\n" + boundary + "--\r\n");
}

TEST(Upload, IsRepeatedSinceItIsFree) {
  for (const char* dialect : {"v2", "v3"}) {
    int asked = 0;
    test::Bench bench(dialect, [&asked](const test::Received&) {
      if (++asked == 1) return test::Reply{.drop = true};
      if (asked == 2) return test::Reply{503, "busy"};
      return test::Reply{200, R"({"code":100,"data":{"id":"x","asset_id":"x"}})"};
    });
    EXPECT_EQ(bench.provider->upload(png, {}), "x");
    EXPECT_EQ(asked, 3);
  }
}

TEST(Upload, ARefusalIsFinalAndNamed) {
  for (auto [status, code] :
       {std::pair(400, ErrorCode::vendor), {401, ErrorCode::money}, {404, ErrorCode::vendor}}) {
    test::Bench bench = test::always("v3", {status, R"({"error":{"code":"no","message":"not this one"}})"});
    try {
      bench.provider->upload(png, {});
      ADD_FAILURE() << status;
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), code) << status;
      EXPECT_THAT(error.message(), HasSubstr("/v3/assets"));
    }
    EXPECT_EQ(bench.server.received().size(), 1U);
  }
}

TEST(Upload, OnlyWhatTheVendorTakesIsRead) {
  test::TempDir dir;
  auto read = [&dir](const std::string& content, std::string_view kind) {
    write_file_atomically(dir / "f", content);
    AssetRef asset;
    asset.file = dir / "f";
    asset.mark = {"job.json", 4, 2, "/clips/0/avatar/audio"};
    return heygen::read_asset_file(asset, kind).mime_type;
  };
  using namespace std::string_literals;
  EXPECT_EQ(read("RIFF\x10\0\0\0WAVEfmt "s, "audio"), "audio/wav");
  EXPECT_EQ(read("ID3\4\0\0\0\0\0\0\0\0"s, "audio"), "audio/mpeg");
  EXPECT_EQ(read("\xff\xfb\x90\x64"s + std::string(100, '\0'), "audio"), "audio/mpeg");
  EXPECT_EQ(read("\xff\xd8\xff\xe0 JFIF and more"s, "image"), "image/jpeg");
  EXPECT_EQ(read(png.content + "  ", "image"), "image/png");
  EXPECT_EQ(read("\0\0\0\x18"
                 "ftypisom and more"s,
                 "video"),
            "video/mp4");
  EXPECT_EQ(read("\x1a\x45\xdf\xa3 matroska, or webm"s, "video"), "video/webm");
  for (auto [content, kind] : {std::pair("root:x:0:0:root:/root"s, "audio"),
                               {png.content + "  ", "audio"},
                               {"RIFF\x10\0\0\0WAVEfmt "s, "image"},
                               {""s, "image"}}) {
    try {
      read(content, kind);
      ADD_FAILURE() << kind;
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::usage);
      EXPECT_THAT(error.message(), testing::AllOf(HasSubstr("job.json:4:2 (/clips/0/avatar/audio)"),
                                                  HasSubstr("allowed as "s + kind)));
    }
  }
  AssetRef missing;
  missing.file = dir / "none";
  EXPECT_THROW(heygen::read_asset_file(missing, "audio"), Error);
}

}  // namespace
}  // namespace avstage
