#include <gmock/gmock.h>

#include <cstdio>

#include "support/cli_runner.h"
#include "support/media_fixtures.h"
#include "support/places.h"
#include "support/temp_dir.h"

namespace avstage::test {
namespace {

using testing::HasSubstr;

class Completion : public testing::Test {
 protected:
  std::string script(const std::string& shell) {
    CliResult r = CliProcess(avstage_binary(), {"completion", shell}, dir.path()).wait();
    EXPECT_EQ(r.exit_code, 0) << r.err;
    return r.out;
  }
  /// What bash offers for the last of `words`.
  std::string offered(const std::string& words) {
    write_bytes(dir / "try.sh",
                script("bash") + "COMP_WORDS=(avstage " + words +
                    ")\nCOMP_CWORD=$((${#COMP_WORDS[@]} - 1))\n_avstage\necho \"${COMPREPLY[*]}\"\n");
    return CliProcess("/bin/bash", {dir / "try.sh"}, dir.path()).wait().out;
  }
  TempDir dir;
};

TEST_F(Completion, BashOffersCommandsAndTheOptionsOfTheOneChosen) {
  EXPECT_EQ(offered("ren"), "render\n");
  EXPECT_THAT(offered("''"), HasSubstr("doctor"));
  EXPECT_EQ(offered("render job.json --over"), "--over --overwrite\n");
  EXPECT_EQ(offered("-v doctor --li"), "--live\n");
  EXPECT_EQ(offered("plan jo"), "\n") << "a file is the shell's own business";
}

TEST_F(Completion, EveryShellKnowsEveryCommandWithItsHelp) {
  for (const char* shell : {"zsh", "fish"}) {
    std::string text = script(shell);
    for (const char* word :
         {"render", "status", "doctor", "buy the avatar clips of a job", "accept-watermark"}) {
      EXPECT_THAT(text, HasSubstr(word)) << shell;
    }
  }
  EXPECT_THAT(script("fish"), HasSubstr("how a video at the vendor\\'s stands"));
  CliResult other = CliProcess(avstage_binary(), {"completion", "tcsh"}, dir.path()).wait();
  EXPECT_EQ(other.exit_code, 2);
}

}  // namespace
}  // namespace avstage::test
