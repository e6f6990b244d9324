#include "media/gops.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>
#include <vector>

#include "base/stop.h"
#include "media/demuxer.h"
#include "media/h264.h"
#include "media/muxer.h"

namespace avstage::media {
namespace {

[[noreturn]] void fail(const std::string& path, const std::string& what) {
  throw Error(ErrorCode::proof, fmt::format("{}: {}", path, what), "copy");
}

std::string_view bytes_of(const AVPacket& packet) {
  return {reinterpret_cast<const char*>(packet.data), static_cast<std::size_t>(packet.size)};
}

/// The picture packets of a file with their places on a grid.
class GridReader {
 public:
  GridReader(const std::string& path, Rational fps, std::stop_token stop)
      : fps_(fps),
        stop_(std::move(stop)),
        demuxer_(Demuxer::open_file(path, Demuxer::Want::video)),
        packet_(make_packet()) {
    if (demuxer_.video() == nullptr) fail(path, "has no picture");
    time_base_ = from_av(stream().time_base);
    start_ = stream().start_time == AV_NOPTS_VALUE ? 0 : stream().start_time;
    sets_ = h264::read_sets(extradata_of(*stream().codecpar), &length_size_);
  }

  bool next() {
    require_going(stop_);
    return demuxer_.read(*packet_);
  }
  void seek_before(std::int64_t frame, Time margin) {
    const Time time = std::max(Time(0), Rational(frame) / fps_ - margin);
    demuxer_.seek(stream(), start_ + (time / time_base_).floor());
  }

  const AVPacket& packet() const { return *packet_; }
  const AVStream& stream() const { return *demuxer_.video(); }
  const MediaFacts& facts() const { return demuxer_.facts(); }
  const h264::ParameterSets& sets() const { return sets_; }
  h264::LengthSize length_size() const { return length_size_; }
  bool hidden() const { return (packet_->flags & AV_PKT_FLAG_DISCARD) != 0; }

  /// nullopt: the packet is not shown at a step of the grid. A quarter of a step is left to containers that
  /// round to their clock.
  std::optional<std::int64_t> frame() const {
    if (packet_->pts == AV_NOPTS_VALUE || hidden()) return std::nullopt;
    const Rational exact = Rational(packet_->pts - start_) * time_base_ * fps_;
    const std::int64_t near = exact.round();
    const Rational off = exact - Rational(near);
    return off <= Rational(1, 4) && -off <= Rational(1, 4) ? std::optional(near) : std::nullopt;
  }

  bool is_idr() const {
    int first_slice = 0;
    h264::for_each_nal(bytes_of(*packet_), length_size_, [&](std::string_view nal) {
      const int type = h264::type_of(nal);
      if (first_slice == 0 && type >= 1 && type <= h264::kSliceIdr) first_slice = type;
    });
    return first_slice == h264::kSliceIdr;
  }

 private:
  Rational fps_, time_base_;
  std::stop_token stop_;
  Demuxer demuxer_;
  PacketPtr packet_;
  std::int64_t start_ = 0;
  h264::ParameterSets sets_;
  h264::LengthSize length_size_ = 0;
};

std::string why_not_sets(const h264::ParameterSets& sets, const VideoFacts& facts) {
  if (sets.sps.size() != 1 || sets.pps.empty()) {
    return fmt::format("it has {} parameter sets outside its pictures, one is needed", sets.sps.size());
  }
  const h264::Sps s = h264::parse_sps(sets.sps.front());
  if (s.profile != 66 && s.profile != 77 && s.profile != 100) {
    return fmt::format("its profile is number {}, only Baseline, Main and High are copied", s.profile);
  }
  if (!s.frames_only) return "it may be interlaced";
  if (!s.eight_bit_420) return "it is not 8-bit 4:2:0";
  if (s.width != facts.width || s.height != facts.height) {
    return fmt::format("its stream says {}x{}, its container {}x{}", s.width, s.height, facts.width,
                       facts.height);
  }
  if (s.sar_width != s.sar_height) return "its pixels are not square";
  auto bt709 = [](int value) { return value == 1 || value == 2; };
  if (s.full_range) return "its colours are full range";
  if (!bt709(s.matrix) || !bt709(s.primaries) || !bt709(s.transfer)) return "its colours are not BT.709";
  if (s.chroma_location != 0) return "its chroma does not lie left";
  if (s.level < 10) return "its level is 1b";
  if (s.dpb > 16 || s.reorder > s.dpb) return "the reordering it states is impossible";
  return "";
}

/// What a copy would carry into the film although it is not the picture's, or what it would lack.
std::string why_not_nal(std::string_view nal, const h264::ParameterSets& sets) {
  auto known = [&](const std::vector<std::string>& list) {
    return std::any_of(list.begin(), list.end(), [&](const std::string& s) {
      std::string_view stripped = nal;
      while (stripped.size() > s.size() && stripped.back() == 0) stripped.remove_suffix(1);
      return stripped == s;
    });
  };
  const int type = h264::type_of(nal);
  switch (type) {
    case 1:
    case h264::kSliceIdr:
    case 9:   // delimiter
    case 10:  // end of a sequence
    case 12:  // filler
      return "";
    case h264::kSei:
      for (int payload : h264::sei_types(nal)) {
        constexpr std::array harmless = {0, 1, 2, 3, 5, 6};
        if (std::find(harmless.begin(), harmless.end(), payload) == harmless.end()) {
          return fmt::format("it carries more than its picture, such as captions (SEI {})", payload);
        }
      }
      return "";
    case h264::kSps:
      return known(sets.sps) ? "" : "its parameter sets change on the way";
    case h264::kPps:
      return known(sets.pps) ? "" : "its parameter sets change on the way";
    default:
      return fmt::format("it has units of type {}", type);
  }
}

class Scan {
 public:
  explicit Scan(GridReader& reader) : reader_(reader) {}

