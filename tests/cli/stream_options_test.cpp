#include <gtest/gtest.h>

#include "support/cli_runner.h"
#include "support/media_fixtures.h"
#include "support/places.h"
#include "support/temp_dir.h"

namespace avstage::test {
namespace {

/// An avatar clip and nothing else, with one more option.
class StreamOptions : public testing::Test {
 protected:
  CliResult render_with(const std::string& option, const std::string& value) {
    write_bytes(dir / "job.json", R"({ "version": 1, "canvas": { "size": "160x128", "fps": 25 },
      "clips": [ { "id": "h", "avatar": { "id": "a", "voice": "v", "say": "Hello.", "size": "160x128" } } ],
      "output": "out.mp4" })");
    return CliProcess(avstage_binary(), {"render", dir / "job.json", "--sandbox", option, value}, dir.path())
        .wait();
  }
  TempDir dir;
};

TEST_F(StreamOptions, AClipBeyondTheLimitIsExitSixNamingTheLimit) {
  CliResult r = render_with("--max-clip-bytes", "2kB");
  EXPECT_EQ(r.exit_code, 6) << r.err;
  EXPECT_NE(r.err.find("more than the 2000 that --max-clip-bytes allows"), std::string::npos) << r.err;
  EXPECT_EQ(render_with("--max-clip-bytes", "many").exit_code, 2);
  EXPECT_EQ(render_with("--max-clip-bytes", "-5").exit_code, 2) << "and not a limit that nothing reaches";
}

TEST_F(StreamOptions, ACaBundleThatIsNoneIsExitTwoBeforeAnythingIsBought) {
  CliResult r = render_with("--ca-bundle", dir / "missing.pem");
  EXPECT_EQ(r.exit_code, 2) << r.err;
  EXPECT_NE(r.err.find("missing.pem: the CA bundle cannot be read"), std::string::npos) << r.err;
  EXPECT_EQ(r.err.find("submitted"), std::string::npos) << r.err;
}

}  // namespace
}  // namespace avstage::test
