#pragma once

#include <cstddef>
#include <functional>

namespace avstage {

/// Calls work(0) to work(count - 1), as many at once as there are cores but at most `most`, one of them on
/// the caller's thread; returns when all have ended. After an error no further one is begun, and the error is
/// thrown.
void at_once(std::size_t count, std::size_t most, const std::function<void(std::size_t)>& work);

}  // namespace avstage