  GopIndex run() {
    GopIndex index;
    index.why_not = why_not_sets(reader_.sets(), *reader_.facts().video);
    if (!index.why_not.empty()) return index;
    index.sets = h264::to_avcc(reader_.sets());
    reorder_ = h264::parse_sps(reader_.sets().sps.front()).reorder;
    while (reader_.next() && why_not_.empty()) take();
    close();
    index.why_not = why_not_;
    if (!why_not_.empty()) return index;
    for (std::size_t i = 0; i < groups_.size(); ++i) {
      const bool apart = (i == 0 || groups_[i - 1].end <= groups_[i].gop.first) &&
                         (i + 1 == groups_.size() || groups_[i].end <= groups_[i + 1].gop.first);
      if (groups_[i].whole && apart) index.gops.push_back(groups_[i].gop);
    }
    if (index.gops.empty())
      index.why_not =
          off_grid_ ? "its frames are not on the canvas' grid" : "it has no closed group of pictures";
    return index;
  }

 private:
  struct Group {
    Gop gop;
    std::int64_t end = 0;
    bool whole = false;
  };

  void take() {
    const AVPacket& packet = reader_.packet();
    if (packet.pts == AV_NOPTS_VALUE) {
      why_not_ = "its frames carry no times";
      return;
    }
    if (av_packet_get_side_data(&packet, AV_PKT_DATA_NEW_EXTRADATA, nullptr) != nullptr) {
      why_not_ = "its parameter sets change on the way";
      return;
    }
    bool slices = false;
    h264::for_each_nal(bytes_of(packet), reader_.length_size(), [&](std::string_view nal) {
      const int type = h264::type_of(nal);
      slices = slices || type == 1 || type == h264::kSliceIdr;
      if (why_not_.empty()) why_not_ = why_not_nal(nal, reader_.sets());
    });
    if (reader_.is_idr()) {
      close();
      whole_ = true;
    }
    const auto frame = reader_.frame();
    off_grid_ = off_grid_ || (!frame && !reader_.hidden());
    whole_ = whole_ && frame && slices;
    if (frame) frames_.push_back(*frame);
    bytes_ += packet.size;
  }

  /// The group is whole when its frames, in the order of showing, fill a stretch of the grid.
  void close() {
    if (!frames_.empty()) {
      const std::int64_t first = frames_.front();  // in decoding: the IDR picture
      std::int64_t delay = 0;
      for (std::size_t k = 0; k < frames_.size(); ++k) {
        delay = std::max(delay, static_cast<std::int64_t>(k) - (frames_[k] - first));
      }
      if (delay > reorder_ && whole_) why_not_ = "it reorders more frames than it states";
      std::sort(frames_.begin(), frames_.end());
      for (std::size_t k = 0; k < frames_.size(); ++k) {
        whole_ = whole_ && frames_[k] == first + static_cast<std::int64_t>(k);
      }
      groups_.push_back({{first, std::ssize(frames_), bytes_}, frames_.back() + 1, whole_});
    }
    frames_.clear();
    bytes_ = 0;
    whole_ = false;
  }

