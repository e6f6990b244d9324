#include <fmt/format.h>

#include <cmath>
#include <future>
#include <memory>

#include "base/byte_source.h"
#include "base/mezzanine.h"
#include "base/sha256.h"
#include "base/stop.h"
#include "media/demuxer.h"
#include "net/http_stream.h"
#include "run/deliver/assemble.h"
#include "run/deliver/check_sound.h"
#include "run/deliver/unproven.h"

namespace avstage::run {
namespace {

using media::Demuxer;

/// Of a film from its first byte on, as far as it has come.
struct HashedBytes {
  Sha256 hash;
  std::uint64_t bytes = 0;

  void add(std::uint64_t position, std::span<const std::byte> read) {
    const std::uint64_t end = position + read.size();
    if (position > bytes || end <= bytes) return;
    hash.update(read.subspan(bytes - position));
    bytes = end;
  }
};

/// A film is long, so it is hashed while it is read anyway, and stops in between.
class FilmSource : public ByteSource {
 public:
  FilmSource(std::unique_ptr<ByteSource> source, HashedBytes& hashed, std::stop_token stop)
      : source_(std::move(source)), hashed_(hashed), stop_(std::move(stop)) {}
  std::size_t read(std::span<std::byte> out) override {
    require_going(stop_);
    const std::size_t n = source_->read(out);
    hashed_.add(position_, out.first(n));
    position_ += n;
    return n;
  }
  void seek(std::uint64_t position) override {
    source_->seek(position);
    position_ = position;
  }
  std::optional<std::uint64_t> size() override { return source_->size(); }
  void abort() noexcept override { source_->abort(); }

 private:
  std::unique_ptr<ByteSource> source_;
  HashedBytes& hashed_;
  std::stop_token stop_;
  std::uint64_t position_ = 0;
};

/// What is between what was read, and behind it.
std::string finish_hash(HashedBytes& hashed, const std::string& file, const std::stop_token& stop) {
  FilmSource rest(net::open_file_source(file), hashed, stop);
  rest.seek(hashed.bytes);
  std::vector<std::byte> buffer(1 << 18);
  while (rest.read(buffer) > 0) {
  }
  return hashed.hash.hex();
}

void require_planned(const MediaFacts& facts, const Deliverable& d) {
  if (!facts.video) unproven(d.path, "the finished file has no picture");
  const VideoFacts& v = *facts.video;
  if (v.frames && *v.frames != d.frames)
    unproven(d.path, fmt::format("{} of {} frames are in it", *v.frames, d.frames));
  if (v.width != d.width || v.height != d.height) {
    unproven(d.path, fmt::format("is {}x{}, planned was {}x{}", v.width, v.height, d.width, d.height));
  }
  if (v.codec != codec_of(d.codec)) unproven(d.path, fmt::format("is {}, planned was {}", v.codec, d.codec));
  const double frame = 1 / d.fps.to_double(), length = (Rational(d.frames) / d.fps).to_double();
  if (v.duration && std::abs(v.duration->to_double() - length) > frame / 2) {
    unproven(d.path, fmt::format("its picture lasts {:.3f} s, planned were {:.3f} s", v.duration->to_double(),
                                 length));
  }
  if (facts.audio.has_value() == d.audio_file.empty()) unproven(d.path, "its sound is not as planned");
  if (!facts.audio) return;
  if (facts.audio->duration && std::abs(facts.audio->duration->to_double() - length) > 0.05) {
    unproven(d.path, fmt::format("its sound lasts {:.3f} s, planned were {:.3f} s",
                                 facts.audio->duration->to_double(), length));
  }
  // mp4 hides the AAC encoder's 1024 samples of priming, and up to as many that lay its grid (SoundCopies),
  // behind an edit list; in Matroska they stand before 0.
  const double priming = format_of(d.path) == "matroska" ? 2048.0 / 48000 : 0;
  const double late = facts.audio->start.to_double() - v.start.to_double();
  if (late > 0.001 || late < -priming - 0.001) {
    unproven(d.path, fmt::format("sound and picture start {:.1f} ms apart", 1000 * late));
  }
}

bool is_indexed(const Deliverable& d) {
  return format_of(d.path) != "matroska";
}

Demuxer open_film(const std::string& file, bool is_indexed, Demuxer::Want want) {
  return is_indexed ? Demuxer::open_own(file, want) : Demuxer::open_file(file, want);
}

}  // namespace

Film film_in(const std::string& file, const Deliverable& d) {
  auto open_at = [file, is_indexed = is_indexed(d), fps = d.fps](std::int64_t frame) {
    return at_frame(open_film(file, is_indexed, Demuxer::Want::video), frame, fps);
  };
  return {d.path, d.pieces, d.fps, open_at};
}

std::string prove_film(const Deliverable& d, const std::string& file, const std::stop_token& stop) {
  auto copies = std::async(std::launch::async, [&] {
    check_copies(film_in(file, d), stop);
    if (d.sound_copies.empty()) return;
    check_sound(open_film(file, is_indexed(d), Demuxer::Want::audio), d.sound_copies, stop);
  });
  HashedBytes hashed;
  auto source = std::make_unique<FilmSource>(net::open_file_source(file), hashed, stop);
  require_planned(media::prove_complete(std::move(source), d.path), d);
  std::string hash = finish_hash(hashed, file, stop);
  copies.get();
  return hash;
}

}  // namespace avstage::run
