#pragma once

#include "media/av.h"

namespace avstage::media {

/// One decoder. VP8/VP9 with alpha is opened with libvpx, which keeps it. One thread at a time (the codec
/// may use `threads` of its own; 0 = libav's choice).
class Decoder {
 public:
  Decoder(const AVStream& stream, const std::string& name, int threads = 0);
  ~Decoder();
  Decoder(Decoder&&) noexcept;
  Decoder& operator=(Decoder&&) noexcept;

  /// Feeds a packet, or the end with nullptr. Error{input} on damaged data.
  void send(const AVPacket* packet);
  /// The next frame, with `pts` set to its best-effort timestamp; nullptr: it needs more input, or the end
  /// has been reached (then drained() is true).
  FramePtr receive();
  bool drained() const { return drained_; }
  void flush();  ///< after a seek
  /// True: packets sent from now on only bring the decoder to where it goes on; pictures that no other needs
  /// do not come out, the others not as they should look.
  void pass_over(bool yes);

 private:
  AVCodecContext* context_ = nullptr;
  std::string name_;
  bool drained_ = false;
};

}  // namespace avstage::media
