#include <algorithm>
#include <chrono>
#include <filesystem>
#include <mutex>
#include <thread>

#include "render/bench.h"
#include "render/vendor.h"

namespace avstage::test {
namespace {

const char* const kOneClip = R"({ "version": 1, "canvas": { "size": "160x90", "fps": 25 },
  "heygen": { "api": "v2", "deadline": "20s" },
  "clips": [ { "id": "h", "avatar": { "id": "a", "voice": "v", "say": "hello" } } ], "output": "out.mp4" })";

class Streaming : public Bench {
 protected:
  /// A clip of four seconds whose second half comes when the gate opens.
  Vendor::Script half_withheld(Gate& gate) {
    Vendor::Script script{.clip = counter_clip(4)};
    script.duration = 4;
    script.cdn.gate = &gate;
    script.cdn.gate_at = script.clip.size() / 2;
    return script;
  }

  /// Pieces of sound in the store.
  std::int64_t pieces() const {
    const std::vector<std::string> files = dir.files();
    return std::count_if(files.begin(), files.end(), [](const std::string& f) {
      return f.starts_with("cache/segments/") && f.ends_with(".piece.mp4");
    });
  }
};

TEST_F(Streaming, DecodesWhileTheSecondHalfIsStillWithheld) {
  Gate gate;
  Vendor vendor(half_withheld(gate));
  std::int64_t decoded_before = 0;
  run(kOneClip, settings(vendor.url()), [&](const Event& e) {
    if (e.kind != Event::Kind::decoded || e.frames < 10 || decoded_before > 0) return;
    decoded_before = e.frames;
    gate.open();
  });
  EXPECT_GE(decoded_before, 10);
  EXPECT_EQ(vendor.downloads(), 1);
  Decoded out = decode_all(dir / "out.mp4");
  ASSERT_EQ(out.frames, 100);
  for (int i = 0; i < 100; ++i) EXPECT_EQ(out.numbers[i], i);
}

/// A second one would ask for bytes far ahead, by a request of its own.
TEST_F(Streaming, OneWorkerAloneReadsAClipThatArrives) {
  VideoSpec spec;
  spec.seconds = 35;
  spec.width = 320;
  spec.height = 180;
  spec.options = {{"crf", "1"}};
  make_video(dir / "vendor.mp4", spec);
  Gate gate;
  Vendor::Script script{.clip = read_bytes(dir / "vendor.mp4")};
  script.duration = 35;
  script.cdn.gate = &gate;
  script.cdn.gate_at = script.clip.size() / 6;
  Vendor vendor(script);
  Settings many = settings(vendor.url());
  many.workers = 3;
  std::int64_t decoded = 0;
  run(kOneClip, many, [&](const Event& e) {
    if (e.kind != Event::Kind::decoded || ++decoded != 20) return;
    std::this_thread::sleep_for(std::chrono::milliseconds(300));  // time enough for another one to ask
    gate.open();
  });
  EXPECT_EQ(vendor.downloads(), 1);
  EXPECT_EQ(decode_all(dir / "out.mp4").frames, 35 * 25);
}

TEST_F(Streaming, TheSoundOfAClipIsEncodedWhileItArrivesAndSharedWhenItIsProven) {
  Gate gate;
  Vendor vendor(half_withheld(gate));
  // What lies there, a content key and an ending each. A piece of sound is named by its samples: it is right
  // whatever they were read from, and shared at once.
  auto names = [&](const std::string& folder) {
    std::set<std::string> found;
    for (const std::string& f : dir.files()) {
      if (f.starts_with("cache/" + folder) && !f.ends_with("/lock") && !f.ends_with(".piece.mp4"))
        found.insert(f.substr(f.rfind('/') + 1));
    }
    return found;
  };
  std::set<std::string> while_arriving;
  auto whole = [&] {  // pictures, sound, and what is to be said of it
    return while_arriving.size() == 3 &&
           std::none_of(while_arriving.begin(), while_arriving.end(),
                        [](const std::string& f) { return f.ends_with(".part"); });
  };
  // The second that is shown lies in the half that is there.
  run(R"({ "version": 1, "canvas": { "size": "160x90", "fps": 25 }, "heygen": { "api": "v2", "deadline": "20s" },
        "clips": [ { "avatar": { "id": "a", "voice": "v", "say": "hello" }, "out": 1 } ], "output": "out.mp4" })",
      settings(vendor.url()), [&](const Event& e) {
        if (e.kind != Event::Kind::segment) return;
        for (int tries = 0; tries < 200 && !whole(); ++tries) {
          std::this_thread::sleep_for(std::chrono::milliseconds(50));
          while_arriving = names("runs/");
        }
        EXPECT_THAT(names("segments/"), testing::IsEmpty());
        gate.open();
      });
  EXPECT_TRUE(whole()) << testing::PrintToString(while_arriving);
  EXPECT_EQ(names("segments/"), while_arriving);
  EXPECT_EQ(decode_all(dir / "out.mp4").audio_samples, 48000);
}

