#include <fmt/format.h>
#include <gmock/gmock.h>

#include <fstream>

#include "ledger/ledger.h"
#include "media/video_reader.h"
#include "render/bench.h"
#include "render/vendor.h"
#include "sandbox/sandbox.h"

// Clips that are asked for without a background, from the vendor's answer to the pixels of the film.
namespace avstage::test {
namespace {

using ledger::State;
using testing::HasSubstr;

constexpr int kSide = 160;

std::string transparent_job(const std::string& word, const std::string& more = "",
                            const std::string& api = "v3") {
  return fmt::format(
      R"({{ "version": 1, "canvas": {{ "size": "160x128", "fps": 25 }}, "heygen": {{ "deadline": "60s", "api": "{}" }},
  "tracks": [ {{ "clips": [ {{ "color": "#206040", "duration": "end" }} ] }},
    {{ "clips": [ {{ "id": "h", "avatar": {{ "id": "a", "voice": "v", "say": "hello", "transparent": "{}"{} }} }} ] }} ],
  "output": "out.mp4" }})",
      api, word, more);
}

class Transparent : public Bench {
 protected:
  /// A clip of one grey whose alpha is `alpha` at column x, as WebM.
  std::string clip(const std::function<int(int x)>& alpha, const std::string& pix_fmt = "yuva420p") {
    VideoSpec spec;
    spec.width = kSide;
    spec.height = 128;
    spec.codec = "libvpx-vp9";
    spec.pix_fmt = pix_fmt;
    spec.audio_codec = "libopus";
    spec.draw = [&](AVFrame& f, std::int64_t) {
      for (int c = 0; c < (pix_fmt == "yuva420p" ? 4 : 3); ++c) {
        auto [columns, rows] = plane_size(f, c);
        for (int y = 0; y < rows; ++y) {
          for (int x = 0; x < columns; ++x) set_sample(f, c, x, y, c == 3 ? alpha(x) : c == 0 ? 200 : 128);
        }
      }
    };
    make_video(dir / "vendor.webm", spec);
    return read_bytes(dir / "vendor.webm");
  }

  static Vendor::Script script(const std::string& bytes) {
    Vendor::Script s{.clip = bytes};
    s.duration = 1;
    return s;
  }

  std::unique_ptr<sandbox::Sandbox> stand_in(const std::string& knobs) {
    std::ofstream(dir / "script.json") << knobs;
    sandbox::Options options;
    options.folder = dir / "sandbox";
    options.make_time = std::chrono::milliseconds(20);
    options.script = dir / "script.json";
    return sandbox::Sandbox::start(options);
  }

  /// The ledger's rows, oldest first.
  std::vector<ledger::Entry> rows() const {
    auto all = ledger::Ledger::open(dir / "state", system_clock())->list();
    std::sort(all.begin(), all.end(), [](const auto& a, const auto& b) {
      return std::pair(a.request.find("fallback_of") != std::string::npos, a.attempt) <
             std::pair(b.request.find("fallback_of") != std::string::npos, b.attempt);
    });
    return all;
  }

  /// Y of the film's frame `n` at a column of its middle row.
  std::vector<int> row_of(int n) const {
    media::VideoReader reader(media::Demuxer::open_file(dir / "out.mp4"));
    const AVFrame* frame = reader.frame_at(Time(n, 25), Rational(25));
    std::vector<int> out;
    for (int x = 0; x < frame->width; ++x) out.push_back(sample(*frame, 0, x, frame->height / 2));
    return out;
  }
};

/// v1's transparent clips in small; v3 has no size below 720p.
const std::string kSmall = R"(, "size": "160x128")";

TEST_F(Transparent, TheVendorsAlphaIsTheFilms) {
  Vendor vendor(script(clip([](int x) { return x * 255 / (kSide - 1); })));
  Report report = run(transparent_job("require"), settings(vendor.url()));
  EXPECT_EQ(report.outputs.at(0).frames, 25);
  const double back = row_of(12)[0];
  const std::vector<int> seen = row_of(12);
  for (int x = 8; x < kSide - 8; ++x) {
    const double alpha = double(x) / (kSide - 1);
    EXPECT_NEAR(seen[x], back + alpha * (200 - back), 5) << "column " << x;
  }
  const auto files = dir.files();
  EXPECT_TRUE(
      std::any_of(files.begin(), files.end(), [](const std::string& f) { return f.ends_with(".webm"); }));
}

