#include "run/deliver/hls_package.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/atomic_file.h"
#include "base/stop.h"
#include "media/demuxer.h"
#include "media/fragment_muxer.h"
#include "run/deliver/unproven.h"

namespace avstage::run {
namespace {

using media::Demuxer;

constexpr const char* kSoundFolder = "sound";

/// One rendition in the making: packets go in, files come out.
class RenditionWriter {
 public:
  RenditionWriter(const HlsStream& stream, const std::string& folder, const std::string& name,
                  const AVCodecParameters& parameters, Rational time_base, Rational fps)
      : dir_(folder + "/" + name),
        time_base_(time_base),
        muxer_(stream.path, parameters, time_base, fps, stream.metadata) {
    make_directories(dir_, 0777);
    rendition_.folder = name;
    rendition_.codec = media::playlist_codec(parameters);
  }

  void write(AVPacket& packet) { muxer_.write(packet, time_base_); }

  /// The packets since the last cut are a media segment, shown from `start` to `end`.
  void cut(Time start, Time end) {
    const std::string bytes = muxer_.take_fragment();
    const std::string file = fmt::format("{:05}.m4s", rendition_.segments.size());
    write_file(dir_ + "/" + file, bytes);
    rendition_.segments.push_back({file, start, end, bytes.size()});
  }

  Rendition finish() {
    write_file(dir_ + "/" + kInitFile, muxer_.init());
    return std::move(rendition_);
  }

 private:
  std::string dir_;
  Rational time_base_;
  media::FragmentMuxer muxer_;
  Rendition rendition_;
};

/// How far decoding runs ahead of showing in a piece, in frames: its first frame is shown first.
std::int64_t delay_of(const Piece& piece, Rational fps) {
  Demuxer demuxer = Demuxer::open_own(piece.file, Demuxer::Want::video);
  media::PacketPtr packet = media::make_packet();
  if (!demuxer.read(*packet)) unproven(piece.file, "holds no frame");
  return (Rational(packet->pts - packet->dts) * media::from_av(demuxer.video()->time_base) * fps).round();
}

class PictureWriter {
 public:
  PictureWriter(const HlsStream& stream, const HlsPicture& picture, const std::string& folder,
                const std::stop_token& stop)
      : stream_(stream),
        picture_(picture),
        stop_(stop),
        parameters_(track_parameters(picture.pieces, "h264")),
        out_(stream, folder, picture.folder, *parameters_, Rational(1) / stream.fps, stream.fps) {
    for (const Piece& piece : picture.pieces) delay_ = std::max(delay_, delay_of(piece, stream.fps));
  }

  Rendition run() {
    std::int64_t at = 0;
    for (const Piece& piece : picture_.pieces) {
      if (piece.at != at) unproven(stream_.path, fmt::format("frame {} has no segment", at));
      copy(piece);
      at += piece.frames;
    }
    if (at != stream_.frames)
      unproven(stream_.path, fmt::format("{} of {} frames are there", at, stream_.frames));
    cut();
    Rendition done = out_.finish();
    done.width = picture_.width;
    done.height = picture_.height;
    return done;
  }

 private:
  void copy(const Piece& piece) {
    require_going(stop_);
    Demuxer demuxer = Demuxer::open_own(piece.file, Demuxer::Want::video);
    if (!holds_copies(picture_.pieces) &&
        !media::same_parameter_sets(*demuxer.video()->codecpar, *parameters_)) {
      unproven(piece.file, "its parameter sets differ from the first segment's");
    }
    media::PacketPtr packet = media::make_packet();
    std::int64_t n = piece.at;
    for (; demuxer.read(*packet); ++n) {
      set_key(*packet, demuxer.video(), n - piece.at);
      const Rational time = Rational(packet->pts) * media::from_av(demuxer.video()->time_base);
      const std::int64_t frame = piece.at + (time * stream_.fps).round();
      if (n == stream_.edges[next_]) {
        // GOPs are closed: decoding and showing are equally far where one begins.
        if ((packet->flags & AV_PKT_FLAG_KEY) == 0 || frame != n) {
          unproven(piece.file, fmt::format("no key frame at frame {}", n - piece.at));
        }
        if (n > 0) cut();
        ++next_;
      }
      packet->pts = frame;
      packet->dts = n - delay_;
      packet->duration = 1;
      out_.write(*packet);
      av_packet_unref(packet.get());
    }
    if (n != piece.at + piece.frames) {
      unproven(piece.file, fmt::format("has {} frames, planned were {}", n - piece.at, piece.frames));
    }
  }

  void cut() {
    out_.cut(Rational(stream_.edges[next_ - 1]) / stream_.fps, Rational(stream_.edges[next_]) / stream_.fps);
  }

  const HlsStream& stream_;
  const HlsPicture& picture_;
  const std::stop_token& stop_;
  media::CodecParametersPtr parameters_;
  RenditionWriter out_;
  std::int64_t delay_ = 0;
  std::size_t next_ = 0;  ///< of stream_.edges: where the next media segment begins
};

Rendition write_sound(const HlsStream& stream, const std::string& folder, const std::stop_token& stop) {
  Demuxer demuxer = Demuxer::open_file(stream.audio_file, Demuxer::Want::audio);
  if (demuxer.audio() == nullptr) unproven(stream.audio_file, "has no sound");
  const Rational base = media::from_av(demuxer.audio()->time_base);
  RenditionWriter out(stream, folder, kSoundFolder, *demuxer.audio()->codecpar, base, Rational(0));
  auto edge = [&](std::size_t i) { return Rational(stream.edges[i]) / stream.fps; };
  media::PacketPtr packet = media::make_packet();
  Time start(0), end(0);
  for (std::size_t next = 1; demuxer.read(*packet);) {
    require_going(stop);
    const Time middle = Rational(2 * packet->pts + packet->duration, 2) * base;
    if (next + 1 < stream.edges.size() && middle >= edge(next)) {
      if (end > start) {
        out.cut(start, end);
        start = end;
      }
      while (next + 1 < stream.edges.size() && middle >= edge(next)) ++next;
    }
    end = std::max(Time(0), Rational(packet->pts + packet->duration) * base);
    out.write(*packet);
    av_packet_unref(packet.get());
  }
  out.cut(start, end);
  return out.finish();
}

}  // namespace

std::vector<Rendition> write_hls(const HlsStream& stream, const std::string& folder,
                                 const std::stop_token& stop) {
  std::vector<Rendition> renditions;
  for (const HlsPicture& picture : stream.pictures) {
    renditions.push_back(PictureWriter(stream, picture, folder, stop).run());
  }
  if (!stream.audio_file.empty()) renditions.push_back(write_sound(stream, folder, stop));
  const int target = target_duration(renditions);
  for (const Rendition& r : renditions) {
    write_file(fmt::format("{}/{}/{}", folder, r.folder, kPlaylistFile), media_playlist(r, target));
  }
  return renditions;
}

}  // namespace avstage::run
