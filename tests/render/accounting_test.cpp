#include <fmt/format.h>

#include <cstdlib>
#include <random>

#include "media/demuxer.h"
#include "render/bench.h"
#include "support/lane.h"

namespace avstage::test {
namespace {

struct Source {
  std::string name;
  Rational fps, seconds;
  std::int64_t frames() const { return (seconds * fps).round(); }
};

/// What the top of the programme shows: a clip's source and where it begins, in frames of the canvas.
struct Shown {
  const Source* source = nullptr;
  std::int64_t start = 0, frames = 0;
  Rational in;
};

/// A random job and, reckoned apart from the planner, what each of its frames has to show.
class RandomFilm {
 public:
  RandomFilm(unsigned seed, const std::vector<Source>& sources) : random_(seed), sources_(sources) {
    static const std::vector<std::string> rates = {"24000/1001", "24", "25", "30000/1001", "30", "50"};
    fps_text = rates[static_cast<std::size_t>(below(6))];
    fps = *parse_frame_rate(fps_text);
    const int tracks = below(3) + 1;
    std::string text;
    for (int t = 0; t < tracks; ++t) {
      text += fmt::format("{}{{ \"clips\": [ {} ] }}", t ? ", " : "", make_track(t));
    }
    job = fmt::format(R"({{ "version": 1, "canvas": {{ "size": "64x64", "fps": "{}" }}, "tracks": [ {} ],
      "outputs": [ {{ "path": "out.mp4", "preset": "ultrafast" }} ] }})",
                      fps_text, text);
  }

  /// The source frame nearest to the time of frame `n`, by looking at each; −1: background.
  int expected(std::int64_t n) const {
    const Shown* top = nullptr;
    for (const Shown& s : shown_) {
      if (n >= s.start && n < s.start + s.frames) top = &s;
    }
    if (top == nullptr || top->source == nullptr) return -1;
    const Rational time = top->in + Rational(n - top->start) / fps, half = Rational(1, 2) / fps;
    int last = 0;
    for (std::int64_t k = 0; k < top->source->frames(); ++k) {
      const Rational at = Rational(k) / top->source->fps;
      if (at < time + half) last = static_cast<int>(k);
    }
    return last;
  }

  std::string job, fps_text;
  Rational fps;
  std::int64_t frames = 0;

 private:
  int below(int n) { return static_cast<int>(random_() % static_cast<unsigned>(n)); }

  std::string make_track(int track) {
    std::string clips;
    std::int64_t end = 0;
    const int count = below(6) + 1;
    for (int c = 0; c < count; ++c) {
      const bool anchored = !shown_.empty() && below(4) == 0, placed = !anchored && below(4) == 0;
      Shown clip;
      std::string start;
      if (anchored) {
        const auto to = static_cast<std::size_t>(below(static_cast<int>(shown_.size())));
        const bool at_end = below(2) == 0;
        const int offset = below(6);
        clip.start = shown_[to].start + (at_end ? shown_[to].frames : 0) + offset;
        start = fmt::format(R"(, "start": "@c{}.{}+{}f")", to, at_end ? "end" : "start", offset);
      } else if (placed) {
        clip.start = below(40);
        start = fmt::format(R"(, "start": "{}f")", clip.start);
      } else {
        clip.start = end;
      }
      clips += fmt::format("{}{{ \"id\": \"c{}\"{}{} }}", c ? ", " : "", shown_.size(), medium(clip, track),
                           start);
      end = clip.start + clip.frames;
      frames = std::max(frames, end);
      shown_.push_back(clip);
    }
    return clips;
  }

  std::string medium(Shown& clip, int track) {
    clip.frames = below(20) + 1;
    if (track == 0 && below(6) == 0)
      return fmt::format(R"(, "color": "#000000", "duration": "{}f")", clip.frames);
    const Source& source = sources_[static_cast<std::size_t>(below(static_cast<int>(sources_.size())))];
    clip.source = &source;
    const std::int64_t in = below(25);
    clip.in = Rational(in) / fps;
    return fmt::format(R"(, "file": "{}", "in": "{}f", "duration": "{}f", "volume": 0.2)", source.name, in,
                       clip.frames);
  }

  std::mt19937 random_;
  const std::vector<Source>& sources_;
  std::vector<Shown> shown_;
};

struct PacketTimes {
  std::vector<Rational> pts, dts;
};

PacketTimes packet_times(const std::string& path) {
  media::Demuxer demuxer = media::Demuxer::open_file(path, media::Demuxer::Want::video);
  media::PacketPtr packet = media::make_packet();
  const Rational clock = media::from_av(demuxer.video()->time_base);
  PacketTimes out;
  while (demuxer.read(*packet)) {
    out.pts.push_back(Rational(packet->pts) * clock);
    out.dts.push_back(Rational(packet->dts) * clock);
  }
  std::sort(out.pts.begin(), out.pts.end());
  return out;
}

