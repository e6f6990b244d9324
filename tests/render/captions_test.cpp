#include <fmt/format.h>
#include <gmock/gmock.h>

#include "media/image.h"
#include "media/video_reader.h"
#include "plan/captions.h"
#include "render/bench.h"
#include "render/vendor.h"
#include "sandbox/sandbox.h"

// The vendor's words and pictures of a clip, in and beside a film.
namespace avstage::test {
namespace {

using testing::HasSubstr;
using testing::Not;

/// A clip of the vendor's, from its second 0.2 on, standing at second 1 of a green film.
std::string captions_job(const std::string& captions, const std::string& output = R"("path": "out.mp4")",
                         const std::string& avatar = R"("size": "320x180", "caption": true)",
                         const std::string& api = "v2") {
  return fmt::format(
      R"({{ "version": 1, "canvas": {{ "size": "320x180", "fps": 25 }}, "heygen": {{ "deadline": "60s", "api": "{}" }},
  "tracks": [ {{ "clips": [ {{ "color": "#206040", "duration": "end" }} ] }},
    {{ "clips": [ {{ "id": "h", "start": 1, "in": 0.2, "width": "10%", "at": "top-left",
       "avatar": {{ "id": "a", "voice": "v", "say": "Good evening, this is the city at seven.", {} }} }} ] }}{} ],
  "outputs": [ {{ {} }} ] }})",
      api, avatar, captions.empty() ? "" : ", { \"captions\": { \"from\": \"h\", " + captions + " } }",
      output);
}

class CaptionsOf : public Bench {
 protected:
  std::unique_ptr<sandbox::Sandbox> stand_in() {
    sandbox::Options options;
    options.folder = dir / "sandbox";
    options.make_time = std::chrono::milliseconds(20);
    return sandbox::Sandbox::start(options);
  }

  Vendor::Script script(const std::string& captions) {
    Vendor::Script s{.clip = counter_clip(2)};
    s.duration = 2;
    s.captions = captions;
    return s;
  }

  /// The darkest and the lightest Y in the band where captions stand, at a time of the film.
  std::pair<int, int> band(Rational time) const {
    media::VideoReader reader(media::Demuxer::open_file(dir / "out.mp4"));
    const AVFrame* frame = reader.frame_at(time, Rational(25));
    int least = 255, most = 0;
    for (int y = 140; y < 178; ++y) {
      for (int x = 100; x < 220; ++x) {
        least = std::min(least, sample(*frame, 0, x, y));
        most = std::max(most, sample(*frame, 0, x, y));
      }
    }
    return {least, most};
  }

  plan::Cues sidecar(const std::string& name) const {
    return plan::parse_captions(read_bytes(dir / name), name);
  }
};

TEST_F(CaptionsOf, AClipStandWhereTheClipStands) {
  auto vendor = stand_in();
  const std::string job = captions_job(R"("burn": true, "sidecar": [ "srt", "vtt" ])");
  Report report = run(job, settings(vendor->base_url()));
  const plan::Cues cues = sidecar("out.srt");
  ASSERT_EQ(cues.size(), 1U);
  EXPECT_EQ(cues[0].text, "Good evening, this is the city at seven.");
  EXPECT_EQ(cues[0].start, Time(1)) << "what was said before the clip's \"in\" is cut off";
  EXPECT_NEAR(cues[0].end.to_double(), report.outputs.at(0).duration, 0.04);
  EXPECT_EQ(sidecar("out.vtt"), cues);

  auto [still_before, bright_before] = band(Rational(1, 2));
  EXPECT_LT(bright_before - still_before, 6) << "nothing is said yet";
  auto [dark, bright] = band(Rational(3, 2));
  EXPECT_LT(dark, still_before - 20) << "the box";
  EXPECT_GT(bright, 180) << "the letters";
  EXPECT_EQ(run(job, settings(vendor->base_url())).outputs.at(0).state, "up_to_date");
  EXPECT_EQ(vendor->charges(), 1);

  std::filesystem::remove(dir / "out.vtt");
  EXPECT_EQ(run(job, settings(vendor->base_url())).outputs.at(0).state, "written") << "complete or not there";
  EXPECT_TRUE(std::filesystem::exists(dir / "out.vtt"));
  write_bytes(dir / "out.srt", "somebody's own");
  auto [code, message] = fail(job, settings(vendor->base_url()));
  EXPECT_EQ(code, 2);
  EXPECT_THAT(message, HasSubstr("out.srt"));
  EXPECT_EQ(read_bytes(dir / "out.srt"), "somebody's own");
}

