#include "base/cores.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <string>
#include <thread>

#include "support/temp_dir.h"

namespace avstage {
namespace {

class Cores : public testing::Test {
 protected:
  void limit(const std::string& group, const std::string& quota) {
    std::filesystem::create_directories(dir / group);
    std::ofstream(dir / (group + "/cpu.max")) << quota << '\n';
  }
  /// Of a process in `group`.
  std::size_t usable(const std::string& group) {
    std::ofstream(dir / "groups") << "1:name=systemd:/other\n0::" << group << '\n';
    return usable_cores(dir / "groups", dir / "");
  }

  const std::size_t all_ = std::max(1u, std::thread::hardware_concurrency());
  test::TempDir dir;
};

TEST_F(Cores, WithoutAQuotaAllAreUsable) {
  EXPECT_EQ(usable("/job"), all_);
  limit("job", "max 100000");
  EXPECT_EQ(usable("/job"), all_);
  EXPECT_EQ(usable_cores(dir / "no such file", dir / ""), all_);
}

TEST_F(Cores, AQuotaIsRoundedUp) {
  limit("job", "150000 100000");
  EXPECT_EQ(usable("/job"), std::min<std::size_t>(all_, 2));
  limit("job", "20000 100000");
  EXPECT_EQ(usable("/job"), 1U);
  limit("job", "6400000 100000");
  EXPECT_EQ(usable("/job"), all_);
}

TEST_F(Cores, AGroupHasNoMoreThanThoseItIsIn) {
  limit("pod", "50000 100000");
  limit("pod/job", "max 100000");
  EXPECT_EQ(usable("/pod/job"), 1U);
  EXPECT_EQ(usable("/other"), all_);
  limit(".", "100000 100000");
  EXPECT_EQ(usable("/other"), 1U) << "a container sees its own limit at the root";
  EXPECT_EQ(usable("/"), 1U);
}

TEST_F(Cores, WhatIsNoQuotaLimitsNothing) {
  for (const char* nonsense : {"", "max", "-5 100000", "0 0", "many 100000"}) {
    limit("job", nonsense);
    EXPECT_EQ(usable("/job"), all_) << nonsense;
  }
}

}  // namespace
}  // namespace avstage
