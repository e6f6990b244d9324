#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "media/demuxer.h"
#include "net/http_stream.h"
#include "plan/captions.h"
#include "plan/plan.h"

namespace avstage::run {

/// Opens the medium of a clip wherever it is: a local file, an archived clip, or one that is still arriving.
/// Any thread.
class MediaAccess {
 public:
  explicit MediaAccess(const plan::Plan& plan);

  void set_file(int purchase, const std::string& path);
  void set_stream(int purchase, std::shared_ptr<net::HttpStream> stream);
  media::Demuxer open(int clip, media::Demuxer::Want want) const;
  /// The words of a purchase, once they are known.
  void set_captions(int purchase, plan::Cues cues);
  std::shared_ptr<const plan::Cues> captions(int purchase) const;
  /// Where the bytes of a purchase are; neither path nor stream: not there yet.
  struct Source {
    std::string path;
    std::shared_ptr<net::HttpStream> stream;
  };
  Source source(int purchase) const;
  /// True while bytes of this purchase may still be missing.
  bool arriving(int purchase) const;

 private:
  const plan::Plan& plan_;
  mutable std::mutex mutex_;
  std::vector<Source> purchases_;
  std::vector<std::shared_ptr<const plan::Cues>> captions_;
};

}  // namespace avstage::run
