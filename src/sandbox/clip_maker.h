#pragma once

#include <stop_token>
#include <string>
#include <vector>

#include "sandbox/clip_spec.h"

namespace avstage::sandbox {

/// A clip the vendor would fail too, such as one that is too long.
struct ClipFailure {
  int code;
  std::string message, detail;
};

/// Makes the clip `path` (complete or absent): mp4 with H.264 and AAC, or WebM with VP9 and Opus, the
/// figure's mouth in frame n following the sound of [n/fps, (n+1)/fps). Returns where each scene ends, in
/// frames. Throws ClipFailure, Error{local} on disk trouble and Error{interrupted} when `stop` is requested.
std::vector<std::int64_t> make_clip(const ClipSpec& spec, const std::string& path, Index index,
                                    const std::stop_token& stop);

}  // namespace avstage::sandbox
