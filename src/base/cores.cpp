#include "base/cores.h"

#include <algorithm>
#include <cmath>
#include <fstream>
#include <optional>
#include <thread>

namespace avstage {
namespace {

/// Of a file "200000 100000": microseconds in a period of so many. "max": no limit.
std::optional<double> quota(const std::string& file) {
  double most = 0, period = 0;
  if (!(std::ifstream(file) >> most >> period) || most <= 0 || period <= 0) return std::nullopt;
  return most / period;
}

/// The path of the process' group in the hierarchy of version 2.
std::string group_of(const std::string& groups) {
  std::ifstream file(groups);
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with("0::/")) return line.substr(3);
  }
  return "/";
}

}  // namespace

std::size_t usable_cores(const std::string& groups, const std::string& root) {
  double cores = std::max(1u, std::thread::hardware_concurrency());
  for (std::string group = group_of(groups);;) {  // a group has no more than those it is in
    if (auto most = quota(root + group + "/cpu.max")) cores = std::min(cores, *most);
    if (group.empty()) break;
    group.resize(group.rfind('/'));
  }
  return static_cast<std::size_t>(std::max(1.0, std::ceil(cores)));
}

}  // namespace avstage
