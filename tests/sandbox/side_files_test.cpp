#include <gmock/gmock.h>

#include "media/image.h"
#include "sandbox/bench.h"

namespace avstage::sandbox::test {
namespace {

using testing::EndsWith;
using testing::HasSubstr;
using testing::StartsWith;

class SideFilesOf : public Bench {
 protected:
  std::string body_of(const json& url) {
    net::Response response = client_.perform({.url = url, .max_body = 5'000'000});
    EXPECT_EQ(response.status, 200) << url;
    type_ = response.header("content-type");
    return response.body;
  }
  std::string saved(const json& url, const std::string& name) {
    write_file_atomically(dir_ / name, body_of(url));
    return dir_ / name;
  }

  std::string type_;  ///< of the last body
};

TEST_F(SideFilesOf, AV2VideoHasCaptionsInAssAndPictures) {
  start();
  json body = v2_body();
  body["caption"] = true;
  json scene = body["video_inputs"][0];
  scene["voice"]["input_text"] =
      "This second scene has more words than fit into one line of subtitles, by far.";
  body["video_inputs"].push_back(scene);
  json data = finished(create(body));
  const std::string ass = body_of(data["caption_url"]);
  EXPECT_THAT(ass, HasSubstr("[Events]"));
  std::vector<std::string> lines;
  for (std::size_t at = 0; (at = ass.find("Dialogue: ", at)) != std::string::npos; ++at) {
    lines.push_back(ass.substr(at, ass.find('\n', at) - at));
  }
  ASSERT_EQ(lines.size(), 3U) << ass;
  EXPECT_THAT(lines[0], StartsWith("Dialogue: 0,0:00:00.00,0:00:"));
  EXPECT_THAT(lines[0], EndsWith("}Hello there."));
  EXPECT_EQ(lines[1].substr(12, 10), lines[0].substr(23, 10)) << "the second begins where the first ends";
  const double end = std::stod(lines[2].substr(23 + 5, 5));
  EXPECT_NEAR(end, data["duration"].get<double>(), 0.011) << "ASS counts hundredths";

  media::FramePtr thumbnail = media::read_image(saved(data["thumbnail_url"], "t.jpeg"));
  EXPECT_EQ(type_, "image/jpeg");
  EXPECT_EQ(thumbnail->width, 320);
  EXPECT_EQ(media::probe_file(saved(data["gif_url"], "g.gif")).format, "gif");
}

TEST_F(SideFilesOf, AV3VideoHasCaptionsInSubRip) {
  start();
  json body = v3_body();
  body["caption"] = {{"file_format", "srt"}};
  const std::string path = "/v3/videos/" + create_v3({}, body);
  json data = get_json(path)["data"];
  for (int i = 0; i < 1500 && data["status"] != "completed"; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    data = get_json(path)["data"];
  }
  EXPECT_THAT(body_of(data["subtitle_url"]), HasSubstr("00:00:00,000 --> 00:00:"));
  EXPECT_EQ(type_, "application/x-subrip");
}

TEST_F(SideFilesOf, AVideoThatOrderedNoCaptionsHasNone) {
  start();
  json data = finished(create());
  EXPECT_TRUE(data["caption_url"].is_null());
  EXPECT_FALSE(data["thumbnail_url"].is_null());
  std::string url = data["thumbnail_url"];
  url.replace(url.find(".jpeg"), 5, ".ass");
  EXPECT_EQ(client_.perform({.url = url}).status, 403) << "another path than was signed";
}

}  // namespace
}  // namespace avstage::sandbox::test
