#pragma once

#include <cstdint>
#include <optional>
#include <stop_token>

#include "media/decoder.h"
#include "media/deinterlacer.h"
#include "media/demuxer.h"

namespace avstage::media {

/// Pictures of a medium by time. Source time 0 is the first shown frame, so edit lists and non-zero starts
/// do not shift anything. Interlaced media come out deinterlaced, a picture the same from wherever it was
/// sought. One thread.
class VideoReader {
 public:
  /// `threads`: of the decoder; 0: one for every two cores, four at most. `stop` ends the way to a frame,
  /// which may be long: Error{interrupted}.
  explicit VideoReader(Demuxer demuxer, int threads = 0, std::stop_token stop = {});

  /// The frame that is shown at `time` on a grid of `fps`: the last one whose time is less than half a grid
  /// step after `time` (round to near, as FFmpeg's fps filter does; a frame just half a step after belongs to
  /// the next). Before the first frame: the first; after the last: the last. Times that rise are decoded
  /// onwards; an earlier time, or one far ahead of the decoder, seeks to the key frame before it. The pointer
  /// is valid until the next call; pts is the frame's own. Error{input} on damaged data; std errors of the
  /// ByteSource pass through. After an error the next call begins at the medium's start.
  const AVFrame* frame_at(Time time, Rational fps);

  const MediaFacts& facts() const { return demuxer_.facts(); }
  /// Frames decoded so far, for progress.
  std::int64_t decoded() const { return decoded_; }
  /// Another number when frame_at() has given another frame than at the call before.
  std::int64_t shown() const { return shown_; }
  /// True once a call had to hold the last frame because the medium ended before `time`; by how much is
  /// time − end.
  bool past_end() const { return past_end_; }

 private:
  const AVFrame* find_frame(Time time, Rational fps);
  void begin_again();
  void show(FramePtr frame);
  FramePtr decode();
  FramePtr decoded_frame();
  void seek_to(std::int64_t pts);
  void feed();
  bool skip_after_seek(const AVPacket& packet);
  bool is_raw() const;
  void start_decoding();
  const AVFrame* advance_to(Time time, Rational fps);
  void restart_at(std::int64_t pts);
  bool worth_seeking(std::int64_t limit) const;
  bool ends_before(Time time) const;
  std::int64_t limit_pts(Time time, Rational fps) const;
  std::int64_t ticks(Time time) const;

  Demuxer demuxer_;
  Decoder decoder_;
  AVStream* stream_;
  Rational time_base_;
  PacketPtr packet_;
  int threads_;
  std::stop_token stop_;
  std::optional<Deinterlacer> deinterlacer_;
  bool deinterlaced_all_ = false;  // the deinterlacer has been told the end
  FramePtr current_, next_;        // shown, and the one after it
  std::int64_t first_pts_;
  std::int64_t previous_pts_ = AV_NOPTS_VALUE;  // of the last decoded frame
  std::int64_t key_pts_ = AV_NOPTS_VALUE;       // of the key frame sought to
  enum class Seek { done, wants_key, drops_leading } seek_ = Seek::done;
  bool from_start_ = true;  // what is decoded hangs together from the medium's start on
  bool seekable_ = true;    // false: a seek has led to a place where decoding could not begin
  bool at_first_ = true;    // current_ is the medium's first frame
  std::int64_t decoded_ = 0, shown_ = 0;
  bool past_end_ = false;
  bool broken_ = false;  // the last call did not come to its end
};

}  // namespace avstage::media
