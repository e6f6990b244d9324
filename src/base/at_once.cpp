#include "base/at_once.h"

#include <algorithm>
#include <atomic>
#include <future>
#include <vector>

#include "base/cores.h"

namespace avstage {

void at_once(std::size_t count, std::size_t most, const std::function<void(std::size_t)>& work) {
  std::atomic<std::size_t> next = 0;
  auto take_turns = [&] {
    try {
      for (std::size_t i; (i = next++) < count;) work(i);
    } catch (...) {
      next = count;
      throw;
    }
  };
  std::vector<std::future<void>> others;
  for (std::size_t i = 1; i < std::min({count, most, usable_cores()}); ++i)
    others.push_back(std::async(std::launch::async, take_turns));
  take_turns();
  for (std::future<void>& other : others) other.get();
}

}  // namespace avstage
