#include <fmt/format.h>

#include <algorithm>

#include "media/container_layout.h"
#include "media/demuxer.h"
#include "media/facts.h"
#include "media/image.h"

namespace avstage::media {
namespace {

struct Found {
  std::int64_t packets = 0;
  std::int64_t shown = 0;  // less what an edit list hides
  std::optional<std::int64_t> start, end;
  std::optional<std::int64_t> next_dts;  // behind the last packet
};

bool is_fragmented(const MediaFacts& facts, const AVStream* stream) {
  return facts.format.starts_with("mov,") && stream->nb_frames <= 0;
}

/// How large a hole FFmpeg's own muxer may leave behind a stream's very first packet, and only there: it
/// writes that one at 0 and moves all others out of negative time, by as much as the other stream begins
/// earlier. A picture does so by its reordering, a sound by its encoder's priming: AAC's is one frame.
Time moved_by(const Demuxer& demuxer, bool is_video) {
  const AVStream* other = is_video ? demuxer.audio() : demuxer.video();
  if (other == nullptr) return Time(0);
  const AVCodecParameters& codec = *other->codecpar;
  if (!is_video) {
    const Rational fps = demuxer.facts().video ? demuxer.facts().video->fps : Rational(0);
    return fps > Rational(0) ? Time(codec.video_delay) / fps : Time(0);
  }
  const int priming = codec.initial_padding > 0 ? codec.initial_padding : codec.frame_size;
  return codec.sample_rate > 0 ? Time(priming, codec.sample_rate) : Time(0);
}

/// A fragmented mp4 counts nothing, but each fragment begins where the one before it ends.
void require_no_hole(Found& found, const AVPacket& packet, const AVStream& stream, Time moved,
                     const std::string& name) {
  if (packet.dts == AV_NOPTS_VALUE || packet.duration <= 0) return;
  std::int64_t expected = found.next_dts.value_or(packet.dts);
  const Rational base = from_av(stream.time_base);
  const std::int64_t hole = packet.dts - expected;
  const bool is_moved = found.packets == 1 && Time(hole - 1) * base <= moved;
  if (!is_moved && hole >= std::max<std::int64_t>(2, packet.duration - 1)) {
    throw Error(ErrorCode::input,
                fmt::format("{}: a fragment is missing: nothing between {:.3f} and {:.3f} s", name,
                            (Time(expected) * base).to_double(), (Time(packet.dts) * base).to_double()),
                "incomplete");
  }
  found.next_dts = packet.dts + packet.duration;
}

void count(Found& found, const AVPacket& packet) {
  ++found.packets;
  if ((packet.flags & AV_PKT_FLAG_DISCARD) != 0) return;
  ++found.shown;
  if (packet.pts == AV_NOPTS_VALUE) return;
  found.start = std::min(found.start.value_or(packet.pts), packet.pts);
  found.end = std::max(found.end.value_or(packet.pts), packet.pts + packet.duration);
}

std::optional<Time> length(const Found& found, const AVStream& stream, Time start) {
  if (!found.end) return std::nullopt;
  Time end = Time(*found.end) * from_av(stream.time_base);
  return end > start ? std::optional(end - start) : std::nullopt;
}

void require_promised(const MediaFacts& facts, AVStream* stream, const Found& found, const char* kind,
                      const std::string& name) {
  if (stream == nullptr) return;
  if (found.packets == 0) {
    throw Error(ErrorCode::input, fmt::format("{}: no {} samples", name, kind), "incomplete");
  }
  // Only mp4 promises a count; a fragmented one has none in its header.
  if (!facts.format.starts_with("mov,") || is_fragmented(facts, stream)) return;
  std::int64_t promised = avformat_index_get_entries_count(stream);
  if (found.packets != promised) {
    throw Error(ErrorCode::input, fmt::format("{}: {} of {} {} samples", name, found.packets, promised, kind),
                "incomplete");
  }
}

void take_video(VideoFacts& v, const Found& found, const AVStream& stream) {
  v.frames = found.shown;
  if (auto d = length(found, stream, v.start)) {
    v.duration = d;
  } else if (v.fps.num > 0) {
    v.duration = Time(found.shown) / v.fps;
  }
  v.duration = exact_duration(v);
}

/// The facts as the packets show them.
MediaFacts read_all(Demuxer& demuxer) {
  MediaFacts facts = demuxer.facts();
  Found video, audio;
  const Time video_moved = moved_by(demuxer, true), audio_moved = moved_by(demuxer, false);
  PacketPtr packet = make_packet();
  while (demuxer.read(*packet)) {
    bool is_video = demuxer.video() != nullptr && packet->stream_index == demuxer.video()->index;
    Found& found = is_video ? video : audio;
    const AVStream* stream = is_video ? demuxer.video() : demuxer.audio();
    if (is_fragmented(facts, stream)) {
      require_no_hole(found, *packet, *stream, is_video ? video_moved : audio_moved, demuxer.name());
    }
    count(found, *packet);
  }
  require_promised(facts, demuxer.video(), video, "video", demuxer.name());
  require_promised(facts, demuxer.audio(), audio, "audio", demuxer.name());
  if (facts.image) return facts;
  if (facts.video) take_video(*facts.video, video, *demuxer.video());
  if (facts.audio && !facts.audio->duration) {
    facts.audio->duration = length(audio, *demuxer.audio(), facts.audio->start);
  }
  facts.available = available(facts);
  return facts;
}

/// A camera writes down in the picture how it was held: the decoder tells.
MediaFacts still_facts(const Demuxer& demuxer) {
  MediaFacts facts = demuxer.facts();
  if (facts.video && facts.video->codec == "mjpeg")
    set_orientation(*facts.video, orientation_of(*read_image(demuxer.name())));
  return facts;
}

}  // namespace

MediaFacts probe_file(const std::string& path) {
  Demuxer demuxer = Demuxer::open_file(path);
  if (demuxer.facts().image) return still_facts(demuxer);
  return demuxer.facts().available ? demuxer.facts() : read_all(demuxer);
}

MediaFacts probe(std::unique_ptr<ByteSource> source, const std::string& name) {
  return Demuxer::open(std::move(source), name).facts();
}

bool marks_its_end(std::unique_ptr<ByteSource> source, const std::string& name) {
  return require_whole_container(*source, name);
}

MediaFacts prove_complete(std::unique_ptr<ByteSource> source, const std::string& name) {
  require_whole_container(*source, name);
  source->seek(0);
  Demuxer demuxer = Demuxer::open(std::move(source), name);
  return read_all(demuxer);
}

}  // namespace avstage::media
