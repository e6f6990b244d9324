#include "base/log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/log_guard.h"

namespace avstage::log {
namespace {

using testing::ElementsAre;

TEST(Redact, QueriesOfAddressesAreLeftOut) {
  EXPECT_EQ(redact("GET https://h/a.mp4?Signature=abc&x=1 failed"), "GET https://h/a.mp4?… failed");
  EXPECT_EQ(redact("\"http://h/a?k=1\", 'https://h/b?k=2'"), "\"http://h/a?…\", 'https://h/b?…'");
  EXPECT_EQ(redact("https://h/a?k=1"), "https://h/a?…");
  EXPECT_EQ(redact("https://h/a?k=http://x/y?z"), "https://h/a?…");
  EXPECT_EQ(redact("what? no address?x=1"), "what? no address?x=1");
  EXPECT_EQ(redact("https://h/plain"), "https://h/plain");
  EXPECT_EQ(redact("://"), "://");
  EXPECT_EQ(redact(""), "");
}

TEST(Redact, RegisteredSecretsAreStarsWhereverTheyStand) {
  add_secret("sk-V3ryS3cret");
  EXPECT_EQ(redact("key sk-V3ryS3cret, again sk-V3ryS3cretsk-V3ryS3cret"), "key ***, again ******");
  EXPECT_EQ(redact("https://h/sk-V3ryS3cret/x?y"), "https://h/***/x?…");
}

TEST(Redact, AnEmptyOrTinySecretDoesNotBlankOutOrdinaryText) {
  add_secret("");
  add_secret("abc");
  EXPECT_EQ(redact("abc def"), "abc def");
}

TEST(Log, LinesBelowTheLevelAreDroppedAndSecretsNeverReachTheSink) {
  add_secret("t0psecret");
  set_level(Level::info);
  info("x={} t0psecret", 1);
  debug("not shown");
  set_level(Level::warning);
  info("not shown");
  warning("https://h/?q");
  EXPECT_THAT(test::logged_lines(), ElementsAre("x=1 ***", "https://h/?…"));
}

TEST(Log, AnExpectedErrorLineIsFine) {
  test::expect_error_log("disk on fire");
  error("{} on fire", "disk");
  EXPECT_THAT(test::logged_lines(), ElementsAre("disk on fire"));
}

}  // namespace
}  // namespace avstage::log
