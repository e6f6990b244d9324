#include "avstage/clip_source.h"

#include <fcntl.h>
#include <unistd.h>

#include <atomic>
#include <future>

#include "media/demuxer.h"
#include "media/video_reader.h"
#include "render/bench.h"
#include "render/vendor.h"

// A clip as input of a libav program: every byte, or the cause.
namespace avstage::test {
namespace {

using namespace std::chrono_literals;

const char* const kTwoClips =
    R"({ "version": 1, "canvas": { "size": "160x90" }, "heygen": { "deadline": "20s" },
  "clips": [ { "id": "a", "avatar": { "id": "a", "voice": "v", "say": "one" } },
             { "id": "b", "avatar": { "id": "a", "voice": "v", "say": "two" } },
             { "color": "#000000", "duration": 1 } ], "output": "out.mp4" })";

class ClipSourceTest : public Bench {
 protected:
  Vendor::Script script(Rational seconds = Rational(2), Index index = Index::first) {
    Vendor::Script s{.clip = counter_clip(seconds, index)};
    s.duration = seconds.to_double();
    return s;
  }

  /// Reads it to its proven end.
  static int packets(ClipSource& clip) {
    int n = 0;
    media::PacketPtr packet = media::make_packet();
    for (AVFormatContext* format = clip.format();
         clip.check(av_read_frame(format, packet.get())) != AVERROR_EOF; ++n) {
      av_packet_unref(packet.get());
    }
    return n;
  }

  /// The exit code of what fails, and its message.
  static std::pair<int, std::string> failure(const std::function<void()>& work) {
    try {
      work();
    } catch (const Error& e) {
      return {e.exit_code(), e.message()};
    }
    return {0, "it did not fail"};
  }

  int packets_of_file() {
    media::Demuxer file = media::Demuxer::open_file(dir / "vendor.mp4");
    media::PacketPtr packet = media::make_packet();
    int n = 0;
    while (file.read(*packet)) ++n;
    return n;
  }

  std::unique_ptr<ClipSource> open_url(FaultServer& server, std::function<std::string()> refresh = {}) {
    return ClipSource::open(UrlClip{server.url("/v.mp4?Signature=1"), std::move(refresh), "clip"},
                            settings("http://127.0.0.1"));
  }
};

TEST_F(ClipSourceTest, AJobsClipIsBoughtOnceAndThenTakenFromTheArchive) {
  Vendor vendor(script());
  for (int i = 0; i < 2; ++i) {
    auto clip = ClipSource::open(job(kTwoClips), "b", settings(vendor.url()));
    EXPECT_EQ(packets(*clip), packets_of_file());
  }
  EXPECT_EQ(vendor.charges(), 1);
  EXPECT_EQ(vendor.downloads(), 1);
}

TEST_F(ClipSourceTest, SaysWhichClipsThereAre) {
  for (const char* id : {"", "c"}) {
    auto [code, message] = failure([&] { ClipSource::open(job(kTwoClips), id, settings()); });
    EXPECT_EQ(code, 2);
    EXPECT_NE(message.find("clip 'a', clip 'b'"), std::string::npos) << message;
  }
}

TEST_F(ClipSourceTest, ANamedVideoThatWasBoughtComesFromTheArchiveAndNothingIsEverBoughtForAName) {
  std::string id;
  {
    Vendor vendor(script());
    ClipSource::open(job(kTwoClips), "a", settings(vendor.url()), [&](const Event& e) {
      if (e.kind == Event::Kind::submitted) id = e.text;
    })->wait_complete();
  }
  AvatarRef video;
  video.video_id = id;
  auto clip = ClipSource::open(video, {}, settings("http://127.0.0.1:9"));  // no vendor is there any more
  EXPECT_EQ(packets(*clip), packets_of_file());
}

TEST_F(ClipSourceTest, WithoutBuyingAClipThatIsNotBoughtIsAnError) {
  Vendor vendor(script());
  Settings s = settings(vendor.url());
  s.buy = false;
  auto [code, message] = failure([&] { ClipSource::open(job(kTwoClips), "a", s); });
  EXPECT_EQ(code, 2) << message;
  EXPECT_EQ(vendor.creates(), 0);
}

TEST_F(ClipSourceTest, IsReadWhileItsSecondHalfIsStillWithheld) {
  Gate gate;
  Vendor::Script s = script(Rational(4));
  s.cdn.gate = &gate;
  s.cdn.gate_at = s.clip.size() / 2;
  Vendor vendor(s);
  auto clip = ClipSource::open(job(kTwoClips), "a", settings(vendor.url()));
  media::PacketPtr packet = media::make_packet();
  for (int i = 0; i < 20; ++i) {
    ASSERT_GE(clip->check(av_read_frame(clip->format(), packet.get())), 0);
    av_packet_unref(packet.get());
  }
  gate.open();
  EXPECT_EQ(20 + packets(*clip), packets_of_file());
}

TEST_F(ClipSourceTest, AUrlsFaultsAreHealedOrThrownAsTheirCause) {
  const std::string bytes = script(Rational(3)).clip;
  std::atomic<int> served = 0;
  ServeOptions reset;
  reset.reset_at = bytes.size() * 2 / 3;
  FaultServer server([&](const HttpRequest& r, Connection& c) {
    if (served++ == 0) return serve_file(c, r, bytes, reset);
    if (r.target.ends_with("=1")) return void(c.respond(403, "<Error/>"));
    serve_file(c, r, bytes);
  });
  auto clip = open_url(server, [&] { return server.url("/v.mp4?Signature=2"); });
  EXPECT_EQ(packets(*clip), packets_of_file());
  EXPECT_EQ(served, 3);

  served = 0;
  auto [code, message] = failure([&] { packets(*open_url(server)); });
  EXPECT_EQ(code, 6) << message;
  EXPECT_NE(message.find("403"), std::string::npos) << message;
  EXPECT_EQ(message.find("Signature="), std::string::npos) << message;
}

