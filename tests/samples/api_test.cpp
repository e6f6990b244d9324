#include <gmock/gmock.h>

#include "samples/bench.h"

// The programs of samples/api are built as a user builds them, against an installed tree, and run against a
// sandbox.
namespace avstage::test {
namespace {

using testing::HasSubstr;

class Api : public SamplesBench {
 protected:
  void SetUp() override {
    const std::string build = std::filesystem::path(avstage_binary()).parent_path();
    expect_ok("cmake --install '" + build + "' --prefix installed");
  }

  std::string expect_ok(const std::string& command) {
    Said said = shell(
        "export CXX='" AVSTAGE_CXX "' CXXFLAGS='" AVSTAGE_SANITIZE_FLAGS "' LSAN_OPTIONS='suppressions=" +
        std::string(source_dir()) + "/tests/support/lsan.supp:print_suppressions=0'\n" + command);
    EXPECT_EQ(said.code, 0) << command << "\n" << said.out;
    return said.out;
  }

  /// Starts a sandbox, makes `body` with its URL as $base, ends it.
  std::string with_sandbox(const std::string& options, const std::string& body) {
    return expect_ok("installed/bin/avstage sandbox --folder vendor " + options +
                     " >base & trap 'kill %1' EXIT\n"
                     "until test -s base; do sleep 0.05; done; base=$(cat base)\n" +
                     body);
  }
};

const char* const kOrder = R"sh(
id=$(curl -sS -H 'X-Api-Key: k' -H 'Content-Type: application/json' $base/v2/video/generate -d '
  {"video_inputs":[{"character":{"type":"avatar","avatar_id":"a"},
                    "voice":{"type":"text","voice_id":"v","input_text":"Four words are said."}}],
   "dimension":{"width":160,"height":128}}' | sed 's/.*"video_id":"\([^"]*\)".*/\1/')
cat >fresh <<END
#!/bin/sh
curl -sS -H 'X-Api-Key: k' "$base/v1/video_status.get?video_id=$id" | sed -n 's/.*"video_url":"\([^"]*\)".*/\1/p'
END
chmod +x fresh
until url=$(./fresh) && test -n "$url"; do sleep 0.1; done
export HEYGEN_ALLOW_HTTP=1
)sh";

TEST_F(Api, CountsThePicturesOfAVideoWhoseUrlHasExpired) {
  expect_ok(
      "cmake -S samples/api -B api -DCMAKE_BUILD_TYPE=None -DCMAKE_PREFIX_PATH=\"$PWD/installed\" && "
      "cmake --build api --target count_frames");
  const std::string out = with_sandbox("--make-time 0.1 --url-ttl 1", std::string(kOrder) + R"sh(
until [ "$(curl -s -o /dev/null -w '%{http_code}' "$url")" = 403 ]; do sleep 0.2; done
api/count_frames "$url" ./fresh
cp vendor/clips/*.mp4 clip.mp4
ffprobe -v error -count_packets -select_streams v -show_entries stream=nb_read_packets -of csv=p=0 clip.mp4
api/count_frames "$url" 2>&1 || echo "exit $?"
)sh");
  int counted = 0, probed = 0;
  ASSERT_EQ(std::sscanf(out.c_str(), "%d pictures %d", &counted, &probed), 2) << out;
  EXPECT_GT(counted, 10);
  EXPECT_EQ(counted, probed);
  EXPECT_THAT(out, HasSubstr("answered HTTP 403"));
  EXPECT_THAT(out, HasSubstr("exit 6"));
  EXPECT_EQ(out.find("Signature="), std::string::npos) << out;
}

TEST_F(Api, RemuxesTheClipOfAJobAndBuysItOnce) {
  expect_ok(
      "export PKG_CONFIG_PATH=\"$PWD/installed/lib/pkgconfig\"\n"
      "$CXX -std=c++20 $CXXFLAGS samples/api/remux.cpp -o remux $(pkg-config --cflags --libs avstage)");
  const std::string out = with_sandbox("--make-time 0.1", R"sh(
echo '{ "version": 1, "clips": [ { "avatar": { "id": "a", "voice": "v", "say": "Hello.", "size": "160x128" } } ],
        "output": "o.mp4" }' >job.json
./remux job.json a.mkv "$base"
./remux job.json b.mkv "$base"
ls vendor/videos/*.json | wc -l
for f in a.mkv b.mkv vendor/clips/*.mp4; do ffmpeg -v error -i $f -map 0:v -c copy -f framehash - | grep -v '^#' | cut -d, -f 5- ; done |
  sort | uniq -c | awk '{ print $1 }' | sort -u | tr '\n' ' '
)sh");
  EXPECT_THAT(out, HasSubstr("bought "));
  EXPECT_EQ(out.find("bought "), out.rfind("bought ")) << out;
  EXPECT_THAT(out, HasSubstr("1\n3 ")) << "one video, and every packet of it in all three";
}

}  // namespace
}  // namespace avstage::test
