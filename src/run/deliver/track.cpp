#include "run/deliver/track.h"

#include <algorithm>

#include "base/mezzanine.h"
#include "media/copy_syntax.h"
#include "media/h264.h"
#include "media/mpeg2.h"
#include "run/deliver/unproven.h"

namespace avstage::run {
namespace {

using media::Demuxer;

std::string all_sets(const std::vector<Piece>& pieces) {
  std::vector<media::h264::ParameterSets> all;
  for (const Piece& piece : pieces) {
    Demuxer demuxer = Demuxer::open_own(piece.file, Demuxer::Want::video);
    all.push_back(media::h264::read_sets(media::extradata_of(*demuxer.video()->codecpar)));
  }
  return media::h264::to_avcc(media::h264::merge(all));
}

std::string common_sets(const std::vector<Piece>& pieces) {
  std::string common;
  for (const Piece& piece : pieces) {
    Demuxer demuxer = Demuxer::open_own(piece.file, Demuxer::Want::video);
    const std::string sets = media::track_sets(*demuxer.video()->codecpar);
    if (common.empty()) common = sets;
    if (sets != common) unproven(piece.file, "its parameter sets differ from the first segment's", "copy");
  }
  return common;
}

/// MPEG-2 carries them in the stream, in front of each group.
void require_common_headers(const std::vector<Piece>& pieces) {
  std::string common;
  media::PacketPtr packet = media::make_packet();
  for (const Piece& piece : pieces) {
    Demuxer demuxer = Demuxer::open_own(piece.file, Demuxer::Want::video);
    if (!demuxer.read(*packet)) unproven(piece.file, "is empty");
    const auto sequence = media::mpeg2::read_sequence(media::bytes_of(*packet));
    if (!sequence) unproven(piece.file, "does not begin with a sequence header");
    if (common.empty()) common = sequence->headers;
    if (sequence->headers != common)
      unproven(piece.file, "its sequence header differs from the first segment's", "copy");
  }
}

}  // namespace

bool holds_copies(const std::vector<Piece>& pieces) {
  return std::any_of(pieces.begin(), pieces.end(),
                     [](const Piece& piece) { return piece.copied_from.has_value(); });
}

media::CodecParametersPtr copy_parameters(const AVStream& stream) {
  media::CodecParametersPtr p(avcodec_parameters_alloc());
  media::check(avcodec_parameters_copy(p.get(), stream.codecpar), "cannot copy parameters", "segment",
               ErrorCode::local);
  return p;
}

void set_key(AVPacket& packet, AVStream* segment, std::int64_t k) {
  const AVIndexEntry* entry = avformat_index_get_entry(segment, static_cast<int>(k));
  const bool key = entry != nullptr && (entry->flags & AVINDEX_KEYFRAME) != 0;
  packet.flags = key ? packet.flags | AV_PKT_FLAG_KEY : packet.flags & ~AV_PKT_FLAG_KEY;
}

media::CodecParametersPtr track_parameters(const std::vector<Piece>& pieces, const std::string& codec) {
  const std::string& file = pieces.front().file;
  // What a track of an editing codec says, libav knows only after a look at its pictures.
  Demuxer first = mezzanine(codec) ? Demuxer::open_file(file, Demuxer::Want::video)
                                   : Demuxer::open_own(file, Demuxer::Want::video);
  media::CodecParametersPtr parameters = copy_parameters(*first.video());
  if (codec == kXdcam) {
    require_common_headers(pieces);
    media::set_extradata(*parameters, "");
  }
  if (!holds_copies(pieces)) return parameters;
  if (!mezzanine(codec))
    media::set_extradata(*parameters, codec == "h264" ? all_sets(pieces) : common_sets(pieces));
  parameters->color_primaries = AVCOL_PRI_BT709;
  parameters->color_trc = AVCOL_TRC_BT709;
  parameters->color_space = AVCOL_SPC_BT709;
  parameters->color_range = AVCOL_RANGE_MPEG;
  return parameters;
}

}  // namespace avstage::run
