#pragma once

#include <memory>
#include <string>
#include <vector>

#include "support/media_fixtures.h"

namespace avstage::test {

/// Encodes and muxes for the fixtures: what the product's own encoder and muxer rightly do not offer (odd
/// GOPs, rotation, other codecs).
class MediaWriter {
 public:
  MediaWriter(const std::string& path, const VideoSpec& spec);
  ~MediaWriter();
  MediaWriter(const MediaWriter&) = delete;
  MediaWriter& operator=(const MediaWriter&) = delete;

  AVCodecContext* add_encoder(const std::string& name);
  /// Options the encoder does not have are ignored.
  void open_encoder(AVCodecContext* context, const media::Options& options);
  void begin();
  void encode(AVCodecContext* context, const AVFrame* frame);
  void finish();

 private:
  std::int64_t delay(const AVCodecContext& context) const;
  AVFormatContext* format_ = nullptr;
  std::vector<AVCodecContext*> encoders_;
  const VideoSpec& spec_;
  std::string path_;
};

/// One picture to a file of its own, in the format of its ending.
void write_image(const std::string& path, const AVFrame& rgba, bool alpha);

}  // namespace avstage::test
