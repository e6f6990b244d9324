#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/stat.h>

#include <fstream>

#include "base/log.h"
#include "heygen/provider.h"
#include "support/log_guard.h"
#include "support/temp_dir.h"

namespace avstage {
namespace {

using testing::HasSubstr;

class Credentials : public testing::Test {
 protected:
  void SetUp() override {
    for (const char* name : names) ::unsetenv(name);
    ::setenv("HEYGEN_CONFIG_DIR", dir_.path().c_str(), 1);
  }
  void TearDown() override {
    for (const char* name : names) ::unsetenv(name);
  }

  void write(const std::string& text, mode_t mode = 0600) {
    std::ofstream(dir_ / "credentials") << text;
    ::chmod((dir_ / "credentials").c_str(), mode);
  }

  template <typename Work>
  std::string usage_error(Work work) {
    try {
      work();
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::usage);
      return error.message();
    }
    ADD_FAILURE() << "nothing was thrown";
    return "";
  }

  static constexpr std::array names{"HEYGEN_API_KEY", "HEYGEN_CONFIG_DIR", "HEYGEN_API_BASE",
                                    "HEYGEN_ALLOW_HTTP"};
  test::TempDir dir_;
};

TEST_F(Credentials, NoKeyIsNoError) {
  EXPECT_EQ(heygen::load_api_key(), std::nullopt);
}

TEST_F(Credentials, TheEnvironmentComesFirstAndIsWipedInPlace) {
  write("file-key");
  ::setenv("HEYGEN_API_KEY", "environment-key\n", 1);
  EXPECT_EQ(heygen::load_api_key(), "environment-key");
  EXPECT_STREQ(::getenv("HEYGEN_API_KEY"), "");
  EXPECT_EQ(heygen::load_api_key(), "environment-key");
  EXPECT_EQ(log::redact("a environment-key b"), "a *** b");
  ::setenv("HEYGEN_API_KEY", "rotated-key", 1);
  EXPECT_EQ(heygen::load_api_key(), "rotated-key");
}

TEST_F(Credentials, TheFileHoldsJsonOrTheBareKey) {
  write("bare-file-key\r\n");
  EXPECT_EQ(heygen::load_api_key(), "bare-file-key");
  write(R"({"api_key":"json-file-key","user":{"x":1}})");
  EXPECT_EQ(heygen::load_api_key(), "json-file-key");
  EXPECT_EQ(log::redact("json-file-key"), "***");
}

TEST_F(Credentials, TheDefaultFolderIsInTheHome) {
  ::unsetenv("HEYGEN_CONFIG_DIR");
  std::string home = ::getenv("HOME") == nullptr ? "" : ::getenv("HOME");
  ::mkdir((dir_ / ".heygen").c_str(), 0700);
  std::ofstream(dir_ / ".heygen/credentials") << "home-file-key";
  ::chmod((dir_ / ".heygen/credentials").c_str(), 0600);
  ::setenv("HOME", dir_.path().c_str(), 1);
  EXPECT_EQ(heygen::load_api_key(), "home-file-key");
  ::setenv("HOME", home.c_str(), 1);
}

TEST_F(Credentials, AFileThatOthersCanReadIsRefused) {
  for (mode_t mode : {0640, 0604, 0660, 0644}) {
    write("file-key", mode);
    EXPECT_THAT(usage_error(heygen::load_api_key),
                testing::AllOf(HasSubstr("chmod 600"), HasSubstr("credentials")));
  }
}

TEST_F(Credentials, AKeyThatCannotStandInAHeaderIsRefusedUnseen) {
  for (const char* key : {"two words", "line\nbreak", "\x01", "schl\xc3\xbcssel"}) {
    ::setenv("HEYGEN_API_KEY", key, 1);
    std::string message = usage_error(heygen::load_api_key);
    EXPECT_THAT(message, testing::Not(HasSubstr(key)));
    EXPECT_THAT(message, HasSubstr("HEYGEN_API_KEY"));
  }
  ::unsetenv("HEYGEN_API_KEY");
  write("{ torn");
  EXPECT_THAT(usage_error(heygen::load_api_key), HasSubstr("not valid JSON"));
}

TEST_F(Credentials, AnotherKindOfLoginIsNoKeyButIsMentioned) {
  write(R"({"oauth":{"token":"secret-token"}})");
  EXPECT_EQ(heygen::load_api_key(), std::nullopt);
  EXPECT_THAT(test::logged_lines(), testing::ElementsAre(HasSubstr("no \"api_key\"")));
}

TEST_F(Credentials, TheApiBaseIsTheGivenOrTheEnvironmentsOrTheVendors) {
  EXPECT_EQ(heygen::resolve_api_base(""), "https://api.heygen.com");
  ::setenv("HEYGEN_API_BASE", "https://proxy.example:8443/heygen//", 1);
  EXPECT_EQ(heygen::resolve_api_base(""), "https://proxy.example:8443/heygen");
  EXPECT_EQ(heygen::resolve_api_base("https://[::1]:9/"), "https://[::1]:9");
}

TEST_F(Credentials, PlainHttpNeedsConsent) {
  EXPECT_THAT(usage_error([] { heygen::resolve_api_base("http://127.0.0.1:8080"); }),
              HasSubstr("HEYGEN_ALLOW_HTTP=1"));
  ::setenv("HEYGEN_ALLOW_HTTP", "true", 1);
  EXPECT_FALSE(heygen::allow_http());
  ::setenv("HEYGEN_ALLOW_HTTP", "1", 1);
  EXPECT_TRUE(heygen::allow_http());
  EXPECT_EQ(heygen::resolve_api_base("http://127.0.0.1:8080/"), "http://127.0.0.1:8080");
}

TEST_F(Credentials, AnApiBaseThatIsNoneIsRefused) {
  ::setenv("HEYGEN_ALLOW_HTTP", "1", 1);
  for (const char* base : {"api.heygen.com", "ftp://x", "file:///etc", "https://", "https:///x",
                           "https://:80", "https://user:pass@x", "https://x?y", "https://x#y", "https://x y",
                           "https://x\r\nHost: y", "HTTPS", "://x"}) {
    EXPECT_THAT(usage_error([&] { heygen::resolve_api_base(base); }),
                testing::AllOf(HasSubstr("allowed: https://host"), testing::Not(HasSubstr("pass"))))
        << base;
  }
}

}  // namespace
}  // namespace avstage