  GridReader& reader_;
  int reorder_ = 0;
  std::string why_not_;
  std::vector<Group> groups_;
  std::vector<std::int64_t> frames_;
  std::int64_t bytes_ = 0;
  bool whole_ = false, off_grid_ = false;
};

/// The packets of a stretch, as they stand in a track with 4-byte lengths.
class Stretch {
 public:
  Stretch(const std::string& path, std::int64_t first, std::int64_t frames, Rational fps,
          const std::stop_token& stop)
      : path_(path), first_(first), frames_(frames), reader_(path, fps, stop) {}

  /// At the IDR picture of the first frame.
  void find_start() {
    for (Time margin(0); margin < Time(60); margin = margin * Rational(4) + Rational(1)) {
      reader_.seek_before(first_, margin);
      if (advance_to_start()) return;
    }
    reader_.seek_before(0, Time(0));
    if (!advance_to_start()) fail(path_, fmt::format("frame {} is not where a group begins", first_));
  }

  /// The next packet's bytes and frame (from 0); nullopt behind the last.
  std::optional<std::pair<std::string, std::int64_t>> next() {
    if (done_ == frames_) return std::nullopt;
    if (done_ > 0 && !reader_.next()) fail(path_, fmt::format("ends {} frames early", frames_ - done_));
    const auto frame = reader_.frame();
    if (!frame || *frame < first_ || *frame >= first_ + frames_) {
      fail(path_, fmt::format("packet {} behind frame {} is not one to copy", done_, first_));
    }
    ++done_;
    const std::string_view packet = bytes_of(reader_.packet());
    const int framed = reader_.length_size();
    return std::pair(framed == 4 ? std::string(packet) : h264::with_lengths(packet, framed), *frame - first_);
  }

  const GridReader& reader() const { return reader_; }

 private:
  bool advance_to_start() {
    while (reader_.next()) {
      const auto frame = reader_.frame();
      if (frame == first_ && reader_.is_idr()) return true;
      if (frame && *frame > first_ && reader_.is_idr()) return false;
    }
    return false;
  }

  const std::string& path_;
  std::int64_t first_, frames_, done_ = 0;
  GridReader reader_;
};

CodecParametersPtr parameters_for(const GridReader& reader) {
  CodecParametersPtr p(avcodec_parameters_alloc());
  if (!p) throw std::bad_alloc();
  check(avcodec_parameters_copy(p.get(), reader.stream().codecpar), "stream parameters", "copy",
        ErrorCode::local);
  p->codec_tag = 0;
  set_extradata(*p, h264::to_avcc(reader.sets()));
  return p;
}

void write_copy(const std::string& source, const std::string& target, std::int64_t first, std::int64_t frames,
                Rational fps, const std::stop_token& stop) {
  Stretch stretch(source, first, frames, fps, stop);
  stretch.find_start();
  Muxer muxer(target, "mp4");
  const Rational tick = Rational(1) / fps;
  const int stream = muxer.add_stream(*parameters_for(stretch.reader()), tick, fps);
  const std::int64_t delay = h264::parse_sps(stretch.reader().sets().sps.front()).reorder;
  muxer.write_header();
  std::int64_t k = 0;
  while (auto next = stretch.next()) {
    PacketPtr packet = make_packet();
    check(av_new_packet(packet.get(), static_cast<int>(next->first.size())), "cannot allocate", target,
          ErrorCode::local);
    std::copy(next->first.begin(), next->first.end(), packet->data);
    packet->pts = next->second;
    packet->dts = k++ - delay;
    packet->duration = 1;
    if (stretch.reader().is_idr()) packet->flags |= AV_PKT_FLAG_KEY;
    if (packet->dts > packet->pts) fail(source, "reorders more frames than it states");
    muxer.write(*packet, stream, tick);
  }
  muxer.finish();
}

void compare(const std::string& source, const std::string& target, std::int64_t first, std::int64_t frames,
             Rational fps, const std::stop_token& stop) {
  Stretch stretch(source, first, frames, fps, stop);
  stretch.find_start();
  GridReader copy(target, fps, stop);
  while (auto next = stretch.next()) {
    if (!copy.next()) fail(target, "has fewer packets than were copied");
    if (copy.frame() != next->second || bytes_of(copy.packet()) != next->first) {
      fail(target, fmt::format("frame {} is not the source's", next->second));
    }
  }
  if (copy.next()) fail(target, "has more packets than were copied");
}

}  // namespace

GopIndex scan_gops(const std::string& path, Rational fps, const std::stop_token& stop) {
  GridReader reader(path, fps, stop);
  return Scan(reader).run();
}

void copy_gops(const std::string& source, const std::string& target, std::int64_t first, std::int64_t frames,
               Rational fps, const std::stop_token& stop) {
  write_copy(source, target, first, frames, fps, stop);
  compare(source, target, first, frames, fps, stop);
}

}  // namespace avstage::media
