#include <fmt/format.h>

#include <cstdlib>
#include <fstream>

#include "render/bench.h"
#include "render/fault_cases.h"
#include "render/vendor.h"
#include "support/relay.h"

namespace avstage::test {
namespace {

using namespace std::chrono_literals;

const char* const kQuickClip = R"({ "version": 1, "canvas": { "size": "160x90", "fps": 25 },
  "heygen": { "api": "v2", "deadline": "20s" },
  "clips": [ { "id": "h", "avatar": { "id": "a", "voice": "v", "say": "hello" } } ],
  "outputs": [ { "path": "out.mp4", "preset": "ultrafast" } ] })";

/// What one layout may cost.
struct Budget {
  Index layout;
  const char* name;
  std::size_t requests;
};

class CleanClip : public Bench, public testing::WithParamInterface<Budget> {
 protected:
  /// Answers as a good server does, at once or in small steps.
  static void serve(const HttpRequest& r, Connection& c, const std::string& bytes, bool slowly) {
    if (!slowly) return serve_file(c, r, bytes);
    std::uint64_t from = 0, to = bytes.size();
    if (auto range = r.range()) {
      from = range->first;
      to = range->second.value_or(to);
      c.send(fmt::format("HTTP/1.1 206 Partial Content\r\nContent-Range: bytes {}-{}/{}\r\n", from, to - 1,
                         bytes.size()));
    } else {
      c.send("HTTP/1.1 200 OK\r\nAccept-Ranges: bytes\r\n");
    }
    c.send(fmt::format("Content-Length: {}\r\n\r\n", to - from));
    for (const std::uint64_t step = bytes.size() / 40; from < to; from += step) {
      if (!c.send(std::string_view(bytes).substr(from, std::min(step, to - from)))) return;
      c.sleep(5ms);
    }
  }
};

TEST_P(CleanClip, CostsFewRequestsAndNoByteTwice) {
  const std::string bytes = noisy_clip(8, GetParam().layout, 0);  // an index at the end is far away
  ASSERT_GT(bytes.size(), 1'000'000u);
  for (bool slowly : {false, true}) {
    Vendor::Script script;
    script.duration = 8;
    script.download = [&](int, const HttpRequest& r, Connection& c) { serve(r, c, bytes, slowly); };
    Vendor vendor(script);
    Settings s = settings(vendor.url());
    s.state_dir += slowly ? "slow" : "fast";
    s.cache_dir += slowly ? "slow" : "fast";
    s.overwrite = true;
    run(kQuickClip, s);
    std::size_t requests = 0;
    std::uint64_t asked = 0;
    for (const HttpRequest& r : vendor.requests()) {
      if (!r.target.starts_with("/clip")) continue;
      ++requests;
      auto range = r.range();
      asked += range ? range->second.value_or(bytes.size()) - range->first : bytes.size();
    }
    const double ratio = static_cast<double>(asked) / static_cast<double>(bytes.size());
    fmt::print("{}, {}: {} bytes, {} requests, {:.4f} x the bytes asked for\n", GetParam().name,
               slowly ? "slow" : "fast", bytes.size(), requests, ratio);
    EXPECT_LE(requests, GetParam().requests);
    EXPECT_LE(ratio, 1.05);
    EXPECT_EQ(decode_all(dir / "out.mp4").frames, 200);
  }
}

INSTANTIATE_TEST_SUITE_P(Layouts, CleanClip,
                         testing::Values(Budget{Index::first, "index first", 1},
                                         Budget{Index::last, "index last", 3},
                                         Budget{Index::fragmented, "fragmented", 2}),
                         [](const auto& one) {
                           std::string name = one.param.name;
                           std::replace(name.begin(), name.end(), ' ', '_');
                           return name;
                         });

/// A fragmented clip without a list of its fragments, over a connection that ends without a word.
class OnlyTheVendorsWord : public Bench {
 protected:
  std::pair<int, std::string> outcome(double duration, bool whole) {
    const std::string clip = counter_clip(3, Index::fragmented);
    std::size_t index = clip.find("mfra") - 4;
    std::size_t end = whole ? index : clip.rfind("moof") - 4;
    Vendor::Script script{.clip = clip.substr(0, end)};
    script.duration = duration;
    script.cdn.close_delimited = script.cdn.no_ranges = true;
    script.cdn_always = true;
    Vendor vendor(script);
    Settings s = settings(vendor.url());
    s.overwrite = true;
    try {
      run(kQuickClip, s);
    } catch (const Error& e) {
      return {e.exit_code(), e.message()};
    }
    return {0, ""};
  }
};

TEST_F(OnlyTheVendorsWord, ProvesTheEndWhenItFits) {
  EXPECT_EQ(outcome(3, true).first, 0);
}

TEST_F(OnlyTheVendorsWord, FindsACutBetweenTwoFragments) {
  auto [code, message] = outcome(3, false);
  EXPECT_EQ(code, 6);
  EXPECT_NE(message.find("the vendor said 3.000 s"), std::string::npos) << message;
}

class TrustedVendor : public Bench {
 protected:
  void SetUp() override {
    std::ofstream(bundle) << TlsServer::authority();
    for (const auto& [name, value] : environment) ::setenv(name, value, 1);
  }
  void TearDown() override {
    for (const auto& [name, value] : environment) ::unsetenv(name);
  }
  const std::vector<std::pair<const char*, const char*>> environment = {{"HEYGEN_API_KEY", "canary"},
                                                                        {"HEYGEN_ALLOW_HTTP", "1"}};
  std::string bundle = dir / "authority.pem";
};

TEST_F(TrustedVendor, AWrongCertificateBuysNothingAndLeavesNothingToSettle) {
  Vendor::Script script{.clip = counter_clip(1)};
  script.duration = 1;
  Vendor vendor(script);
  const std::string plain = vendor.url();
  TlsServer api({}, std::atoi(plain.substr(plain.rfind(':') + 1).c_str()));
  Settings s = settings();
  s.api_base = api.url("");
  std::string impatient = kQuickClip;
  impatient.replace(impatient.find("20s"), 3, "1s");
  auto [code, message] = fail(impatient, s);
  EXPECT_EQ(code, 4) << message;
  EXPECT_NE(message.find("SSL"), std::string::npos) << message;
  EXPECT_EQ(api.request_bytes(), 0u);
  EXPECT_EQ(vendor.creates(), 0);

  s.ca_bundle = bundle;  // v2 has no idempotency key: an intent that may have been sent would end in exit 9
  run(kQuickClip, s);
  EXPECT_EQ(vendor.charges(), 1);
  EXPECT_EQ(decode_all(dir / "out.mp4").frames, 25);
}

}  // namespace
}  // namespace avstage::test