TEST_F(CaptionsOf, AClipThatAreOnlyWrittenAreNotDrawn) {
  auto vendor = stand_in();
  run(captions_job(R"("sidecar": [ "srt" ])"), settings(vendor->base_url()));
  EXPECT_EQ(sidecar("out.srt").size(), 1U);
  auto [dark, bright] = band(Rational(3, 2));
  EXPECT_LT(bright - dark, 6);
  EXPECT_FALSE(std::filesystem::exists(dir / "out.vtt"));
}

TEST_F(CaptionsOf, V3AreSubRipAndItsPicturesCanBePosters) {
  auto vendor = stand_in();
  run(captions_job(R"("sidecar": [ "vtt" ])", R"("path": "out.mp4", "poster": { "thumbnail": "h" })",
                   R"("size": "1280x720", "caption": true)", "v3"),
      settings(vendor->base_url()));
  EXPECT_EQ(sidecar("out.vtt").at(0).start, Time(1));
  media::FramePtr poster = media::read_image(dir / "out.poster.jpg");
  EXPECT_EQ(poster->width, 1280);
  Settings again = settings(vendor->base_url());
  again.overwrite = true;
  run(captions_job("", R"("path": "out.mp4", "poster": { "gif": "h" })",
                   R"("size": "1280x720", "caption": true)", "v3"),
      again);
  EXPECT_EQ(probe_media(dir / "out.poster.gif").format, "gif");
  EXPECT_EQ(vendor->charges(), 1);
}

TEST_F(CaptionsOf, AFrameOfTheFilmCanBeItsPoster) {
  run(R"({ "version": 1, "canvas": { "size": "320x180", "fps": 25 },
    "clips": [ { "color": "#ff0000", "duration": 1 }, { "color": "#0000ff", "duration": 1 } ],
    "outputs": [ { "path": "out.mp4", "poster": 1.5 } ] })",
      settings());
  media::FramePtr poster = media::read_image(dir / "out.poster.png");
  ASSERT_EQ(poster->width, 320);
  const std::uint8_t* pixel = poster->data[0] + 90 * poster->linesize[0] + 160 * 3;
  EXPECT_LT(pixel[0], 20);
  EXPECT_GT(pixel[2], 235);
}

TEST_F(CaptionsOf, AHostileClipAreOnlyText) {
  Vendor vendor(
      script("1\n00:00:00,500 --> 00:00:01,500\n<script>x</script>{\\an8\\fnevil}it's 100% \\N [ok]: "
             "%{pts};fontfile=/etc/passwd\n\x1b[2J\n\n"));
  run(captions_job(R"("burn": true, "sidecar": [ "srt" ])", R"("path": "out.mp4")", R"("caption": true)",
                   "v3"),
      settings(vendor.url()));
  EXPECT_EQ(sidecar("out.srt").at(0).text, "xit's 100% \\N [ok]: %{pts};fontfile=/etc/passwd\n[2J");
  EXPECT_THAT(read_bytes(dir / "out.srt"), Not(HasSubstr("<script")));
  auto [dark, bright] = band(Rational(7, 5));
  EXPECT_GT(bright - dark, 100) << "the words are drawn";
}

TEST_F(CaptionsOf, AClipThatAreNoneEndTheRunButNotTheClip) {
  for (const char* captions : {"<Error>AccessDenied</Error>", ""}) {  // "": the vendor has made none
    std::filesystem::remove_all(dir / "state");
    std::filesystem::remove_all(dir / "cache");
    Vendor vendor(script(captions));
    const std::string wanted =
        captions_job(R"("sidecar": [ "srt" ])", R"("path": "out.mp4")", R"("caption": true)", "v3");
    for (int time = 0; time < 2; ++time) {
      auto [code, message] = fail(wanted, settings(vendor.url()));
      EXPECT_EQ(code, *captions != 0 ? 6 : 5) << message;
    }
    EXPECT_FALSE(std::filesystem::exists(dir / "out.mp4"));
    EXPECT_FALSE(std::filesystem::exists(dir / "out.srt"));
    EXPECT_EQ(vendor.charges(), 1);
    EXPECT_EQ(
        run(captions_job("", R"("path": "out.mp4")", R"("caption": true)", "v3"), settings(vendor.url()))
            .purchases.at(0)
            .origin,
        "archive");
    std::filesystem::remove(dir / "out.mp4");
  }
}

TEST_F(CaptionsOf, AClipOrderedWithoutThemAreRefusedBeforeAnythingIsBought) {
  auto message = [this](const std::string& text) {
    try {
      job(text);
    } catch (const Error& e) {
      return e.message();
    }
    return std::string("accepted");
  };
  EXPECT_THAT(message(captions_job(R"("burn": true)", R"("path": "out.mp4")", R"("size": "320x180")")),
              HasSubstr("\"caption\": true"));
}

}  // namespace
}  // namespace avstage::test
