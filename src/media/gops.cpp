#include "media/gops.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <vector>

#include "base/stop.h"
#include "media/copy_syntax.h"
#include "media/demuxer.h"
#include "media/muxer.h"

namespace avstage::media {
namespace {

[[noreturn]] void fail(const std::string& path, const std::string& what) {
  throw Error(ErrorCode::proof, fmt::format("{}: {}", path, what), "copy");
}

}  // namespace

/// The picture packets of a file with their places on a grid.
class GridReader {
 public:
  GridReader(Demuxer demuxer, Rational fps, std::stop_token stop)
      : fps_(fps), stop_(std::move(stop)), demuxer_(std::move(demuxer)), packet_(make_packet()) {
    if (demuxer_.video() == nullptr) fail(demuxer_.name(), "has no picture");
    syntax_ = copy_syntax(stream().codecpar->codec_id);
    if (syntax_ == nullptr) fail(demuxer_.name(), "has pictures of a codec that is not copied");
    time_base_ = from_av(stream().time_base);
    start_ = stream().start_time == AV_NOPTS_VALUE ? 0 : stream().start_time;
    head_ = syntax_->read_head(*stream().codecpar);
  }

  bool next() {
    require_going(stop_);
    return demuxer_.read(*packet_);
  }
  void seek_before(std::int64_t frame, Time margin) {
    const Time time = std::max(Time(0), Rational(frame) / fps_ - margin);
    demuxer_.seek(stream(), start_ + (time / time_base_).floor());
  }

  const std::string& name() const { return demuxer_.name(); }
  Rational fps() const { return fps_; }
  const AVPacket& packet() const { return *packet_; }
  const AVStream& stream() const { return *demuxer_.video(); }
  const StreamHead& head() const { return head_; }
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

  PacketLook look() const { return syntax_->look_at(bytes_of(*packet_), head_); }
  bool starts_group() const { return look().starts_group; }
  std::string in_track() const { return syntax_->in_track(bytes_of(*packet_), head_); }

 private:
  Rational fps_, time_base_;
  std::stop_token stop_;
  Demuxer demuxer_;
  PacketPtr packet_;
  std::int64_t start_ = 0;
  const CopySyntax* syntax_ = nullptr;
  StreamHead head_;
};

namespace {

class Scan {
 public:
  explicit Scan(GridReader& reader) : reader_(reader) {}

  GopIndex run() {
    GopIndex index;
    index.why_not = reader_.head().why_not;
    if (!index.why_not.empty()) return index;
    index.codec = reader_.head().codec;
    index.sets = reader_.head().sets;
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
    const PacketLook look = reader_.look();
    why_not_ = look.why_not;
    if (look.starts_group) {
      close();
      whole_ = true;
    }
    const auto frame = reader_.frame();
    off_grid_ = off_grid_ || (!frame && !reader_.hidden());
    whole_ = whole_ && frame && look.picture;
    if (frame) frames_.push_back(*frame);
    bytes_ += packet.size;
  }

  /// The group is whole when its frames, in the order of showing, fill a stretch of the grid.
  void close() {
    if (!frames_.empty()) {
      const std::int64_t first = frames_.front();  // in decoding: the IDR picture
      std::int64_t delay = 0, last = 0;
      std::vector<int> cuts;
      for (std::int64_t k = 0; k < std::ssize(frames_); ++k) {
        const std::int64_t shown = frames_[static_cast<std::size_t>(k)] - first;
        delay = std::max(delay, k - shown);
        last = std::max(last, shown);
        if (last == k && k + 1 < std::ssize(frames_)) cuts.push_back(static_cast<int>(k + 1));
      }
      if (delay > reader_.head().reorder && whole_) why_not_ = "it reorders more frames than it states";
      std::sort(frames_.begin(), frames_.end());
      for (std::size_t k = 0; k < frames_.size(); ++k) {
        whole_ = whole_ && frames_[k] == first + static_cast<std::int64_t>(k);
      }
      groups_.push_back({{first, std::ssize(frames_), bytes_, std::move(cuts)}, frames_.back() + 1, whole_});
    }
    frames_.clear();
    bytes_ = 0;
    whole_ = false;
  }

