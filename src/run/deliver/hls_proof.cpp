#include <fmt/format.h>

#include <algorithm>
#include <future>
#include <optional>

#include "base/atomic_file.h"
#include "base/stop.h"
#include "media/demuxer.h"
#include "run/compose/audio_mix.h"
#include "run/deliver/check_sound.h"
#include "run/deliver/hls_package.h"
#include "run/deliver/joined_files.h"
#include "run/deliver/unproven.h"

namespace avstage::run {
namespace {

using media::Demuxer;

class Proof {
 public:
  Proof(const HlsStream& stream, const Rendition& rendition, const std::string& folder, int target,
        const std::stop_token& stop)
      : stream_(stream),
        rendition_(rendition),
        dir_(folder + "/" + rendition.folder),
        name_(stream.path + ": " + rendition.folder),
        target_(target),
        stop_(stop) {}

  void run() {
    const Listing listing = read_media_playlist(read_file(dir_ + "/" + kPlaylistFile), name_);
    if (!listing.ended || listing.segments.size() != rendition_.segments.size()) {
      unproven(name_, fmt::format("its playlist names {} segments, planned were {}", listing.segments.size(),
                                  rendition_.segments.size()));
    }
    for (std::size_t i = 0; i < listing.segments.size(); ++i) check(listing, i);
    const Time length = Rational(stream_.frames) / stream_.fps;
    if (abs(sum_ - length) > Rational(1, 1000)) {
      unproven(name_, fmt::format("its playlist lasts {:.6f} s, planned were {:.6f} s", sum_.to_double(),
                                  length.to_double()));
    }
    if (!is_picture()) check_sound_end();
  }

 private:
  static Time abs(Time time) { return time < Time(0) ? Time(0) - time : time; }
  bool is_picture() const { return rendition_.width > 0; }

