#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <regex>
#include <string>
#include <vector>

#include "support/places.h"
#include "support/temp_dir.h"

// The floors of the architecture, read from every #include of src/ and filters/.
namespace avstage {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using Words = std::vector<std::string>;

/// A folder and what its files may include: whole folders ("base/") or single headers ("filters/filter.h").
struct Floor {
  std::string folder;
  Words may_include;
};
const Floor floors[] = {
    {"avstage", {"avstage/"}},
    {"base", {"avstage/", "base/"}},
    {"timeline", {"avstage/", "base/", "timeline/"}},
    {"filters", {"avstage/", "base/", "filters/"}},
    {"plan", {"avstage/", "base/", "timeline/", "filters/filter.h", "plan/"}},
    {"net", {"avstage/", "base/", "net/"}},
    {"media", {"avstage/", "base/", "media/"}},
    {"ledger", {"avstage/", "base/", "ledger/"}},
    {"heygen", {"avstage/", "base/", "net/", "heygen/"}},
    {"run",
     {"avstage/", "base/", "timeline/", "filters/", "plan/", "net/", "media/", "ledger/", "heygen/", "run/"}},
    {"run/clips", {"avstage/", "base/", "plan/", "net/", "media/", "ledger/", "heygen/", "run/clips/"}},
    {"run/compose",
     {"avstage/", "base/", "filters/", "plan/", "media/", "run/clips/media_access.h", "run/compose/"}},
    {"gateway",
     {"avstage/", "base/", "timeline/", "filters/", "plan/", "net/", "media/", "ledger/", "heygen/", "run/",
      "gateway/"}},
    {"sandbox",
     {"avstage/", "base/", "timeline/", "filters/", "plan/", "net/", "media/", "ledger/", "heygen/",
      "sandbox/"}},
    {"cli", {"avstage/", "base/", "cli/", "gateway/gateway.h", "sandbox/sandbox.h"}},
};

/// A library's headers and the only folders that see them. An empty list: everyone.
struct Library {
  std::string header;  ///< regular expression
  Words folders;
};
const Library libraries[] = {
    {"fmt/.*", {}},
    {"(sys|netinet|arpa|linux)/.*", {}},
    {"curl/.*", {"net"}},
    {"lib(av|sw|postproc)[a-z]*/.*", {"media"}},
    {"sqlite3.*", {"ledger"}},
    {"openssl/.*", {"base", "sandbox"}},
    {"httplib\\.h", {"sandbox"}},
    {"nlohmann/.*", {"timeline", "heygen", "sandbox", "run", "cli"}},
    {"CLI/.*", {"cli"}},
    {"[a-z0-9_]+(\\.h)?", {}},  // the standard library and the operating system
};

std::string joined(const Words& words) {
  std::string out;
  for (const std::string& word : words) out += (out.empty() ? "" : ", ") + word;
  return out;
}

bool contains(const Words& words, const std::string& word) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

/// What is wrong with `#include <header>` in a file of `folder`; "" when nothing is.
std::string wrong_library(const std::string& folder, const std::string& header) {
  for (const Library& library : libraries) {
    if (!std::regex_match(header, std::regex(library.header))) continue;
    if (library.folders.empty() || contains(library.folders, folder.substr(0, folder.find('/')))) return "";
    return "only " + joined(library.folders) + " may include <" + header + ">";
  }
  return "no floor may include <" + header + ">";
}

std::string wrong_own(const Floor& floor, const std::string& header) {
  for (const std::string& allowed : floor.may_include) {
    if (allowed.ends_with('/') ? header.starts_with(allowed) : header == allowed) return "";
  }
  return floor.folder + " may not include \"" + header + "\", only " + joined(floor.may_include);
}

std::string wrong_line(const Floor& floor, const std::string& line) {
  static const std::regex directive("\\s*#\\s*include\\b.*"),
      form("\\s*#\\s*include\\s*([<\"])([^>\"]+)[>\"].*");
  if (!std::regex_match(line, directive)) return "";
  std::smatch match;
  if (!std::regex_match(line, match, form)) return "an include that this test cannot read";
  std::string header = match[2];
  if (header.find("..") != std::string::npos) return "\"" + header + "\" leads out of the folder";
  return match[1] == "<" ? wrong_library(floor.folder, header) : wrong_own(floor, header);
}

/// The folder whose rules hold for a file: "plan" for src/plan/x.cpp, "run/clips" for what lies there,
/// "avstage" for the public headers.
std::string folder_of(const fs::path& relative) {
  auto part = relative.begin();
  if (*part == "filters") return "filters";
  ++part;
  if (*part == "include") return "avstage";
  const std::string folder = part->string(), below = folder + "/" + std::next(part)->string();
  return std::any_of(std::begin(floors), std::end(floors), [&](const Floor& f) { return f.folder == below; })
             ? below
             : folder;
}

void check_file(const fs::path& root, const fs::path& file, Words& out) {
  fs::path relative = fs::relative(file, root);
  std::string folder = folder_of(relative);
  auto floor =
      std::find_if(std::begin(floors), std::end(floors), [&](const Floor& f) { return f.folder == folder; });
  if (floor == std::end(floors)) {
    out.push_back(relative.string() + ":1: the folder " + folder + " stands on no floor");
    return;
  }
  std::ifstream lines(file);
  int number = 0;
  for (std::string line; std::getline(lines, line);) {
    ++number;
    std::string wrong = wrong_line(*floor, line);
    if (!wrong.empty()) out.push_back(relative.string() + ":" + std::to_string(number) + ": " + wrong);
  }
}

struct Findings {
  std::size_t files = 0;
  Words violations;  ///< "file:line: what is wrong", sorted
};

Findings check_tree(const fs::path& root) {
  Findings out;
  for (const char* top : {"src", "filters"}) {
    if (!fs::exists(root / top)) continue;
    for (const auto& entry : fs::recursive_directory_iterator(root / top)) {
      std::string ending = entry.path().extension().string();
      if (!entry.is_regular_file() || !contains({".h", ".hpp", ".cpp", ".cc", ".c", ".inc"}, ending))
        continue;
      ++out.files;
      check_file(root, entry.path(), out.violations);
    }
  }
  std::sort(out.violations.begin(), out.violations.end());
  return out;
}

TEST(Layers, EveryIncludeStaysOnItsFloor) {
  Findings found = check_tree(test::source_dir());
  EXPECT_GT(found.files, 50u);
  for (const std::string& violation : found.violations) ADD_FAILURE() << violation;
}

class PlantedViolations : public testing::Test {
 protected:
  Words check(const std::string& file, const std::string& content) {
    fs::create_directories(fs::path(dir / file).parent_path());
    std::ofstream(dir / file) << content;
    Words violations = check_tree(dir.path()).violations;
    fs::remove(dir / file);
    return violations;
  }
  test::TempDir dir;
};

TEST_F(PlantedViolations, AreReportedWithFileAndLine) {
  EXPECT_THAT(
      check("src/plan/x.cpp", "#include <vector>\n\n#include \"media/av.h\"\n"),
      ElementsAre("src/plan/x.cpp:3: plan may not include \"media/av.h\", only avstage/, base/, timeline/, "
                  "filters/filter.h, plan/"));
  EXPECT_THAT(check("src/run/deep/x.h", "  #  include <curl/curl.h>  // why\n"),
              ElementsAre("src/run/deep/x.h:1: only net may include <curl/curl.h>"));
}

TEST_F(PlantedViolations, OfEveryRuleAreSeen) {
  struct {
    const char* file;
    const char* include;
  } const cases[] = {
      {"src/include/avstage/x.h", "\"base/log.h\""},
      {"src/base/x.h", "\"timeline/job_reader.h\""},
      {"src/base/x.h", "<nlohmann/json.hpp>"},
      {"src/timeline/x.cpp", "\"filters/filter.h\""},
      {"src/timeline/x.cpp", "\"../media/av.h\""},
      {"src/timeline/x.cpp", "\"x.h\""},
      {"filters/x.cpp", "\"timeline/value.h\""},
      {"filters/x.cpp", "<libavfilter/avfilter.h>"},
      {"src/plan/x.cpp", "\"filters/nodes.h\""},
      {"src/plan/x.cpp", "<nlohmann/json.hpp>"},
      {"src/net/x.cpp", "\"media/av.h\""},
      {"src/net/x.cpp", "<libavformat/avio.h>"},
      {"src/media/x.cpp", "\"net/client.h\""},
      {"src/media/x.cpp", "<curl/multi.h>"},
      {"src/ledger/x.cpp", "\"net/client.h\""},
      {"src/heygen/x.cpp", "\"ledger/ledger.h\""},
      {"src/heygen/x.cpp", "<sqlite3.h>"},
      {"src/run/clips/x.cpp", "\"run/prepare.h\""},
      {"src/run/clips/x.cpp", "\"run/compose/picture.h\""},
      {"src/run/compose/x.cpp", "\"run/clips/purchase.h\""},
      {"src/run/compose/x.cpp", "\"ledger/ledger.h\""},
      {"src/run/x.cpp", "<libswscale/swscale.h>"},
      {"src/run/x.cpp", "\"sandbox/sandbox.h\""},
      {"src/run/x.cpp", "\"cli/words.h\""},
      {"src/sandbox/x.cpp", "<CLI/CLI.hpp>"},
      {"src/cli/x.cpp", "\"run/clips/session.h\""},
      {"src/cli/x.cpp", "\"sandbox/store.h\""},
      {"src/cli/x.cpp", "\"gateway/server.h\""},
      {"src/gateway/x.cpp", "\"sandbox/sandbox.h\""},
      {"src/run/x.cpp", "\"gateway/gateway.h\""},
      {"src/cli/x.cpp", "<httplib.h>"},
      {"src/cli/x.cpp", "<boost/json.hpp>"},
      {"src/cli/x.cpp", "HEADER"},
      {"src/attic/x.cpp", "<vector>"},
  };
  for (const auto& c : cases) {
    Words violations = check(c.file, std::string("#include ") + c.include + "\n");
    EXPECT_THAT(violations, ElementsAre(HasSubstr(std::string(c.file) + ":1: "))) << c.include;
  }
}

TEST_F(PlantedViolations, AreNotSeenWhereThereAreNone) {
  EXPECT_THAT(check("src/run/x.cpp",
                    "#include \"run/x.h\"\n#include <fmt/core.h>\n#include <unistd.h>\n"
                    "#include <sys/stat.h>\n#include <nlohmann/json.hpp>\n#include \"media/av.h\"\n"
                    "// #include <curl/curl.h>\nint include = 0;\n"),
              IsEmpty());
  EXPECT_THAT(check("src/cli/x.cpp", "#include <CLI/CLI.hpp>\n#include \"sandbox/sandbox.h\"\n"), IsEmpty());
  EXPECT_THAT(check("src/media/x.h", "#include <libavutil/opt.h>\n"), IsEmpty());
}

}  // namespace
}  // namespace avstage