TEST_F(Streaming, EncodesWhileAClipIsMissingWhatOfTheSoundDoesNotHangOnIt) {
  file("base.mp4", 65);
  Vendor::Script script{.clip = counter_clip(2)};
  script.status = "processing";
  Vendor vendor(script);
  const std::string avatar = R"("avatar": { "id": "a", "voice": "v", "say": "hello" })";
  auto job = [&](const std::string& deadline, const std::string& clips, const std::string& more = "") {
    return R"({ "version": 1, "canvas": { "size": "160x90", "fps": 25 }, "heygen": { "deadline": ")" +
           deadline + R"(" }, "tracks": [ )" + clips + R"( ], "outputs": [ { "path": "out.mp4" )" + more +
           " } ] }";
  };
  const std::string base = R"({ "clips": [ { "file": "base.mp4" } ] })";
  const std::string over = base + R"(, { "clips": [ { "start": 1, )" + avatar + " } ] }";
  const std::string first = R"({ "clips": [ { )" + avatar + R"( }, { "file": "base.mp4" } ] })";
  EXPECT_EQ(fail(job("3s", first), settings(vendor.url())).first, 4);
  EXPECT_EQ(pieces(), 0) << "the clip moves all that follows";
  EXPECT_EQ(fail(job("3s", over, R"(, "loudness": -16)"), settings(vendor.url())).first, 4);
  EXPECT_EQ(pieces(), 0) << "the clip may change how loud everything is";
  std::int64_t while_missing = 0;
  std::jthread wait([&] {
    for (int tries = 0; tries < 600 && while_missing < 3; ++tries) {
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
      while_missing = pieces();
    }
    vendor.set_status("completed");
  });
  run(job("60s", over), settings(vendor.url()));
  wait.join();
  EXPECT_EQ(while_missing, 3) << "all but the first";
  EXPECT_EQ(pieces(), 4);
  EXPECT_EQ(decode_all(dir / "out.mp4").audio_samples, 65 * 48000);
}

TEST_F(Streaming, TheSoundOfAClipThatIsThereIsEncodedWhileAnotherIsMissing) {
  file("base.mp4", 65);
  const std::string clip = counter_clip(2);
  Vendor::Script script{.clip = clip};
  std::mutex mutex;
  std::string first;
  std::int64_t while_missing = 0;
  // Whichever comes second comes when the sound around the other one is there.
  script.download = [&](int, const HttpRequest& r, Connection& c) {
    const std::string name = r.target;  // signed anew for each clip
    {
      std::lock_guard lock(mutex);
      if (first.empty()) first = name;
      for (int tries = 0; name != first && tries < 300 && while_missing < 3; ++tries) {
        std::this_thread::sleep_for(std::chrono::milliseconds(50));
        while_missing = pieces();
      }
    }
    serve_file(c, r, clip);
  };
  Vendor vendor(script);
  run(R"({ "version": 1, "canvas": { "size": "160x90", "fps": 25 }, "heygen": { "deadline": "60s" },
        "tracks": [ { "clips": [ { "file": "base.mp4" } ] }, { "clips": [
          { "start": 1, "avatar": { "id": "a", "voice": "v", "say": "hello" } },
          { "start": 40, "avatar": { "id": "a", "voice": "v", "say": "goodbye" } } ] } ],
        "output": "out.mp4" })",
      settings(vendor.url()));
  EXPECT_EQ(while_missing, 3) << "all but the one around the clip that is missing";
  EXPECT_EQ(pieces(), 4);
}

