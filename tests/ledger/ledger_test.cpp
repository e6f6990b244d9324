#include "ledger/ledger.h"

#include <gmock/gmock.h>

#include <map>

#include "base/atomic_file.h"
#include "base/log.h"
#include "ledger/bench.h"

namespace avstage::ledger {
namespace {

using testing::HasSubstr;

/// The shortest way to each state.
Entry lead_to(Ledger& ledger, State state, const std::string& key) {
  Entry entry = ledger.begin(realm, key, "v2", "{}", "");
  if (state == State::intent) return entry;
  entry = ledger.submitting(entry);
  if (state == State::submitting) return entry;
  if (state == State::rejected) return ledger.rejected(entry, "no");
  if (state == State::ambiguous) return ledger.ambiguous(entry, "reset");
  entry = ledger.submitted(entry, "v1");
  if (state == State::submitted) return entry;
  return state == State::failed ? ledger.failed(entry, "no") : ledger.completed(entry, 5.0, false);
}

TEST_F(LedgerTest, AllowsTheDocumentedStepsAndNoOthers) {
  using enum State;
  struct Step {
    std::string name;
    std::function<Entry(Ledger&, const Entry&)> take;
    std::map<State, State> allowed;
  };
  const std::vector<Step> steps{
      {"begin",
       [](Ledger& l, const Entry& e) { return l.begin(e.realm, e.clip_key, "v2", "{}", ""); },
       {{failed, intent}, {rejected, intent}}},
      {"submitting",
       [](Ledger& l, const Entry& e) { return l.submitting(e); },
       {{intent, submitting}, {submitting, submitting}}},
      {"submitted",
       [](Ledger& l, const Entry& e) { return l.submitted(e, "v2"); },
       {{submitting, submitted}, {ambiguous, submitted}}},
      {"unsent", [](Ledger& l, const Entry& e) { return l.unsent(e); }, {{submitting, intent}}},
      {"rejected", [](Ledger& l, const Entry& e) { return l.rejected(e, "x"); }, {{submitting, rejected}}},
      {"ambiguous", [](Ledger& l, const Entry& e) { return l.ambiguous(e, "x"); }, {{submitting, ambiguous}}},
      {"completed",
       [](Ledger& l, const Entry& e) { return l.completed(e, 1.0, false); },
       {{submitted, completed}, {completed, completed}}},
      {"failed", [](Ledger& l, const Entry& e) { return l.failed(e, "x"); }, {{submitted, failed}}},
      {"archived",
       [](Ledger& l, const Entry& e) { return l.archived(e, "f", "h", 1); },
       {{completed, completed}}},
  };
  auto ledger = open();
  for (State from : {intent, submitting, submitted, completed, failed, rejected, ambiguous}) {
    for (const Step& step : steps) {
      std::string key = step.name + " from " + to_string(from);
      SCOPED_TRACE(key);
      Entry entry = lead_to(*ledger, from, key);
      auto to = step.allowed.find(from);
      if (to != step.allowed.end()) {
        EXPECT_EQ(step.take(*ledger, entry).state, to->second);
        EXPECT_EQ(ledger->find(realm, key)->state, to->second);
        continue;
      }
      Error error = error_of([&] { step.take(*ledger, entry); });
      EXPECT_EQ(error.code(), ErrorCode::bug);
      EXPECT_THAT(error.message(), HasSubstr(step.name + " does not follow " + to_string(from)));
      EXPECT_EQ(ledger->find(realm, key)->state, from);
      EXPECT_EQ(ledger->find(realm, key)->attempt, 1);
    }
  }
}

TEST_F(LedgerTest, AHumanMaySayThatAnAmbiguousPurchaseWasNotMade) {
  auto ledger = open();
  Entry entry = ledger->not_bought(lead_to(*ledger, State::ambiguous, "key"));
  EXPECT_EQ(entry.state, State::rejected);
  EXPECT_THAT(entry.error, HasSubstr("by hand"));
  Entry next = begin(*ledger);
  EXPECT_EQ(next.attempt, 2);
  EXPECT_NE(next.tag, entry.tag);
  for (State from : {State::intent, State::submitting, State::submitted, State::completed, State::failed}) {
    Entry other = lead_to(*ledger, from, to_string(from));
    EXPECT_EQ(error_of([&] { ledger->not_bought(other); }).code(), ErrorCode::bug) << to_string(from);
  }
}

TEST_F(LedgerTest, TheTagsOfTheJobAreKept) {
  open()->begin(realm, "tagged", "v3", "{}", "", R"({"project":"spring"})");
  EXPECT_EQ(open()->find(realm, "tagged")->tags, R"({"project":"spring"})");
  EXPECT_EQ(begin(*open()).tags, "{}");
}

TEST_F(LedgerTest, RefusesAStepOfAnEntryThatWasNeverBegun) {
  auto ledger = open();
  Entry stranger;
  stranger.realm = realm;
  stranger.clip_key = "stranger";
  EXPECT_EQ(error_of([&] { ledger->submitting(stranger); }).code(), ErrorCode::bug);
}

TEST_F(LedgerTest, KeepsEveryFieldAcrossReopening) {
  {
    auto ledger = open();
    Entry entry = begin(*ledger);
    EXPECT_EQ(entry.tag, tag_of(realm, "key", 1));
    EXPECT_EQ(entry.idempotency_key, idempotency_key_of(realm, "key", 1));
    entry = ledger->submitted(ledger->submitting(entry), "video-7");
    entry = ledger->completed(entry, 5.24, true);
    ledger->archived(entry, "video-7.mp4", "abcd", 12'345'678'901);
    ledger->remember("1:2:3:4:5", "feed");
  }
  auto ledger = open();
  Entry entry = ledger->find(realm, "key").value();
  EXPECT_EQ(entry.state, State::completed);
  EXPECT_EQ(entry.attempt, 1);
  EXPECT_EQ(entry.dialect, "v3");
  EXPECT_EQ(entry.request, R"({"say":"hi"})");
  EXPECT_EQ(entry.title, "Hello");
  EXPECT_EQ(entry.video_id, "video-7");
  EXPECT_EQ(entry.intent_at, 1001);
  EXPECT_EQ(entry.submitting_at, 1002);
  EXPECT_EQ(entry.submitted_at, 1003);
  EXPECT_EQ(entry.settled_at, 1004);
  EXPECT_EQ(entry.duration, 5.24);
  EXPECT_TRUE(entry.unpaid);
  EXPECT_EQ(entry.archive, "video-7.mp4");
  EXPECT_EQ(entry.sha256, "abcd");
  EXPECT_EQ(entry.bytes, 12'345'678'901u);
  EXPECT_EQ(ledger->remembered("1:2:3:4:5"), "feed");
  EXPECT_EQ(ledger->remembered("other"), std::nullopt);
  EXPECT_EQ(ledger->find(realm, "other"), std::nullopt);
  EXPECT_EQ(ledger->find("https://elsewhere", "key"), std::nullopt);
}

TEST_F(LedgerTest, TheNextAttemptHasItsOwnTagAndKeyAndTheEarlierOneStaysOnRecord) {
  auto ledger = open();
  Entry first = ledger->rejected(ledger->submitting(begin(*ledger)), "code 7: no");
  Entry second = begin(*ledger);
  EXPECT_EQ(second.attempt, 2);
  EXPECT_EQ(second.error, "");
  EXPECT_NE(second.tag, first.tag);
  EXPECT_NE(second.idempotency_key, first.idempotency_key);
  EXPECT_EQ(ledger->find(realm, "key")->attempt, 2);
  EXPECT_EQ(error_of([&] { ledger->submitting(first); }).code(), ErrorCode::bug);
  begin(*ledger, "another");
  std::vector<std::string> listed;
  for (const Entry& entry : ledger->list(realm)) {
    listed.push_back(entry.clip_key + std::to_string(entry.attempt) + entry.error);
  }
  EXPECT_THAT(listed, testing::ElementsAre("another1", "key2", "key1code 7: no"));
  EXPECT_EQ(ledger->list().size(), 3u);
  EXPECT_TRUE(ledger->list("https://elsewhere").empty());
}

TEST_F(LedgerTest, ATryThatWasNotSentLeavesTheDoubtAboutAnEarlierOne) {
  auto ledger = open();
  Entry entry = ledger->unsent(ledger->submitting(begin(*ledger)));
  EXPECT_EQ(entry.state, State::intent);
  EXPECT_EQ(entry.submitting_at, 0);

  std::int64_t first_try = ledger->submitting(entry).submitting_at;
  entry = ledger->submitting(entry);
  EXPECT_EQ(entry.submitting_at, first_try) << "the age of the idempotency key counts from its first use";
  entry = ledger->unsent(entry);
  EXPECT_EQ(entry.state, State::submitting);
  EXPECT_EQ(entry.submitting_at, first_try);
}

TEST_F(LedgerTest, TheArchivedUnpaidVersionIsForgottenOnceTheClipIsPaid) {
  auto ledger = open();
  Entry entry = ledger->completed(lead_to(*ledger, State::submitted, "key"), 5.0, true);
  entry = ledger->archived(entry, "watermarked.mp4", "abcd", 7);
  EXPECT_EQ(ledger->completed(entry, 5.0, true).archive, "watermarked.mp4");
  entry = ledger->completed(entry, 5.0, false);
  EXPECT_FALSE(entry.unpaid);
  EXPECT_EQ(entry.archive + entry.sha256, "");
  EXPECT_EQ(entry.bytes, 0u);
}

TEST_F(LedgerTest, HoldsNoSecret) {
  log::add_secret("canary-key-0815");
  {
    auto ledger = open();
    Entry entry =
        ledger->begin(realm, "key", "v2", R"({"u":"https://x/a?Signature=abc","k":"canary-key-0815"})", "t");
    ledger->rejected(ledger->submitting(entry), "bad key canary-key-0815 at https://x/b?Signature=def");
  }
  for (const std::string& name : dir_.files()) {
    std::string bytes = read_file(dir_ / name);
    EXPECT_EQ(bytes.find("canary-key"), std::string::npos) << name;
    EXPECT_EQ(bytes.find("Signature="), std::string::npos) << name;
  }
}

}  // namespace
}  // namespace avstage::ledger