  GridReader& reader_;
  std::string why_not_;
  std::vector<Group> groups_;
  std::vector<std::int64_t> frames_;
  std::int64_t bytes_ = 0;
  bool whole_ = false, off_grid_ = false;
};

CodecParametersPtr parameters_for(const GridReader& reader) {
  CodecParametersPtr p(avcodec_parameters_alloc());
  if (!p) throw std::bad_alloc();
  check(avcodec_parameters_copy(p.get(), reader.stream().codecpar), "stream parameters", "copy",
        ErrorCode::local);
  set_extradata(*p, reader.head().track);
  if (reader.head().intra.profile != nullptr) p->field_order = AV_FIELD_PROGRESSIVE;
  return p;
}

/// At the IDR picture of the frame.
bool advance_to(GridReader& reader, std::int64_t first) {
  while (reader.next()) {
    const auto frame = reader.frame();
    if (frame == first && reader.starts_group()) return true;
    if (frame && *frame > first && reader.starts_group()) return false;
  }
  return false;
}

}  // namespace

GopIndex scan_gops(const std::string& path, Rational fps, const std::stop_token& stop) {
  try {
    GridReader reader(Demuxer::open_file(path, Demuxer::Want::video), fps, stop);
    return Scan(reader).run();
  } catch (const Error& e) {
    if (e.name() != nal::kDamaged) throw;
    // Whether it is damaged, or of a kind that is not known here, its decoder tells.
    return {"", {}, "", e.message()};
  }
}

GopReader::GopReader(const std::string& source, Rational fps, const std::stop_token& stop)
    : reader_(std::make_unique<GridReader>(Demuxer::open_file(source, Demuxer::Want::video), fps, stop)) {}

GopReader::GopReader(GopReader&&) noexcept = default;
GopReader& GopReader::operator=(GopReader&&) noexcept = default;
GopReader::~GopReader() = default;

const std::string& GopReader::source() const {
  return reader_->name();
}

void GopReader::begin(std::int64_t first, std::int64_t frames) {
  first_ = first, frames_ = frames, done_ = 0;
  for (Time margin(0); margin < Time(60); margin = margin * Rational(4) + Rational(1)) {
    reader_->seek_before(first, margin);
    if (advance_to(*reader_, first)) return;
  }
  reader_->seek_before(0, Time(0));
  if (!advance_to(*reader_, first))
    fail(reader_->name(), fmt::format("frame {} is not where a group begins", first));
}

std::optional<GopReader::Picture> GopReader::next() {
  if (done_ == frames_) return std::nullopt;
  if (done_ > 0 && !reader_->next())
    fail(reader_->name(), fmt::format("ends {} frames early", frames_ - done_));
  const auto frame = reader_->frame();
  if (!frame || *frame < first_ || *frame >= first_ + frames_)
    fail(reader_->name(), fmt::format("packet {} behind frame {} is not one to copy", done_, first_));
  ++done_;
  return Picture{reader_->in_track(), *frame - first_, reader_->starts_group()};
}

void GopReader::copy(const std::string& target, std::int64_t first, std::int64_t frames) {
  begin(first, frames);
  Muxer muxer(target, own_format(reader_->stream().codecpar->codec_id));
  const Rational tick = Rational(1) / reader_->fps();
  const int stream = muxer.add_stream(*parameters_for(*reader_), tick, reader_->fps());
  const std::int64_t delay = reader_->head().reorder;
  muxer.write_header();
  std::int64_t k = 0;
  while (auto picture = next()) {
    PacketPtr packet = make_packet();
    check(av_new_packet(packet.get(), static_cast<int>(picture->bytes.size())), "cannot allocate", target,
          ErrorCode::local);
    std::memcpy(packet->data, picture->bytes.data(), picture->bytes.size());
    packet->pts = picture->frame;
    packet->dts = k++ - delay;
    packet->duration = 1;
    if (picture->key) packet->flags |= AV_PKT_FLAG_KEY;
    if (packet->dts > packet->pts) fail(reader_->name(), "reorders more frames than it states");
    muxer.write(*packet, stream, tick);
  }
  muxer.finish();
}

}  // namespace avstage::media