TEST_F(Streaming, RendersEverythingElseWhileAClipIsHeldBackForEver) {
  file("a.mp4", 6);
  file("b.mp4", 7);
  Vendor::Script script{.clip = counter_clip(1)};
  script.status = "processing";
  Vendor vendor(script);
  const std::string text = R"({ "version": 1, "canvas": { "size": "160x90", "fps": 25 },
    "heygen": { "deadline": "4s" },
    "tracks": [
      { "clips": [ { "id": "a", "file": "a.mp4" },
                   { "id": "h", "avatar": { "id": "a", "voice": "v", "say": "hello" } },
                   { "id": "b", "file": "b.mp4" } ] },
      { "clips": [ { "text": "title", "start": "@b.start+1", "duration": 2 } ] } ],
    "outputs": [ { "path": "out.mp4" }, { "path": "tall.mp4", "size": "90x160" } ] })";
  auto [code, message] = fail(text, settings(vendor.url()));
  EXPECT_EQ(code, 4);
  EXPECT_NE(message.find("deadline"), std::string::npos) << message;
  std::int64_t frames = 0;
  for (const Event& e : events) frames += e.kind == Event::Kind::segment ? e.frames : 0;
  EXPECT_EQ(frames, 2 * (150 + 175)) << "both films, for both shapes";
  EXPECT_EQ(vendor.charges(), 1);
  EXPECT_FALSE(any_part_left());

  vendor.set_status("completed");  // the run that is started again goes on waiting and pays nothing
  Report report = run(text, settings(vendor.url()));
  EXPECT_EQ(vendor.charges(), 1);
  EXPECT_EQ(report.purchases.at(0).origin, "resumed");
  EXPECT_EQ(report.outputs.at(0).frames, 150 + 25 + 175);
  EXPECT_EQ(report.outputs.at(0).segments_rendered, 1) << "only what shows the clip was left to do";
  EXPECT_EQ(report.outputs.at(0).segments, 5) << "a, the clip, and b before, with and after its title";
}

TEST_F(Streaming, RendersWhatLiesBehindAClipWhoseEndNobodyKnowsYet) {
  VideoSpec film;
  film.seconds = 30;
  film.codec = "mpeg4";  // nothing to copy
  make_video(dir / "a.mp4", film);
  Vendor::Script script{.clip = counter_clip(1)};
  script.status = "processing";
  Vendor vendor(script);
  const std::string text = R"({ "version": 1, "canvas": { "size": "160x90", "fps": 25 },
    "heygen": { "deadline": "60s" },
    "tracks": [ { "clips": [ { "file": "a.mp4" } ] },
                { "clips": [ { "avatar": { "id": "a", "voice": "v", "say": "hello" }, "start": 2, "width": 40 } ] } ],
    "outputs": [ { "path": "out.mp4", "preset": "ultrafast" } ] })";
  std::vector<std::int64_t> before;  // frames of segments, while the clip is being made
  Settings one_at_a_time = settings(vendor.url());
  one_at_a_time.workers = 1;
  const Report report = run(text, one_at_a_time, [&](const Event& e) {
    if (e.kind == Event::Kind::segment && before.size() < 6) before.push_back(e.frames);
    if (before.size() == 6) vendor.set_status("completed");
  });
  EXPECT_EQ(before, (std::vector<std::int64_t>{50, 250, 250, 50, 50, 50}))
      << "before the clip, then from the end on, on the grid of 10 s and of 2 s";
  const OutputReport& out = report.outputs.at(0);
  EXPECT_EQ(out.frames, 750);
  EXPECT_EQ(out.segments, 8) << "with it, and from its end to the grid";
  EXPECT_EQ(out.segments_rendered, 8) << "none twice";
  EXPECT_EQ(decode_all(dir / "out.mp4").frames, 750);
}

