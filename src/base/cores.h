#pragma once

#include <cstddef>
#include <string>

namespace avstage {

/// Processors that this process may use at once, at least 1: those it may run on (sched_setaffinity), and no
/// more than the quota of its control groups leaves it, rounded up (`cpu.max`, version 2): a container with
/// two processors of 64 has two. Any thread. The paths are for tests.
std::size_t usable_cores(const std::string& groups = "/proc/self/cgroup",
                         const std::string& root = "/sys/fs/cgroup");

}  // namespace avstage
