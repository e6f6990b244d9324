#include "base/secrets.h"

#include <gtest/gtest.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include <cstdlib>
#include <cstring>

#include "base/log.h"

namespace avstage::secrets {
namespace {

TEST(Secrets, AreTakenOutOfTheEnvironmentAndKept) {
  ::setenv("AVSTAGE_TEST_SECRET", "a-test-secret\r\n", 1);
  const char* in_place = ::getenv("AVSTAGE_TEST_SECRET");
  EXPECT_EQ(take_from_environment("AVSTAGE_TEST_SECRET"), "a-test-secret");
  EXPECT_EQ(std::string(in_place, 15), std::string(15, '\0'))
      << "every byte is overwritten, not the first alone";
  EXPECT_EQ(take_from_environment("AVSTAGE_TEST_SECRET"), "a-test-secret");
  EXPECT_EQ(log::redact("a-test-secret"), "***");
  ::unsetenv("AVSTAGE_TEST_SECRET");
  EXPECT_EQ(take_from_environment("AVSTAGE_TEST_SECRET"), std::nullopt);
}

TEST(Secrets, TheirProcessCannotBeDumped) {
  close_memory();
  rlimit core{};
  ::getrlimit(RLIMIT_CORE, &core);
  EXPECT_EQ(::prctl(PR_GET_DUMPABLE), 0);
  EXPECT_EQ(core.rlim_max, 0U);
}

TEST(Redact, SignaturesAreLeftOutHoweverTheyStand) {
  for (const char* text : {R"({"url":"https:\/\/h\/a?Expires=1&Signature=canary\u0026x=1"})",
                           "&Signature=canary", "/a.mp4?x=1&X-Amz-Signature=canary&y",
                           "http://user:canary@h/a", "X-Amz-Credential=canary", "u%3FSignature%3Dcanary"}) {
    EXPECT_EQ(log::redact(text).find("canary"), std::string::npos) << log::redact(text);
  }
  EXPECT_EQ(log::redact("a@b: c, http://h/a@b"), "a@b: c, http://h/a@b");
}

}  // namespace
}  // namespace avstage::secrets