TEST_F(Streaming, AFilmBesideAMissingClipStandsReadyWhereTheClipBegins) {
  VideoSpec film;
  film.seconds = 10, film.gop = 250;
  film.picture = Picture::counter;
  film.audio_codec = "";
  make_video(dir / "base.mp4", film);
  Vendor::Script script{.clip = counter_clip(2)};
  script.status = "processing";
  Vendor vendor(script);
  const std::string text = R"({ "version": 1, "canvas": { "size": "160x90", "fps": 25 },
    "heygen": { "deadline": "60s" },
    "tracks": [ { "clips": [ { "avatar": { "id": "a", "voice": "v", "say": "hello" } } ] },
                { "clips": [ { "file": "base.mp4", "in": 7, "duration": 2, "width": 80 } ] } ],
    "output": "out.mp4" })";
  auto is_open = [&] {
    const auto files = std::filesystem::directory_iterator("/proc/self/fd");
    return std::any_of(begin(files), end(files), [&](const auto& file) {
      std::error_code gone;
      return std::filesystem::read_symlink(file, gone) == dir / "base.mp4";
    });
  };
  int looks = 0;  // in a row that saw it open: what only probes it closes it again
  std::jthread wait([&] {
    for (int tries = 0; tries < 400 && looks < 10; ++tries) {
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
      looks = is_open() ? looks + 1 : 0;
    }
    vendor.set_status("completed");
  });
  run(text, settings(vendor.url()));
  wait.join();
  EXPECT_EQ(looks, 10);
  const Decoded ready = decode_all(dir / "out.mp4");
  std::filesystem::remove(dir / "out.mp4");
  std::filesystem::remove_all(dir / "cache");
  run(text, settings(vendor.url()));
  EXPECT_EQ(vendor.charges(), 1);
  EXPECT_EQ(decode_all(dir / "out.mp4").checksums, ready.checksums);
  EXPECT_EQ(ready.frames, 50);
}

class Layouts : public Streaming, public testing::WithParamInterface<Index> {};

TEST_P(Layouts, EveryPlaceOfTheIndexGivesEveryFrame) {
  Vendor::Script script{.clip = counter_clip(3, GetParam())};
  script.duration = 3;
  Vendor vendor(script);
  run(kOneClip, settings(vendor.url()));
  Decoded out = decode_all(dir / "out.mp4");
  ASSERT_EQ(out.frames, 75);
  for (int i = 0; i < 75; ++i) EXPECT_EQ(out.numbers[i], i);
  EXPECT_EQ(out.audio_samples, 3 * 48000);
}

TEST_P(Layouts, ADroppedConnectionIsResumedAndChangesNothing) {
  const std::string clip = counter_clip(3, GetParam());
  for (double part : {0.1, 0.5, 0.95}) {
    Vendor::Script script{.clip = clip};
    script.duration = 3;
    script.cdn.reset_at = static_cast<std::uint64_t>(part * static_cast<double>(clip.size()));
    Vendor vendor(script);
    Settings s = settings(vendor.url());
    s.state_dir += std::to_string(part);
    s.cache_dir += std::to_string(part);
    s.overwrite = true;
    run(kOneClip, s);
    EXPECT_GE(vendor.downloads(), 2);
    Decoded out = decode_all(dir / "out.mp4");
    ASSERT_EQ(out.frames, 75);
    EXPECT_EQ(out.numbers[74], 74);
  }
}

TEST_P(Layouts, AnExpiredUrlIsRefreshedAndContinuedAtTheSameByte) {
  Vendor::Script script{.clip = counter_clip(3, GetParam())};
  script.duration = 3;
  script.expire_at = script.clip.size() / 3;
  Vendor vendor(script);
  run(kOneClip, settings(vendor.url()));
  EXPECT_EQ(decode_all(dir / "out.mp4").frames, 75);
  bool continued = false;
  for (const HttpRequest& r : vendor.requests()) {
    auto range = r.range();
    continued |= r.target.starts_with("/clip") && !r.target.ends_with("=s1") && range && range->first > 0;
  }
  EXPECT_TRUE(continued);
}

TEST_P(Layouts, AClipThatAlwaysEndsEarlyIsAnErrorAndNeverAFilm) {
  Vendor::Script script{.clip = counter_clip(3, GetParam())};
  script.duration = 3;
  script.cdn.close_delimited = true;  // nothing in the transport says where the end is
  script.cdn.no_ranges = true;
  script.cdn.cut_at = script.clip.size() * 6 / 10;
  script.cdn_always = true;
  Vendor vendor(script);
  auto [code, message] = fail(kOneClip, settings(vendor.url()));
  EXPECT_TRUE(code == 6 || code == 4) << code << " " << message;
  for (const std::string& f : dir.files()) EXPECT_FALSE(f.starts_with("out.mp4")) << f;
  for (const std::string& f : dir.files()) {
    EXPECT_FALSE(f.starts_with("cache/segments")) << "from an unproven stream: " << f;
  }
}

INSTANTIATE_TEST_SUITE_P(Index, Layouts, testing::Values(Index::first, Index::last, Index::fragmented));

}  // namespace
}  // namespace avstage::test
