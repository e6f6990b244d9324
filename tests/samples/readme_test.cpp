#include <gmock/gmock.h>

#include <sstream>

#include "avstage/avstage.h"
#include "samples/bench.h"
#include "support/places.h"
#include "timeline/job_reader.h"

// What the README shows is what there is.
namespace avstage::test {
namespace {

using testing::HasSubstr;

class Readme : public SamplesBench {
 protected:
  const std::string text = read_bytes(std::string(source_dir()) + "/README.md");

  /// The contents of the fenced blocks that are opened with ```tag.
  std::vector<std::string> blocks(const std::string& tag) const {
    std::vector<std::string> found;
    bool inside = false;
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);) {
      if (line == "```" + tag && !inside) {
        found.emplace_back();
        inside = true;
      } else if (line == "```") {
        inside = false;
      } else if (inside) {
        found.back() += line + "\n";
      }
    }
    return found;
  }
};

TEST_F(Readme, ItsCommandsRun) {
  int run = 0;
  for (const std::string& block : blocks("sh test")) {
    std::istringstream lines(block);
    for (std::string line; std::getline(lines, line); ++run) {
      Said said = shell(line);
      EXPECT_EQ(said.code, 0) << line << "\n" << said.out;
      EXPECT_FALSE(said.out.empty() && line.starts_with("build/")) << line;
    }
  }
  EXPECT_GE(run, 8);
  EXPECT_TRUE(std::filesystem::exists(sample("out/01_quick_start.png")));
}

TEST_F(Readme, ItShowsTheQuickStartJobAsItIs) {
  ASSERT_EQ(blocks("json").size(), 1U);
  EXPECT_EQ(blocks("json")[0], read_bytes(sample("01_quick_start.json")));
}

TEST_F(Readme, ItNamesEveryFilterWithItsParameters) {
  std::istringstream filters(describe_filters());
  for (std::string line; std::getline(filters, line);) {
    const std::string name = line.substr(0, line.find(' '));
    const std::size_t row = text.find("\n| `" + name + "` |");
    ASSERT_NE(row, std::string::npos) << name;
    if (name == "lavfi") continue;
    const std::string shown = text.substr(row + 1, text.find('\n', row + 1) - row - 1);
    std::istringstream table(describe_filters(name));
    std::getline(table, line);
    for (std::string param; std::getline(table, line);) {
      std::istringstream(line) >> param;
      EXPECT_THAT(shown, HasSubstr("`" + param + "`"));
    }
  }
}

/// Every object of the language once, with a key that none has.
const char* const unknown_keys[] = {
    R"("zz": 1, "clips": [], "output": "o.mp4")",
    R"("canvas": { "zz": 1 }, "clips": [], "output": "o.mp4")",
    R"("heygen": { "zz": 1 }, "clips": [], "output": "o.mp4")",
    R"("vars": { "a": { "zz": 1 } }, "clips": [], "output": "o.mp4")",
    R"("tracks": [ { "zz": 1 } ], "output": "o.mp4")",
    R"("clips": [ { "zz": 1 } ], "output": "o.mp4")",
    R"("clips": [ { "file": "a.mp4", "key": { "zz": 1 } } ], "output": "o.mp4")",
    R"("clips": [ { "avatar": { "zz": 1 } } ], "output": "o.mp4")",
    R"("clips": [ { "avatar": { "id": "a", "scenes": [ { "zz": 1 } ] } } ], "output": "o.mp4")",
    R"("clips": [ { "avatar": { "id": "a", "background": { "zz": 1 } } } ], "output": "o.mp4")",
    R"("clips": [ { "avatar": { "template": "t", "variables": { "a": { "zz": 1 } } } } ], "output": "o.mp4")",
    R"("clips": [ { "file": "a.mp4" } ], "outputs": [ { "zz": 1 } ])",
    R"("clips": [ { "file": "a.mp4" } ], "outputs": [ { "path": "o.mp4", "audio": { "zz": 1 } } ])",
};

TEST_F(Readme, ItNamesEveryKeyOfTheJobLanguage) {
  for (const std::string object : unknown_keys) {
    std::string message;
    try {
      read_job("{ \"version\": 1, " + object + " }", "job.json", "");
    } catch (const Error& e) {
      message = e.message();
    }
    ASSERT_THAT(message, HasSubstr("found the unknown key \"zz\""));
    std::istringstream keys(message.substr(message.find("allowed: ") + 9));
    for (std::string key; keys >> key;) {
      if (key.ends_with(',')) key.pop_back();
      EXPECT_TRUE(text.find("`" + key + "`") != std::string::npos ||
                  text.find('"' + key + '"') != std::string::npos)
          << key << " in " << object;
    }
  }
}

}  // namespace
}  // namespace avstage::test
