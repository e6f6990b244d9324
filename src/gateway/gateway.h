#pragma once

#include <memory>
#include <string>
#include <vector>

#include "avstage/avstage.h"

namespace avstage::gateway {

struct Options {
  int port = 0;       ///< 0: any free one
  bool token = true;  ///< a secret of this run in every path, so that no other user of the machine gets in
};

/// A clip that can be asked for.
struct Link {
  std::string url;       ///< http://127.0.0.1:PORT/TOKEN/job/CLIP_KEY.mp4, or …/v/VIDEO_ID.mp4
  std::string clip;      ///< label in the job, else the title that the ledger keeps
  std::string video_id;  ///< "" until it is bought
  std::string state;     ///< the ledger's word; "given" for a video that the job names, "not bought"
};

/// Serves clips at URLs that do not expire, on loopback only: Range and HEAD, the true length and type. An
/// answer waits while its clip is being made and flows while it arrives. Nothing is ever bought: it knows
/// what the ledger knows, and the clips of `jobs` once somebody has bought them. A fault of the download is
/// healed behind it; where that fails, the connection is reset before the length it promised. The last byte
/// is therefore held back until the clip is proven. All members may be called by any thread.
class Gateway {
 public:
  /// Listens before it returns. Error{usage} for jobs that name different accounts, Error{local} when the
  /// port is taken.
  static std::unique_ptr<Gateway> start(const Settings& settings, const std::vector<Job>& jobs,
                                        const Options& options);
  virtual ~Gateway() = default;              ///< ends every answer that is under way
  virtual std::string base_url() const = 0;  ///< with the token, without a slash at the end
  /// What can be asked for now: the jobs' clips first, in their order, then what else the ledger knows.
  virtual std::vector<Link> links() const = 0;
};

}  // namespace avstage::gateway
