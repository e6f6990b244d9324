#include <gtest/gtest.h>

#include "support/log_guard.h"

int main(int argc, char** argv) {
  testing::InitGoogleTest(&argc, argv);
  testing::UnitTest::GetInstance()->listeners().Append(new avstage::test::LogGuard);
  return RUN_ALL_TESTS();
}
