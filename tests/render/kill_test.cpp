#include <fmt/format.h>
#include <gmock/gmock.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <random>
#include <regex>
#include <set>

#include "render/kill_matrix.h"
#include "support/lane.h"
#include "support/media_fixtures.h"
#include "support/places.h"

namespace avstage::test {
namespace {

/// AVSTAGE_LONG=1 kills ten times as often; AVSTAGE_SEED=N draws other cells of the matrix.
int number_from(const char* variable, int otherwise) {
  const char* value = std::getenv(variable);
  return value == nullptr ? otherwise : std::atoi(value);
}

std::vector<Kill> drawn(std::vector<Kill> cells, std::size_t wanted) {
  std::mt19937 random(static_cast<unsigned>(number_from("AVSTAGE_SEED", 1)));
  std::vector<Kill> out;
  while (out.size() < wanted) {
    std::shuffle(cells.begin(), cells.end(), random);
    const std::size_t more = std::min(cells.size(), wanted - out.size());
    out.insert(out.end(), cells.begin(), cells.begin() + static_cast<std::ptrdiff_t>(more));
  }
  return out;
}

struct Share {
  const char* job;
  int kills;
};
void PrintTo(const Share& share, std::ostream* out) {
  *out << share.job;
}
constexpr Share shares[] = {{"v2", 50}, {"v3", 50}, {"v2 fallback", 15}, {"v3 fallback", 15}};

class KillMatrixOf : public KillMatrix, public testing::WithParamInterface<Share> {
 protected:
  void expect_unbroken(const Kill& kill) {
    for (const std::string& flaw : broken(kill)) ADD_FAILURE() << kill.str() << ": " << flaw;
  }
};

TEST_P(KillMatrixOf, BuysNothingTwiceAndTheFilmIsCompleteOrAbsent) {
  const auto [job, share] = GetParam();
  const std::vector<Kill> cells = all_kills(job);
  ASSERT_GT(cells.size(), 100u);
  const std::vector<Kill> kills = drawn(cells, share * (long_lane() ? 10 : 1));
  for (Kill kill : kills) {
    const int killed = figures.kills;
    expect_unbroken(kill);
    if (figures.kills == killed) {  // fewer polls, or pieces of the stream, than in the run that was listed
      kill.count = 1;
      expect_unbroken(kill);
    }
    if (HasFailure()) break;
  }
  EXPECT_EQ(figures.twice, 0);
  EXPECT_EQ(figures.kills, static_cast<int>(kills.size()));
  std::string places;
  for (const auto& [place, n] : figures.places) places += fmt::format(" {} {}", place, n);
  fmt::print("{}: {} cells, {} kills, {} not reached, {} ambiguous ({} of them bought), {} bought twice;{}\n",
             job, cells.size(), figures.kills, figures.not_reached, figures.ambiguous,
             figures.settled_as_bought, figures.twice, places);
}

INSTANTIATE_TEST_SUITE_P(Jobs, KillMatrixOf, testing::ValuesIn(shares), [](const auto& share) {
  std::string name = share.param.job;
  std::replace(name.begin(), name.end(), ' ', '_');
  return name;
});

/// Once the vendor has the order.
std::vector<Kill> kills_after_an_order(const std::string& job) {
  std::vector<Kill> kills;
  for (const char* place :
       {"answered", "submitted", "polling", "completed", "streaming", "proven", "bought", "asked"}) {
    kills.push_back({job, ApiFault::none, place, 1});
  }
  return kills;
}

// Negative control: the same check, with what it looks for switched off, has to find fault. v2 alone: v3's
// key is the same whether anything is remembered or not, and the vendor replays it.
TEST_F(KillMatrix, WithoutAJournalV2BuysTwice) {
  for (Kill kill : kills_after_an_order("v2")) {
    kill.journal = false;
    EXPECT_THAT(broken(kill), testing::Contains("bought 2 for 1")) << kill.str();
  }
}

// v3's key is the same whether anything is remembered or not: a journal tells once the vendor has forgotten
// it.
TEST_F(KillMatrix, WithoutAJournalV3BuysTwiceOnceTheKeyIsForgotten) {
  for (Kill kill : kills_after_an_order("v3")) {
    kill.days_later = true;
    EXPECT_THAT(broken(kill), testing::IsEmpty()) << kill.str();
    kill.journal = false;
    EXPECT_THAT(broken(kill), testing::Contains("bought 2 for 1")) << kill.str();
  }
}

/// Crash points that another test dies at.
const std::map<std::string, std::string> killed_elsewhere{
    {"edition", "hls_kill_test.cpp: no job here writes HLS"},
};

/// All that src/ names.
std::set<std::string> crash_points() {
  static const std::regex call(R"re(\bcrash_point\(([^)]*)\))re"), name(R"re("([a-z_]+)")re");
  std::set<std::string> names;
  for (const auto& file : std::filesystem::recursive_directory_iterator(std::string(source_dir()) + "/src")) {
    if (file.path().extension() != ".cpp" || file.path().filename() == "crash_point.cpp") continue;
    const std::string text = read_bytes(file.path());
    for (std::sregex_iterator it(text.begin(), text.end(), call), end; it != end; ++it) {
      std::smatch found;
      const std::string argument = (*it)[1];
      if (!std::regex_match(argument, found, name)) {
        ADD_FAILURE() << file.path() << ": " << it->str() << ": not a name that can be read here";
        continue;
      }
      names.insert(found[1]);
    }
  }
  return names;
}

TEST_F(KillMatrix, ReachesEveryCrashPointOfTheSource) {
  std::set<std::string> missing = crash_points();
  ASSERT_GT(missing.size(), 20u);
  for (const auto& [name, where] : killed_elsewhere) EXPECT_EQ(missing.erase(name), 1u) << name << ": gone";
  for (ApiFault fault : {ApiFault::none, ApiFault::lost}) {
    for (const Share& share : shares) {
      if (missing.empty()) return;
      for (const auto& [place, count] : passed(share.job, fault)) {
        missing.erase(place);
        EXPECT_FALSE(killed_elsewhere.contains(place)) << place << ": not only elsewhere";
      }
    }
  }
  for (const std::string& name : missing) ADD_FAILURE() << "no job of the matrix passes " << name;
}

}  // namespace
}  // namespace avstage::test