class Accounting : public Bench {
 protected:
  void make_sources() {
    sources_ = {{"a.mp4", 25, 3},
                {"b.mp4", Rational(30000, 1001), 3},
                {"c.mp4", Rational(24000, 1001), 3},
                {"d.mp4", 50, 3}};
    const int rates[] = {48000, 44100, 32000, 22050};
    for (std::size_t i = 0; i < sources_.size(); ++i) {
      VideoSpec spec;
      spec.width = spec.height = 64;
      spec.fps = sources_[i].fps;
      spec.seconds = sources_[i].seconds;
      spec.picture = Picture::counter;
      spec.audio_rate = rates[i];
      make_video(dir / sources_[i].name, spec);
    }
  }

  void check(const RandomFilm& film) {
    std::filesystem::remove(dir / "out.mp4");
    Report report = run(film.job, settings());
    ASSERT_EQ(report.outputs.at(0).frames, film.frames);
    const PacketTimes times = packet_times(dir / "out.mp4");
    ASSERT_EQ(static_cast<std::int64_t>(times.pts.size()), film.frames);
    for (std::int64_t n = 0; n < film.frames; ++n) {
      const auto i = static_cast<std::size_t>(n);
      ASSERT_EQ(times.pts[i], Rational(n) / film.fps) << "frame " << n;
      ASSERT_TRUE(n == 0 || times.dts[i] > times.dts[i - 1]) << "frame " << n;
    }
    const Decoded out = decode_all(dir / "out.mp4");
    ASSERT_EQ(out.frames, film.frames);
    EXPECT_EQ(out.audio_samples, (Rational(film.frames) / film.fps * Rational(48000)).round());
    for (std::int64_t n = 0; n < film.frames; ++n) {
      const int number = out.numbers[static_cast<std::size_t>(n)], wanted = film.expected(n);
      ASSERT_EQ(number, std::max(wanted, 0)) << "frame " << n << (wanted < 0 ? ": background" : "");
    }
    frames_ += film.frames;
  }

  std::vector<Source> sources_;
  std::int64_t frames_ = 0;
};

TEST_F(Accounting, EveryFrameAndSampleOfRandomFilmsIsTheOneThatWasPlanned) {
  make_sources();
  const unsigned films = long_lane() ? 500 : 100;
  for (unsigned seed = 1; seed <= films; ++seed) {
    const RandomFilm film(seed, sources_);
    SCOPED_TRACE(fmt::format("seed {} at {} fps: {}", seed, film.fps_text, film.job));
    check(film);
    if (HasFailure()) return;
  }
  fmt::print("{} films, {} frames\n", films, frames_);
}

class Sync : public Bench {
 protected:
  void blip(const std::string& name, Rational fps, Rational seconds, int rate, const std::string& codec) {
    VideoSpec spec;
    spec.width = 64, spec.height = 36;
    spec.fps = fps;
    spec.seconds = seconds;
    spec.picture = Picture::blip;
    spec.sound = Sound::blip;
    spec.audio_rate = rate;
    spec.audio_codec = codec;
    make_video(dir / name, spec);
  }
};

// The sources' flashes, at half past each second, all fall on a grid of 50 frames a second: what is measured
// is no rounding to the grid but a true offset.
TEST_F(Sync, PictureAndSoundAreWithinAMillisecondToTheEndOfALongFilmOfManyCuts) {
  const int pieces = long_lane() ? 21 : 11, each = long_lane() ? 30 : 6;
  blip("a.mp4", 50, each + 4, 48000, "aac");
  blip("b.mp4", 10, each + 4, 44100, "aac");
  blip("c.mov", 30, each + 4, 32000, "pcm_s16le");
  blip("d.mkv", 10, each + 4, 22050, "flac");
  const char* names[] = {"a.mp4", "b.mp4", "c.mov", "d.mkv"};
  std::string clips;
  for (int i = 0; i < pieces; ++i) {
    clips += fmt::format(R"({}{{ "file": "{}", "in": {}, "duration": {} }})", i ? ", " : "", names[i % 4],
                         1 + i % 3, each);
  }
  run(fmt::format(R"({{ "version": 1, "canvas": {{ "size": "640x360", "fps": 50 }}, "clips": [ {} ],
    "outputs": [ {{ "path": "out.mp4", "preset": "ultrafast" }}, {{ "path": "out.mkv", "preset": "ultrafast" }} ] }})",
                  clips),
      settings());
  for (const char* name : {"out.mp4", "out.mkv"}) {
    const AvOffset offset = av_offset(dir / name);
    ASSERT_EQ(offset.flashes.size(), static_cast<std::size_t>(pieces * each)) << name;
    ASSERT_EQ(offset.beeps.size(), offset.flashes.size()) << name;
    double worst = 0;
    for (std::size_t i = 0; i < offset.flashes.size(); ++i) {
      worst = std::max(worst, std::abs(offset.beeps[i] - offset.flashes[i]));
    }
    fmt::print("{}: {} s, {} cuts: offset at the start {:.3f} ms, at the end {:.3f} ms, worst {:.3f} ms\n",
               name, pieces * each, pieces - 1, 1000 * (offset.beeps.front() - offset.flashes.front()),
               1000 * (offset.beeps.back() - offset.flashes.back()), 1000 * worst);
    EXPECT_LE(worst, 0.001) << name;
  }
}

}  // namespace
}  // namespace avstage::test