  void check(const Listing& listing, std::size_t i) {
    require_going(stop_);
    const ListedSegment& listed = listing.segments[i];
    const MediaSegment& planned = rendition_.segments[i];
    sum_ = sum_ + listed.duration;
    if (abs(listed.duration - (planned.end - planned.start)) > Rational(1, 100'000)) {
      unproven(name_, fmt::format("{} lasts {:.6f} s in the playlist, planned were {:.6f} s", listed.file,
                                  listed.duration.to_double(), (planned.end - planned.start).to_double()));
    }
    if (listed.duration.round() > target_)
      unproven(name_, listed.file + " lasts longer than the target duration");
    const std::string file = name_ + "/" + listed.file;
    auto source = joined_files({dir_ + "/" + listing.init, dir_ + "/" + listed.file});
    if (is_picture()) {
      Demuxer demuxer = Demuxer::open_own(std::move(source), file, Demuxer::Want::both);
      check_picture(demuxer, i);
    } else {
      Demuxer demuxer = Demuxer::open(std::move(source), file);
      check_sound(demuxer, i);
    }
  }

  void check_picture(Demuxer& demuxer, std::size_t i) {
    const AVStream* video = demuxer.video();
    if (video == nullptr || demuxer.audio() != nullptr) unproven(demuxer.name(), "is no picture");
    const AVCodecParameters& v = *video->codecpar;
    if (v.width != rendition_.width || v.height != rendition_.height) {
      unproven(demuxer.name(), fmt::format("is {}x{}, planned was {}x{}", v.width, v.height, rendition_.width,
                                           rendition_.height));
    }
    const std::int64_t first = stream_.edges[i], end = stream_.edges[i + 1];
    std::vector<std::int64_t> frames;
    media::PacketPtr packet = media::make_packet();
    while (demuxer.read(*packet)) {
      if (frames.empty() && (packet->flags & AV_PKT_FLAG_KEY) == 0) {
        unproven(demuxer.name(), "does not begin with a key frame");
      }
      const Time time = Rational(packet->pts) * media::from_av(video->time_base);
      frames.push_back((time * stream_.fps).round());
      if (Rational(frames.back()) / stream_.fps != time)
        unproven(demuxer.name(), "a frame is between frames");
      av_packet_unref(packet.get());
    }
    std::sort(frames.begin(), frames.end());
    for (std::int64_t f = first; f < end; ++f) {
      const auto k = static_cast<std::size_t>(f - first);
      if (k >= frames.size() || frames[k] != f)
        unproven(demuxer.name(), fmt::format("frame {} is not in it", f));
    }
    if (static_cast<std::int64_t>(frames.size()) != end - first) {
      unproven(demuxer.name(), fmt::format("has {} frames, planned were {}", frames.size(), end - first));
    }
  }

  void check_sound(Demuxer& demuxer, std::size_t i) {
    const AVStream* audio = demuxer.audio();
    if (audio == nullptr || demuxer.video() != nullptr) unproven(demuxer.name(), "is no sound");
    const Rational base = media::from_av(audio->time_base);
    media::PacketPtr packet = media::make_packet();
    Time start(0);
    bool any = false;
    for (; demuxer.read(*packet); any = true) {
      start = Rational(packet->pts) * base;
      if (!sound_start_) {
        sound_start_ = sound_end_ = start;
        if (start > Time(0) || start < Rational(-4096, kSampleRate)) {
          unproven(demuxer.name(),
                   fmt::format("sound and picture start {:.1f} ms apart", 1000 * start.to_double()));
        }
      }
      if (start != sound_end_) unproven(demuxer.name(), "the sound has a hole or an overlap");
      sound_end_ = start + Rational(audio->codecpar->frame_size) / Rational(kSampleRate);
      av_packet_unref(packet.get());
    }
    // libav knows no length of a fragment's last packet, but where the fragment ends, counted from the start.
    if (any) sound_end_ = *sound_start_ + Rational(audio->duration) * base;
    if (!any || sound_end_ <= start ||
        abs(*sound_end_ - rendition_.segments[i].end) > Rational(1, kSampleRate)) {
      unproven(demuxer.name(),
               fmt::format("its sound ends at {:.6f} s, planned was {:.6f} s",
                           sound_end_.value_or(Time(0)).to_double(), rendition_.segments[i].end.to_double()));
    }
  }

  void check_sound_end() const {
    const Time length = Rational(stream_.frames) / stream_.fps;
    if (abs(*sound_end_ - length) <= Rational(1, 1000)) return;
    unproven(name_, fmt::format("the sound lasts {:.3f} s, planned were {:.3f} s", sound_end_->to_double(),
                                length.to_double()));
  }

  const HlsStream& stream_;
  const Rendition& rendition_;
  std::string dir_, name_;
  int target_;
  const std::stop_token& stop_;
  Time sum_{0};
  std::optional<Time> sound_start_, sound_end_;  ///< of what was read so far
};

/// A rendition from its media segment `first` on.
Demuxer open_from(const std::string& folder, const Rendition& rendition, std::size_t first,
                  const std::string& name, Demuxer::Want want) {
  const std::string dir = folder + "/" + rendition.folder + "/";
  std::vector<std::string> files{dir + kInitFile};
  for (std::size_t i = first; i < rendition.segments.size(); ++i)
    files.push_back(dir + rendition.segments[i].file);
  return Demuxer::open_own(joined_files(std::move(files)), name, want);
}

}  // namespace

Film film_in(const std::string& folder, const HlsStream& stream, const HlsPicture& picture,
             const Rendition& rendition) {
  const std::string name = stream.path + ": " + picture.folder;
  auto open_at = [folder, name, fps = stream.fps, edges = stream.edges, rendition](std::int64_t frame) {
    const auto behind = std::upper_bound(edges.begin(), edges.end() - 1, frame);
    const auto first = static_cast<std::size_t>(behind - edges.begin()) - 1;
    return at_frame(open_from(folder, rendition, first, name, Demuxer::Want::video), frame, fps);
  };
  return {name, picture.pieces, stream.fps, open_at};
}

void prove_hls(const HlsStream& stream, const std::vector<Rendition>& renditions, const std::string& folder,
               const std::stop_token& stop) {
  const int target = target_duration(renditions);
  auto copies = std::async(std::launch::async, [&] {
    for (std::size_t i = 0; i < stream.pictures.size(); ++i)
      check_copies(film_in(folder, stream, stream.pictures[i], renditions[i]), stop);
    if (stream.sound_copies.empty()) return;
    const Rendition& sound = renditions.back();
    check_sound(open_from(folder, sound, 0, stream.path + ": " + sound.folder, Demuxer::Want::audio),
                stream.sound_copies, stop);
  });
  for (const Rendition& rendition : renditions) Proof(stream, rendition, folder, target, stop).run();
  copies.get();
}

}  // namespace avstage::run
