#include "run/commands/doctor.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <regex>
#include <set>

#include "base/atomic_file.h"
#include "media/inventory.h"
#include "support/places.h"

namespace avstage::test {
namespace {

/// The names of libavfilter's filters in the code that adds them to graphs.
std::set<std::string> filters_in_the_code() {
  namespace fs = std::filesystem;
  std::set<std::string> out;
  const std::regex add(R"re(\badd\(\s*"([a-z]+)")re");
  std::vector<fs::path> files;
  for (const auto& file : fs::directory_iterator(fs::path(source_dir()) / "filters"))
    files.push_back(file.path());
  for (const char* file : {"run/compose/compositor.cpp", "run/compose/filter_chain.cpp",
                           "run/segment_renderer.cpp", "media/text_image.cpp", "media/deinterlacer.cpp"}) {
    files.push_back(fs::path(source_dir()) / "src" / file);
  }
  for (const fs::path& file : files) {
    if (!fs::is_regular_file(file)) continue;
    const std::string text = read_file(file.string());
    for (std::sregex_iterator at(text.begin(), text.end(), add), end; at != end; ++at) out.insert((*at)[1]);
  }
  return out;
}

TEST(Doctor, KnowsEveryFilterThatTheCodeUses) {
  std::set<std::string> used = filters_in_the_code();
  EXPECT_GT(used.size(), 20U);
  auto known = run::needed_filters();
  for (const std::string& name : used) {
    EXPECT_TRUE(std::find(known.begin(), known.end(), name) != known.end()) << name;
  }
}

TEST(Doctor, SeesWhatIsNotInstalled) {
  const char* const names[] = {"chromakey", "no_such_filter"};
  EXPECT_EQ(media::missing(media::Part::filter, names), std::vector<std::string>{"no_such_filter"});
  const char* const codecs[] = {"libx264", "libvpx-vp9", "no_such_codec"};
  EXPECT_EQ(media::missing(media::Part::decoder, codecs),
            (std::vector<std::string>{"libx264", "no_such_codec"}));
}

}  // namespace
}  // namespace avstage::test
