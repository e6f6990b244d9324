#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "media/demuxer.h"
#include "media/video_reader.h"
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
  /// A reader of its picture: one that stands ready, or a new one.
  std::unique_ptr<media::VideoReader> open_picture(int clip) const;
  /// Has a reader stand ready at the frame for `time`: where rendering will go on in the middle of a group of
  /// pictures, nobody waits for that to be decoded then. Error{interrupted}.
  void get_ready(int clip, Time time, Rational fps, const std::stop_token& stop);
  void drop_ready();  ///< closes those that nobody has opened
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
  mutable std::multimap<int, std::unique_ptr<media::VideoReader>> ready_;  ///< by clip
  std::vector<Source> purchases_;
  std::vector<std::shared_ptr<const plan::Cues>> captions_;
};

}  // namespace avstage::run
