#pragma once

#include <string>

#include "media/av.h"

namespace avstage::media {

/// One track as fragmented mp4 in memory, for HLS: an initialisation segment, then one fragment after the
/// other. What stands before time 0 (an encoder's priming, the reordering of pictures) is hidden by an edit
/// list in the initialisation segment. Errors are Error{local} with `name`. One thread.
class FragmentMuxer {
 public:
  FragmentMuxer(const std::string& name, const AVCodecParameters& parameters, Rational time_base,
                Rational fps = Rational(0), const Options& metadata = {});
  ~FragmentMuxer();
  FragmentMuxer(const FragmentMuxer&) = delete;
  FragmentMuxer& operator=(const FragmentMuxer&) = delete;

  /// Takes the packet's content. DTS must rise; the first one is where the edit list ends.
  void write(AVPacket& packet, Rational time_base);
  /// What was written since the last call, at least one packet.
  std::string take_fragment();
  /// After the first take_fragment().
  const std::string& init() const { return init_; }

 private:
  struct Closer {
    void operator()(AVFormatContext* context) const;
  };
  std::string flush();

  std::string name_, init_;
  std::unique_ptr<AVFormatContext, Closer> context_;
};

/// What the CODECS attribute of a playlist calls this: "avc1.64001f", "mp4a.40.2". Error{bug} for others.
std::string playlist_codec(const AVCodecParameters& parameters);

}  // namespace avstage::media
