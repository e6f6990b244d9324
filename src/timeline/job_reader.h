#pragma once

#include <map>
#include <string>
#include <string_view>

#include "avstage/job.h"

namespace avstage {

struct ReadOptions {
  std::map<std::string, std::string> set;  ///< values of the job's variables: --set name=value
};

/// The job that `text` describes, checked as far as that is possible without looking at any media.
/// `file_name` is for messages and marks; relative paths of media and outputs become relative to `base_dir`.
/// Error{usage} "file:line:column (JSON pointer): found …; allowed: …" at the first thing that is wrong.
Job read_job(std::string_view text, const std::string& file_name, const std::string& base_dir,
             const ReadOptions& options = {});

}  // namespace avstage
