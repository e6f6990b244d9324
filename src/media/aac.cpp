#include "media/aac.h"

#include <fmt/format.h>

#include <utility>

#include "media/demuxer.h"

namespace avstage::media {
namespace {

constexpr int kAacRate = 48000;

/// AudioSpecificConfig (ISO/IEC 14496-3, 1.6.2.1): LC, 48 kHz, two channels, frames of 1024, without SBR.
bool is_plain_stereo(const AVCodecParameters& codec) {
  if (codec.codec_id != AV_CODEC_ID_AAC || codec.sample_rate != kAacRate || codec.ch_layout.nb_channels != 2)
    return false;
  if (codec.profile != FF_PROFILE_AAC_LOW && codec.profile != FF_PROFILE_UNKNOWN) return false;
  const std::uint8_t* config = codec.extradata;
  if (codec.extradata_size < 2 || config[0] != 0x11 || config[1] != 0x90) return false;
  const bool has_extension = codec.extradata_size >= 5;  // the sync word, 5 for SBR, then whether it is there
  return !has_extension || (config[4] & 0x80) == 0;
}

/// Source time 0 in samples of the container's clock, as AudioReader has it.
Rational zero_of(const MediaFacts& facts) {
  return (facts.video ? facts.video->start : facts.audio->start) * Rational(kAacRate);
}

}  // namespace

std::optional<int> common_windows(const AVPacket& frame) {
  constexpr int kChannelPair = 1;
  if (frame.size < 2) return std::nullopt;
  // id_syn_ele 3, element_instance_tag 4, common_window 1; ics_info: reserved 1, sequence 2, shape 1
  const int element = frame.data[0] >> 5;
  const bool common = (frame.data[0] & 1) != 0;
  if (element != kChannelPair || !common) return std::nullopt;
  return (frame.data[1] >> 4) & 7;
}

std::optional<AacIndex> index_aac(const std::string& path) {
  const Demuxer demuxer = Demuxer::open_file(path, Demuxer::Want::audio);
  AVStream* stream = demuxer.audio();
  const MediaFacts& facts = demuxer.facts();
  if (stream == nullptr || !facts.audio || !facts.format.starts_with("mov,")) return std::nullopt;
  if (!is_plain_stereo(*stream->codecpar) || from_av(stream->time_base) != Rational(1, kAacRate))
    return std::nullopt;
  const int count = avformat_index_get_entries_count(stream);
  if (count == 0 || stream->nb_frames <= 0)
    return std::nullopt;  // the latter: fragments, of which not all are known
  const Rational zero = zero_of(facts);
  if (zero.den != 1) return std::nullopt;
  AacIndex index;
  const std::int64_t begin = avformat_index_get_entry(stream, 0)->timestamp;
  index.start = begin - zero.num;
  index.bytes.reserve(static_cast<std::size_t>(count));
  for (int i = 0; i < count; ++i) {
    const AVIndexEntry& entry = *avformat_index_get_entry(stream, i);
    if (entry.timestamp != begin + i * kAacFrame) return std::nullopt;
    index.bytes.push_back(entry.size);
    if ((entry.flags & AVINDEX_DISCARD_FRAME) != 0) continue;
    if (index.shown == 0) index.first = i;
    if (i != index.first + index.shown) return std::nullopt;
    ++index.shown;
  }
  return index;
}

std::vector<PacketPtr> read_aac(const std::string& path, const AacIndex& index, std::int64_t first,
                                std::int64_t count) {
  Demuxer demuxer = Demuxer::open_file(path, Demuxer::Want::audio);
  AVStream* stream = demuxer.audio();
  const MediaFacts& facts = demuxer.facts();
  std::vector<PacketPtr> packets;
  auto gone = [&] {
    return Error(ErrorCode::input, fmt::format("{}: frame {} of its sound is not where the index had it",
                                               path, first + std::ssize(packets)));
  };
  if (stream == nullptr || !facts.audio) throw gone();
  const std::int64_t zero = zero_of(facts).num;
  demuxer.seek(*stream, index.sample(first) + zero);
  PacketPtr packet = make_packet();
  while (std::ssize(packets) < count) {
    if (!demuxer.read(*packet)) throw gone();
    const std::int64_t at = first + std::ssize(packets), expected = index.sample(at) + zero;
    if (packet->pts < expected) continue;
    if (packet->pts != expected || packet->size != index.bytes.at(static_cast<std::size_t>(at))) throw gone();
    av_packet_free_side_data(packet.get());
    packet->flags = AV_PKT_FLAG_KEY;
    packet->duration = kAacFrame;
    packets.push_back(std::exchange(packet, make_packet()));
  }
  return packets;
}

}  // namespace avstage::media
