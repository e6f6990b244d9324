#pragma once

#include <gtest/gtest.h>

#include "avstage/error.h"

namespace avstage::test {

/// Runs `call` and returns the Error it throws; any other outcome fails the test.
template <typename Call>
Error error_of(Call call) {
  try {
    call();
  } catch (const Error& e) {
    return e;
  }
  return Error(ErrorCode::bug, "nothing was thrown");
}

}  // namespace avstage::test
