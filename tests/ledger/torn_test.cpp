#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <utility>
#include <vector>

#include "base/atomic_file.h"
#include "ledger/bench.h"

/// The write-ahead log of a ledger whose machine lost its power: what was committed is there, and nothing
/// else.
namespace avstage::ledger {
namespace {

/// Key to state and video id.
using Rows = std::map<std::string, std::pair<State, std::string>>;

Rows rows_of(Ledger& ledger) {
  Rows rows;
  for (const Entry& entry : ledger.list()) rows[entry.clip_key] = {entry.state, entry.video_id};
  return rows;
}

class Torn : public LedgerTest {
 protected:
  /// Two purchases, from the first row on. The ledger stays open, as a dead process leaves it.
  Torn() {
    note();
    Entry first = step(begin(*ledger_, "first"));
    first = step(ledger_->submitting(first));
    first = step(ledger_->submitted(first, "video1"));
    Entry second = step(begin(*ledger_, "second"));
    step(ledger_->completed(first, 1.5, false));
    step(ledger_->submitting(second));
  }

  Entry step(Entry entry) {
    note();
    return entry;
  }

  void note() { committed_.emplace_back(std::filesystem::file_size(file() + "-wal"), rows_of(*ledger_)); }

  /// What a ledger holds that is left with this log.
  Rows rows_with(const std::string& log) {
    const std::string state = fmt::format("{}/left{}", dir_.path(), ++copies_);
    make_directories(state);
    std::filesystem::copy_file(file(), state + "/ledger.sqlite");
    write_file(state + "/ledger.sqlite-wal", log);
    Rows rows = rows_of(*Ledger::open(state, clock_));
    std::filesystem::remove_all(state);
    return rows;
  }

  /// After the last commit that ends at or before `bytes`.
  Rows committed_in(std::size_t bytes) const {
    Rows rows;
    for (const auto& [end, then] : committed_) {
      if (end <= bytes) rows = then;
    }
    return rows;
  }

  std::string log() const { return read_file(file() + "-wal"); }

  std::unique_ptr<Ledger> ledger_ = open();
  std::vector<std::pair<std::size_t, Rows>> committed_;  ///< the log's length, and the rows
  int copies_ = 0;
};

TEST_F(Torn, ALogThatIsCutAnywhereHoldsWhatWasCommitted) {
  const std::string whole = log();
  ASSERT_EQ(committed_.back().first, whole.size());
  ASSERT_EQ(committed_.size(), 7u);
  for (std::size_t cut = 0; cut <= whole.size(); cut += 512) {
    EXPECT_EQ(rows_with(whole.substr(0, cut)), committed_in(cut)) << "cut at " << cut;
  }
  for (const auto& [end, rows] : committed_) {
    EXPECT_EQ(rows_with(whole.substr(0, end)), rows) << "cut at " << end;
    EXPECT_EQ(rows_with(whole.substr(0, end - 1)), committed_in(end - 1)) << "cut before " << end;
  }
}

TEST_F(Torn, SectorsThatWereNeverWrittenAreNotBelieved) {
  const std::string whole = log();
  for (std::size_t from = 0; from < whole.size(); from += 512) {
    for (char never : {'\0', '\x5a'}) {
      std::string torn = whole;
      torn.replace(from, 512, 512, never).resize(whole.size());
      const auto changed = std::mismatch(torn.begin(), torn.end(), whole.begin()).first;
      if (changed == torn.end()) continue;  // such bytes stood there
      EXPECT_EQ(rows_with(torn), committed_in(changed - torn.begin())) << "from " << from;
    }
  }
}

}  // namespace
}  // namespace avstage::ledger