TEST_F(Transparent, ACutClipIsNoFilm) {
  Vendor::Script cut = script(clip([](int x) { return x < 80 ? 255 : 0; }));
  cut.clip.resize(cut.clip.size() * 3 / 4);
  Vendor vendor(cut);
  auto [code, message] = fail(transparent_job("require"), settings(vendor.url()));
  EXPECT_EQ(code, 6) << message;
  EXPECT_FALSE(std::filesystem::exists(dir / "out.mp4"));
}

TEST_F(Transparent, AConnectionThatBreaksIsHealed) {
  Vendor::Script s = script(clip([](int x) { return x < 80 ? 255 : 0; }));
  s.cdn.reset_at = s.clip.size() / 2;
  Vendor vendor(s);
  EXPECT_EQ(run(transparent_job("require"), settings(vendor.url())).outputs.at(0).frames, 25);
  EXPECT_EQ(vendor.charges(), 1);
}

TEST_F(Transparent, AnOpaqueClipIsAnErrorWhereTransparencyIsRequiredAndIsKept) {
  for (const char* kind : {"yuva420p", "yuv420p"}) {
    std::filesystem::remove_all(dir / "state");
    std::filesystem::remove_all(dir / "cache");
    Vendor vendor(script(clip([](int) { return 255; }, kind)));
    for (int time = 0; time < 2; ++time) {
      auto [code, message] = fail(transparent_job("require"), settings(vendor.url()));
      EXPECT_EQ(code, 8) << message;
      EXPECT_THAT(message, HasSubstr("was to be transparent"));
    }
    EXPECT_EQ(vendor.charges(), 1) << kind;
    EXPECT_EQ(vendor.downloads(), 1) << kind;
    ASSERT_EQ(rows().size(), 1U);
    EXPECT_EQ(rows()[0].state, State::completed);
    EXPECT_THAT(rows()[0].error,
                HasSubstr(std::string(kind) == "yuv420p" ? "without transparency" : "opaque"));
  }
}

TEST_F(Transparent, ARefusedOneFallsBackOnceAndSaysSo) {
  auto vendor = stand_in(R"({ "webm": "refused" })");
  const std::string job = transparent_job("prefer", kSmall, "v2");
  Report report = run(job, settings(vendor->base_url()));
  EXPECT_EQ(vendor->charges(), 1) << "what is refused costs nothing";
  ASSERT_EQ(rows().size(), 2U);
  EXPECT_EQ(rows()[0].state, State::rejected);
  EXPECT_THAT(rows()[0].error, HasSubstr("does not support a transparent background"));
  EXPECT_EQ(rows()[1].state, State::completed);
  EXPECT_THAT(rows()[1].request, HasSubstr("\"fallback_of\":\"" + rows()[0].tag + "\""));
  EXPECT_THAT(rows()[1].request, HasSubstr("#00ff00"));
  EXPECT_EQ(report.purchases.at(0).clip_key, rows()[1].clip_key);
  const std::vector<int> seen = row_of(5);
  EXPECT_NEAR(seen[1], seen[kSide - 2], 3) << "the green is gone: the canvas' colour is at both edges";
  EXPECT_LT(seen[1], 110) << "green's luma is 173";

  std::filesystem::remove(dir / "out.mp4");
  std::filesystem::remove_all(dir / "cache");
  Report again = run(job, settings(vendor->base_url()));
  EXPECT_EQ(again.purchases.at(0).origin, "archive");
  EXPECT_EQ(again.purchases.at(0).clip_key, rows()[1].clip_key);
  EXPECT_EQ(vendor->charges(), 1);
  EXPECT_EQ(rows().size(), 2U) << "a refused clip is not asked for again while its fallback is there";
}

