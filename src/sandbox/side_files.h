#pragma once

#include <mutex>
#include <string>

#include "sandbox/store.h"

namespace avstage::sandbox {

/// What the vendor makes beside a video: its caption file (.srt, .ass), a picture of it (.jpeg) and a moving
/// one (.gif). Made when they are first asked for, from the finished clip. Any thread.
class SideFiles {
 public:
  /// The file of a completed video whose clip is `clip_file`; "" for an ending that it has none of.
  std::string file_of(const Video& video, const std::string& ending, const std::string& clip_file);

 private:
  std::mutex making_;
};

/// Its type in an answer.
std::string side_type(const std::string& ending);

/// The words of a video in phrases, timed by their length: the voices have no clock of their own.
std::string caption_text(const Video& video);

}  // namespace avstage::sandbox