TEST_F(ClipSourceTest, ACutFileIsNeverTakenForAWholeOne) {
  for (Index index : {Index::first, Index::fragmented}) {
    std::string bytes = script(Rational(3), index).clip;
    bytes.resize(bytes.size() * 3 / 4);
    ServeOptions silent;
    silent.close_delimited = true;
    FaultServer server([&](const HttpRequest& r, Connection& c) { serve_file(c, r, bytes, silent); });
    auto [code, message] = failure([&] { packets(*open_url(server)); });
    EXPECT_EQ(code, 6) << message;
  }
}

TEST_F(ClipSourceTest, ItsBytesAreThoseOfTheFile) {
  const std::string bytes = script().clip;
  FaultServer server([&](const HttpRequest& r, Connection& c) { serve_file(c, r, bytes); });
  auto clip = open_url(server);
  std::string read(bytes.size() + 10, '\0');
  int n = clip->check(avio_read(clip->io(), reinterpret_cast<unsigned char*>(read.data()), int(read.size())));
  read.resize(n);
  EXPECT_EQ(read, bytes);
  EXPECT_FALSE(dir.files().empty());
  clip.reset();
  EXPECT_FALSE(any_part_left());
}

TEST_F(ClipSourceTest, AnInterruptWakesWhoWaits) {
  Gate never;
  Vendor::Script s = script(Rational(4));
  s.cdn.gate = &never;
  s.cdn.gate_at = s.clip.size() / 2;
  Vendor vendor(s);
  auto clip = ClipSource::open(job(kTwoClips), "a", settings(vendor.url()));
  auto reading = std::async(std::launch::async, [&] { return failure([&] { packets(*clip); }); });
  EXPECT_EQ(reading.wait_for(200ms), std::future_status::timeout);
  clip->interrupt();
  EXPECT_EQ(reading.get().first, 130);
}

class CopyTo : public ClipSourceTest {
 protected:
  std::string copied(ClipSource& clip, const std::string& container) {
    const std::string path = dir / ("copy." + (container == "matroska" ? "mkv" : container));
    int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    clip.copy_to(fd, container);
    ::close(fd);
    return path;
  }
};

TEST_F(CopyTo, EveryPictureAndTheSoundArriveInEachContainer) {
  Vendor vendor(script());
  for (const char* container : {"nut", "matroska", "mp4"}) {
    auto clip = ClipSource::open(job(kTwoClips), "a", settings(vendor.url()));
    const std::string path = copied(*clip, container);
    Decoded copy = decode_all(path), original = decode_all(dir / "vendor.mp4");
    EXPECT_EQ(copy.checksums, original.checksums) << container;
    EXPECT_NEAR(double(copy.audio_samples), double(original.audio_samples), 2048) << container;
  }
}

TEST_F(CopyTo, AStopDoesNotWaitForAReaderThatSleeps) {
  int ends[2];
  ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
  ASSERT_GE(::fcntl(ends[1], F_SETPIPE_SZ, 4096), 0);
  Vendor vendor(script());
  std::stop_source stop;
  auto clip = ClipSource::open(job(kTwoClips), "a", settings(vendor.url()), {}, stop.get_token());
  auto copying =
      std::async(std::launch::async, [&] { return failure([&] { clip->copy_to(ends[1], "nut"); }); });
  EXPECT_EQ(copying.wait_for(300ms), std::future_status::timeout);
  stop.request_stop();
  EXPECT_EQ(copying.get().first, 130);
  ::close(ends[0]);
  ::close(ends[1]);
}

TEST_F(CopyTo, TransparencyIsKeptInMatroskaAndWebmAndRefusedElsewhere) {
  VideoSpec spec;
  spec.codec = "libvpx-vp9";
  spec.pix_fmt = "yuva420p";
  spec.audio_codec = "libopus";
  spec.draw = [](AVFrame& f, std::int64_t) {
    for (int y = 0; y < f.height; ++y) {
      for (int x = 0; x < f.width; ++x) set_sample(f, 3, x, y, x < f.width / 2 ? 0 : 255);
    }
  };
  make_video(dir / "alpha.webm", spec);
  const std::string bytes = read_bytes(dir / "alpha.webm");
  FaultServer server([&](const HttpRequest& r, Connection& c) { serve_file(c, r, bytes); });
  auto clip = open_url(server);
  for (const char* container : {"matroska", "webm"}) {
    media::VideoReader copy(media::Demuxer::open_file(copied(*clip, container)));
    EXPECT_TRUE(copy.facts().audio) << container;
    const AVFrame* frame = copy.frame_at(Time(0), Rational(25));
    ASSERT_EQ(frame->format, AV_PIX_FMT_YUVA420P) << container;
    EXPECT_LT(sample(*frame, 3, 8, 40), 8) << container;
    EXPECT_GT(sample(*frame, 3, 150, 40), 247) << container;
  }
  for (const char* container : {"nut", "mp4"}) {
    auto [code, message] = failure([&] { copied(*clip, container); });
    EXPECT_EQ(code, 2);
    EXPECT_NE(message.find("matroska and webm have"), std::string::npos) << message;
  }
}

}  // namespace
}  // namespace avstage::test
