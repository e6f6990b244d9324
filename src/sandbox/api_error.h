#pragma once

#include <string>

namespace avstage::sandbox {

/// A request the vendor would refuse; the dialect decides in which envelope it is said.
struct ApiError {
  int status;        ///< HTTP
  std::string code;  ///< v2 and v3: a word
  std::string message;
  std::string param = {};     ///< v3: the field at fault
  int number = 400175;        ///< v1: a number; this one is "invalid parameter"
  double retry_after = 0;     ///< seconds
  std::string envelope = {};  ///< E1 … E8; empty: that of the path's generation
};

}  // namespace avstage::sandbox