TEST_F(Transparent, AnOpaqueOneFallsBackOnceAndBothRowsExplainThemselves) {
  auto vendor = stand_in(R"({ "webm": "opaque" })");
  const std::string job = transparent_job("prefer", kSmall + R"(, "background": "#0000ff")", "v2");
  run(job, settings(vendor->base_url()));
  EXPECT_EQ(vendor->charges(), 2) << "the opaque clip was made and paid for";
  ASSERT_EQ(rows().size(), 2U);
  EXPECT_EQ(rows()[0].state, State::completed);
  EXPECT_THAT(rows()[0].error, HasSubstr("taken by clip " + rows()[1].clip_key.substr(0, 12)));
  EXPECT_THAT(rows()[1].request, HasSubstr("#0000ff"));

  std::filesystem::remove(dir / "out.mp4");
  std::filesystem::remove_all(dir / "cache");
  run(job, settings(vendor->base_url()));
  EXPECT_EQ(vendor->charges(), 2);
  EXPECT_EQ(rows().size(), 2U);
}

TEST_F(Transparent, WhatIsPreferredAndComesNeedsNoKeyAndNoSecondClip) {
  auto vendor = stand_in("{}");
  const std::string job = transparent_job("prefer", kSmall, "v2");
  Report report = run(job, settings(vendor->base_url()));
  EXPECT_EQ(vendor->charges(), 1);
  ASSERT_EQ(rows().size(), 1U);
  EXPECT_THAT(rows()[0].request, HasSubstr("\"transparent\":true"));
  const std::vector<int> seen = row_of(5);
  EXPECT_NEAR(seen[1], seen[kSide - 2], 3) << "nothing stands at the edges";

  // To require what was preferred asks for the same clip.
  std::filesystem::remove(dir / "out.mp4");
  std::filesystem::remove_all(dir / "cache");
  EXPECT_EQ(
      run(transparent_job("require", kSmall, "v2"), settings(vendor->base_url())).purchases.at(0).clip_key,
      report.purchases.at(0).clip_key);
  EXPECT_EQ(vendor->charges(), 1);
}

/// The key is the fallback's alone: a figure in the very colour is not taken out of a clip that has alpha.
TEST_F(Transparent, AGreenFigureThatCameTransparentKeepsItsColour) {
  VideoSpec spec;
  spec.width = kSide;
  spec.height = 128;
  spec.codec = "libvpx-vp9";
  spec.pix_fmt = "yuva420p";
  spec.audio_codec = "libopus";
  spec.draw = [](AVFrame& f, std::int64_t) {
    const int green[] = {173, 42, 26};  // #00ff00
    for (int c = 0; c < 4; ++c) {
      auto [columns, rows] = plane_size(f, c);
      for (int y = 0; y < rows; ++y) {
        for (int x = 0; x < columns; ++x) set_sample(f, c, x, y, c == 3 ? (x < 80 ? 255 : 0) : green[c]);
      }
    }
  };
  make_video(dir / "green.webm", spec);
  Vendor vendor(script(read_bytes(dir / "green.webm")));
  run(transparent_job("prefer"), settings(vendor.url()));
  const std::vector<int> seen = row_of(12);
  EXPECT_NEAR(seen[30], 173, 6) << "the figure";
  EXPECT_LT(seen[130], 110) << "the canvas beside it";
  EXPECT_EQ(vendor.charges(), 1);
}

TEST_F(Transparent, ARefusalOfTheAccountIsNoReasonToFallBack) {
  Vendor::Script s = script(clip([](int) { return 255; }));
  s.create_status = 402;
  s.create_answer = R"({"error":{"code":"insufficient_credit","message":"no credit"}})";
  Vendor vendor(s);
  EXPECT_EQ(fail(transparent_job("prefer"), settings(vendor.url())).first, 3);
  EXPECT_EQ(vendor.creates(), 1);
}

TEST_F(Transparent, ALimitCoversTheFallback) {
  Vendor vendor(script(clip([](int x) { return x < 80 ? 255 : 0; })));
  Settings s = settings(vendor.url());
  s.max_credits = 0.03;  // "hello" is a third of a second, 0.022 credits
  auto [code, message] = fail(transparent_job("prefer"), s);
  EXPECT_EQ(code, 3);
  EXPECT_THAT(message, HasSubstr("fallbacks"));
  EXPECT_EQ(vendor.creates(), 0);
  EXPECT_EQ(run(transparent_job("require"), s).outputs.size(), 1U);
}

TEST_F(Transparent, AnInterruptedFallbackIsContinuedAndNothingIsOrderedAnew) {
  auto vendor = stand_in(R"({ "webm": "refused", "make_time": 3600 })");
  Job slow = job(transparent_job("prefer", kSmall, "v2"));
  slow.heygen.deadline = Rational(1);
  EXPECT_THROW(render(slow, settings(vendor->base_url())), Error);
  ASSERT_EQ(rows().size(), 2U);
  EXPECT_EQ(rows()[1].state, State::submitted);
  EXPECT_THROW(render(slow, settings(vendor->base_url())), Error);
  EXPECT_EQ(rows().size(), 2U) << "the refused clip is not asked for again";
  EXPECT_EQ(vendor->charges(), 1);
}

}  // namespace
}  // namespace avstage::test
