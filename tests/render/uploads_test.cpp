#include <nlohmann/json.hpp>

#include "base/atomic_file.h"
#include "render/bench.h"
#include "render/vendor.h"

namespace avstage::test {
namespace {

using nlohmann::json;

class Uploads : public Bench {
 protected:
  Uploads() : vendor({.clip = counter_clip(1)}) {
    sound("take.wav", 440);
    overwriting.overwrite = true;
  }

  void sound(const std::string& name, int seed) {
    VideoSpec spec;
    spec.sound = Sound::impulse;
    spec.impulse_at = seed;
    spec.audio_codec = "pcm_s16le";
    make_audio(dir / name, spec);
  }

  std::string spoken(const std::string& api, const std::string& words) const {
    return R"({ "version": 1, "canvas": { "size": "160x90", "fps": 25 }, "heygen": { "api": ")" + api +
           R"(" }, "clips": [ { "avatar": { "id": "a", )" + words + R"( } } ], "output": "out.mp4" })";
  }

  std::vector<HttpRequest> posts(const std::string& path) const {
    std::vector<HttpRequest> out;
    for (const HttpRequest& r : vendor.requests()) {
      if (r.method == "POST" && r.target == path) out.push_back(r);
    }
    return out;
  }

  Vendor vendor;
  Settings overwriting = settings(vendor.url());
};

TEST_F(Uploads, AContentIsUploadedOnceAndBoughtOnceWhateverItsPath) {
  run(spoken("v3", R"("audio": "take.wav")"), overwriting);
  ASSERT_EQ(posts("/v3/assets").size(), 1U);
  ASSERT_EQ(posts("/v3/videos").size(), 1U);
  EXPECT_EQ(json::parse(posts("/v3/videos")[0].body)["audio_asset_id"], "up1");
  EXPECT_NE(posts("/v3/assets")[0].body.find(read_bytes(dir / "take.wav")), std::string::npos);
  std::vector<HttpRequest> all = vendor.requests();
  EXPECT_EQ(all.front().target, "/v3/assets") << "before the create";

  std::filesystem::rename(dir / "take.wav", dir / "renamed.wav");
  run(spoken("v3", R"("audio": "renamed.wav")"), overwriting);
  EXPECT_EQ(vendor.charges(), 1) << "the same words of the same avatar";
  run(spoken("v3", R"("audio": "renamed.wav", "take": 2)"), overwriting);
  EXPECT_EQ(vendor.charges(), 2);
  EXPECT_EQ(posts("/v3/assets").size(), 1U) << "it is remembered";

  sound("renamed.wav", 4800);
  run(spoken("v3", R"("audio": "renamed.wav")"), overwriting);
  EXPECT_EQ(posts("/v3/assets").size(), 2U);
  EXPECT_EQ(vendor.charges(), 3) << "another recording is another clip";
}

TEST_F(Uploads, AFileThatChangedSinceItsClipWasPlannedIsNotUploaded) {
  try {
    run(spoken("v3", R"("audio": "take.wav")"), overwriting, [this](const Event& e) {
      if (e.kind == Event::Kind::phase && e.text == "render") sound("take.wav", 4800);
    });
    ADD_FAILURE() << "not refused";
  } catch (const Error& e) {
    EXPECT_EQ(e.exit_code(), 6);
    EXPECT_NE(e.message().find("take.wav changed while the job ran"), std::string::npos) << e.message();
  }
  EXPECT_TRUE(posts("/v3/assets").empty());
  EXPECT_EQ(vendor.charges(), 0);
}

TEST_F(Uploads, V2HasItsOwn) {
  make_image(dir / "bg.png", 64, 36);
  run(spoken("v2", R"("audio": "take.wav", "background": { "image": "bg.png" })"), overwriting);
  ASSERT_EQ(posts("/v1/asset").size(), 2U);
  json scene = json::parse(posts("/v2/video/generate").at(0).body)["video_inputs"][0];
  EXPECT_EQ(scene["voice"]["audio_asset_id"], "up1");
  EXPECT_EQ(scene["background"]["image_asset_id"], "up1");
}

TEST_F(Uploads, ARefusedClipUploadsAnewNextTimeInCaseItsFileWasDeletedThere) {
  Vendor refusing({.clip = "",
                   .create_answer = R"({"error":{"code":"asset_not_found","message":"no asset"}})",
                   .create_status = 404});
  Settings s = settings(refusing.url());
  std::string text = spoken("v3", R"("audio": "take.wav")");
  EXPECT_EQ(fail(text, s).first, 5);
  run(text, overwriting);
  EXPECT_EQ(posts("/v3/assets").size(), 1U) << "the id was forgotten";
  EXPECT_EQ(vendor.charges(), 1);
}

TEST_F(Uploads, AFileThatIsNotToBeUploadedIsFoundBeforeAnythingIsSent) {
  write_file_atomically(dir / "notes.txt", "these are words, not a sound");
  for (const char* file : {"notes.txt", "none.wav"}) {
    auto [code, message] = fail(spoken("v3", R"("audio": ")" + std::string(file) + "\""), overwriting);
    EXPECT_EQ(code, 2);
    EXPECT_NE(message.find("(/clips/0/avatar/audio)"), std::string::npos) << message;
  }
  EXPECT_TRUE(vendor.requests().empty());
}

}  // namespace
}  // namespace avstage::test
