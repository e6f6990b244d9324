#include "avstage/job.h"

#include <gtest/gtest.h>

namespace avstage {
namespace {

TEST(Marks, SayWhereSomethingStands) {
  EXPECT_EQ((Mark{"job.json", 12, 9, "/tracks/0"}).str(), "job.json:12:9 (/tracks/0)");
  EXPECT_EQ((Mark{"-", 1, 1, ""}).str(), "-:1:1");
  EXPECT_EQ((Mark{"--set name", 0, 0, ""}).str(), "--set name");
}

TEST(Colors, ArePrintedInHexadecimal) {
  EXPECT_EQ((Color{0, 10, 255, 255}).hex(), "#000aff");
  EXPECT_EQ((Color{1, 2, 3, 0}).hex(), "#010203");
}

}  // namespace
}  // namespace avstage
