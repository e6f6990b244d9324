#include "run/clips/purchase.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <random>

#include "base/crash_point.h"
#include "base/log.h"
#include "base/stop.h"
#include "heygen/speech.h"
#include "run/clips/uploads.h"

namespace avstage::run {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr std::int64_t kReplayWindow = 23 * 3600;  ///< the vendor replays an idempotency key for 24 h
constexpr int kMostPosts = 6;                      ///< of one attempt in one run

milliseconds jittered(milliseconds base, double low, double high) {
  static thread_local std::mt19937 random{std::random_device{}()};
  return milliseconds(std::int64_t(std::uniform_real_distribution(low, high)(random) * double(base.count())));
}

/// What a vendor asks for may be any number.
seconds at_most_a_year(seconds asked) {
  return std::min(asked, seconds(365 * 86400));
}

/// Of this side, not the vendor's: it says already which clip it is about.
struct Impatience : Error {
  using Error::Error;
};

/// What a human can do about the account.
std::string account_advice(bool credit) {
  return credit ? "; top up or wait, then run again: what is bought already is kept"
                : "; check the API key in HEYGEN_API_KEY or ~/.heygen/credentials and what it may do";
}

/// The canonical request, and why it was made.
std::string request_for_humans(const AvatarRef& avatar, const std::string& stands_for) {
  const std::string request = heygen::canonical_request(avatar);
  if (stands_for.empty()) return request;
  nlohmann::json with_reason = nlohmann::json::parse(request);
  with_reason["fallback_of"] = stands_for;
  return with_reason.dump();
}

}  // namespace

Purchaser::Purchaser(Session& session, const HeygenSettings& heygen, const AvatarRef& avatar,
                     std::string clip_key, std::string label, Listener listener, std::string stands_for)
    : session_(session),
      heygen_(heygen),
      avatar_(avatar),
      clip_key_(std::move(clip_key)),
      label_(std::move(label)),
      stands_for_(std::move(stands_for)),
      listener_(std::move(listener)),
      deadline_(session.clock().now() + milliseconds((heygen.deadline * Rational(1000)).round())) {}

/// A question to the vendor; its failure says which clip it was about.
template <typename Question>
auto Purchaser::asked(const Question& question) {
  try {
    return question();
  } catch (const Impatience&) {
    throw;
  } catch (const Error& e) {
    std::string advice = e.code() == ErrorCode::money ? account_advice(e.name() == "credit") : "";
    throw Error(e.code(), label_ + ": " + e.message() + advice, e.name());
  }
}

void Purchaser::require_time(milliseconds duration, const std::string& what) const {
  if (session_.clock().now() + duration <= deadline_) return;
  throw Impatience(
      ErrorCode::network,
      fmt::format("{}: not ready within the deadline of {} s ({}); run again to go on waiting, nothing "
                  "is bought twice",
                  label_, heygen_.deadline.round(), what),
      "deadline");
}

void Purchaser::sleep(milliseconds duration, const std::string& what, const std::stop_token& stop) {
  require_time(duration, what);
  if (!session_.clock().sleep(duration, stop)) throw_stopped();
}

Bought Purchaser::run(const std::stop_token& stop) {
  if (!avatar_.video_id.empty()) {
    Polled polled = poll(heygen::choose_dialect(avatar_, heygen_.api), avatar_.video_id, stop);
    return {polled.dialect, avatar_.video_id, "given", polled.status, std::nullopt};
  }
  return settle(bring_to_submitted(stop), stop);
}

void Purchaser::require_buying() const {
  if (session_.settings().buy) return;
  throw Error(ErrorCode::usage, label_ + ": is not bought, and nothing is bought here", "not_bought");
}

ledger::Entry Purchaser::bring_to_submitted(const std::stop_token& stop) {
  using ledger::State;
  auto known = session_.ledger().find(session_.realm(), clip_key_);
  if (known && known->state == State::failed) {
    throw Error(
        ErrorCode::vendor,
        fmt::format("{}: the vendor failed this clip in an earlier run ({}); it is not bought again by "
                    "itself: mend the words, or set \"take\": {} to buy another try",
                    label_, known->error, avatar_.take + 1),
        "clip_failed");
  }
  if (!known || (known->state != State::submitted && known->state != State::completed)) require_buying();
  if (!known || known->state == State::rejected) {
    std::string dialect = heygen::choose_dialect(avatar_, heygen_.api);
    heygen::Provider& provider = session_.provider(dialect);  // a missing key must not leave an intent behind
    known = session_.ledger().begin(session_.realm(), clip_key_, provider.dialect(),
                                    log::redact(request_for_humans(avatar_, stands_for_)), avatar_.title,
                                    nlohmann::json(heygen_.tags).dump());
    crash_point("intent");
  }
  switch (known->state) {
    case State::intent:
      return submit(*known, stop);
    case State::submitting:
    case State::ambiguous:
      return is_replayable(*known) ? submit(*known, stop) : reconcile(*known, stop);
    default:
      had_it_ = known->state == State::completed;
      return *known;
  }
}

/// Whether the vendor would answer a repetition with what it made of the first request.
bool Purchaser::is_replayable(const ledger::Entry& entry) {
  // A clock that was turned back far says nothing of the key's age either.
  const std::int64_t age = std::abs(session_.clock().unix_seconds() - entry.submitting_at);
  return entry.state == ledger::State::submitting && entry.dialect == "v3" && age < kReplayWindow;
}

ledger::Entry Purchaser::submit(ledger::Entry entry, const std::stop_token& stop) {
  require_buying();
  heygen::Provider& provider = session_.provider(entry.dialect);
  const AvatarRef clip = asked([&] { return with_uploads(session_, provider, avatar_, stop); });
  milliseconds delay = session_.patience().retry;
  for (int tries = 1;; ++tries) {
    const bool doubted = entry.state == ledger::State::submitting;  // an earlier request may have arrived
    if (doubted && !is_replayable(entry)) return reconcile(entry, stop);
    entry = session_.ledger().submitting(entry);
    crash_point("submitting");
    heygen::SubmitResult result = provider.submit(clip, entry.tag, entry.idempotency_key, stop);
    crash_point("answered");
    if (auto* accepted = std::get_if<heygen::Accepted>(&result)) {
      entry = session_.ledger().submitted(entry, accepted->video_id);
      crash_point("submitted");
      origin_ = "bought";
      listener_.submitted(accepted->video_id);
      return entry;
    }
    if (auto* rejected = std::get_if<heygen::Rejected>(&result)) {
      // A refused repetition says nothing of the first request: the row stays in doubt.
      if (doubted && rejected->code != ErrorCode::money) return reconcile(entry, stop);
      if (!doubted) {
        session_.ledger().rejected(entry, log::redact(rejected->error.str()));
        forget_uploads(session_, provider, avatar_);
      }
      std::string advice = rejected->code == ErrorCode::money ? account_advice(rejected->error.money) : "";
      throw Error(rejected->code,
                  fmt::format("{}: the vendor refused it: {}{}", label_, rejected->error.str(), advice),
                  "rejected");
    }
    std::string why;
    if (auto* unsent = std::get_if<heygen::Unsent>(&result)) {
      entry = session_.ledger().unsent(entry);
      why = unsent->why;
      if (unsent->retry_after) {
        wait_as_asked(std::max(delay, milliseconds(at_most_a_year(seconds(*unsent->retry_after)))), why,
                      stop);
        delay = std::min<milliseconds>(delay * 2, seconds(20));
        --tries;  // --max-wait is the limit here
        continue;
      }
    } else {
      why = std::get<heygen::Lost>(result).why;
      if (entry.dialect != "v3") return reconcile(entry, stop);
    }
    if (tries == kMostPosts) {
      throw Error(
          ErrorCode::network,
          fmt::format("{}: could not be submitted: {}; run again to continue, nothing is bought twice",
                      label_, why),
          "not_submitted");
    }
    log::warning("{}: {}; sending it again, it cannot be bought twice", label_, why);
    sleep(jittered(delay, 0.5, 1.0), why, stop);
    delay = std::min<milliseconds>(delay * 2, seconds(20));
  }
}

/// The vendor takes no more for now, and said for how long.
void Purchaser::wait_as_asked(milliseconds asked, const std::string& why, const std::stop_token& stop) {
  const milliseconds most((session_.settings().max_wait * Rational(1000)).round());
  if (asked > most - waited_) {
    throw Impatience(
        ErrorCode::network,
        fmt::format(
            "{}: the vendor asks to wait {} s ({}), after {} s of waiting; --max-wait allows {} s: run "
            "again later, nothing is bought twice",
            label_, asked / seconds(1), why, waited_ / seconds(1), most / seconds(1)),
        "max_wait");
  }
  waited_ += asked;
  listener_.waiting(fmt::format("the vendor asks to wait {} s", asked / seconds(1)));
  log::info("{}: {}; waiting as the vendor asks", label_, why);
  sleep(asked, why, stop);
}

/// The answer to the POST was lost and repeating it could buy twice: look for its tag in the vendor's list.
ledger::Entry Purchaser::reconcile(const ledger::Entry& entry, const std::stop_token& stop) {
  crash_point("reconciling");
  heygen::Provider& provider = session_.provider(entry.dialect);
  // The row has whole seconds: of the first one, next to nothing may have passed.
  const seconds age(std::max<std::int64_t>(session_.clock().unix_seconds() - entry.submitting_at - 1, 0));
  const milliseconds lag = session_.patience().list_lag;
  if (age < lag) {
    listener_.waiting("looking for a purchase whose answer was lost");
    sleep(lag - age, "a purchase whose answer was lost", stop);
  }
  if (auto id = asked([&] { return provider.find_by_tag(entry.tag, stop); })) {
    log::warning("{}: found video {} by its tag; nothing is bought again", label_, *id);
    ledger::Entry found = session_.ledger().submitted(entry, *id);
    crash_point("found");
    return found;
  }
  fail_ambiguous(entry, "its answer was lost, and the vendor's list has no video with its tag");
}

void Purchaser::fail_ambiguous(const ledger::Entry& entry, const std::string& why) {
  if (entry.state != ledger::State::ambiguous) session_.ledger().ambiguous(entry, why);
  const std::string sign = entry.dialect == "v2" && heygen::is_transparent(avatar_)
                               ? "a transparent video of that time (v1's have no title of ours)"
                               : fmt::format("a video with {} in its title", entry.tag);
  throw Error(
      ErrorCode::ambiguous,
      fmt::format("{0}: it may have been bought: {1}. Look at the vendor's site for {2}; if it is there: {3} "
                  "--video-id ID; if it is not: {3} --not-bought; then run again",
                  label_, why, sign, session_.settle_command(entry)),
      "ambiguous");
}

/// How often to ask for this clip, and since when it is being made.
std::pair<PollPace, std::chrono::steady_clock::time_point> Purchaser::pace(const std::string& dialect) const {
  const Patience& patience = session_.patience();
  const auto expected = expected_making(session_.ledger().list(session_.realm()), dialect,
                                        heygen::guess_speech(avatar_).seconds);
  const std::int64_t age = ordered_at_ > 0 ? session_.clock().unix_seconds() - ordered_at_ : 0;
  return {PollPace(patience.first_poll, patience.longest_poll, expected),
          session_.clock().now() - seconds(std::clamp<std::int64_t>(age, 0, 86400))};
}

/// Where v2 is gone, its videos may still be known to v3: to ask costs nothing.
Purchaser::Polled Purchaser::poll(const std::string& dialect, const std::string& video_id,
                                  const std::stop_token& stop) {
  try {
    return {dialect, poll_in(dialect, video_id, stop)};
  } catch (const Error& e) {
    if (e.name() != "gone" || dialect != "v2" || heygen_.api == "v2") throw;
    log::warning("{}; asking its v3 for video {}", e.message(), video_id);
  }
  auto status = asked([&] { return session_.provider("v3").status(video_id, stop); });
  if (status.word == "not_found") {
    throw Error(
        ErrorCode::vendor,
        fmt::format("{}: the vendor's v2 API is gone, and its v3 does not know video {}: look for it "
                    "at the vendor's site and use the file, or set \"take\": {} to buy the clip again",
                    label_, video_id, avatar_.take + 1),
        "gone");
  }
  return {"v3", poll_in("v3", video_id, stop)};
}

heygen::VideoStatus Purchaser::poll_in(const std::string& dialect, const std::string& video_id,
                                       const std::stop_token& stop) {
  using State = heygen::VideoStatus::State;
  const Patience& patience = session_.patience();
  StatusRounds::Watch watch(session_.rounds(dialect), video_id);
  auto busy = [&](seconds time, const std::string& why) { wait_as_asked(at_most_a_year(time), why, stop); };
  if (origin_ == "bought") {  // a short deadline must leave time to ask
    const auto left = std::chrono::duration_cast<milliseconds>(deadline_ - session_.clock().now());
    sleep(std::clamp<milliseconds>(left / 2, milliseconds(0), patience.before_first),
          fmt::format("video {} is new", video_id), stop);
  }
  const auto [pace, ordered] = this->pace(dialect);
  const auto begin = session_.clock().now();
  auto no_url_since = begin;
  for (;;) {
    crash_point("polling");
    heygen::VideoStatus status = asked([&] { return watch.ask(stop, busy); });
    if (status.state != State::pending) return status;
    const auto now = session_.clock().now();
    if (status.word == "not_found" && had_it_) fail_lost(video_id);
    if (status.word == "not_found" && now - begin > patience.unknown_id) {
      throw Error(
          ErrorCode::vendor,
          fmt::format("{}: the vendor does not know video {}: it was deleted, or belongs to another account",
                      label_, video_id),
          "not_found");
    }
    if (status.word != "completed") no_url_since = now;
    if (now - no_url_since > patience.no_url) {
      throw Error(
          ErrorCode::vendor,
          fmt::format("{}: the vendor says that video {} is completed, but gives no URL for it; run again "
                      "to ask again, nothing is bought twice",
                      label_, video_id),
          "no_url");
    }
    listener_.waiting(status.word);
    const milliseconds delay = pace.next(std::chrono::duration_cast<milliseconds>(now - ordered));
    const milliseconds pause = jittered(delay, 0.8, 1.2);
    require_time(pause, fmt::format("video {} is {}", video_id, log::redact(status.word)));
    if (!watch.sleep(pause, stop)) throw_stopped();
  }
}

/// The vendor has deleted what is no longer in the archive either.
void Purchaser::fail_lost(const std::string& video_id) const {
  throw Error(
      ErrorCode::vendor,
      fmt::format("{}: its copy in the archive is damaged or gone, and the vendor does not know video {} "
                  "any more: put a copy of the clip back as {}/{}.mp4, or set \"take\": {} to buy it "
                  "again",
                  label_, video_id, session_.archive_dir(), clip_key_, avatar_.take + 1),
      "lost");
}

Bought Purchaser::settle(ledger::Entry entry, const std::stop_token& stop) {
  ordered_at_ = entry.submitted_at;
  const auto [dialect, status] = poll(entry.dialect, entry.video_id, stop);
  if (status.state == heygen::VideoStatus::State::failed) {
    std::string words = status.error ? status.error->str() : "no reason given";
    bool money = status.error && status.error->money;
    session_.ledger().failed(entry, log::redact(words));
    throw Error(
        money ? ErrorCode::money : ErrorCode::vendor,
        fmt::format("{}: the vendor failed video {}: {}; it is not bought again by itself: {}, and set "
                    "\"take\": {} to buy another try",
                    label_, entry.video_id, words, money ? "top up" : "mend the words", avatar_.take + 1),
        "clip_failed");
  }
  bool unpaid = status.unpaid && !heygen::is_test(avatar_);
  entry = session_.ledger().completed(entry, status.duration, unpaid);
  crash_point("completed");
  if (unpaid && !session_.takes_unpaid()) {
    throw Error(
        ErrorCode::money,
        fmt::format("{}: video {} is the watermarked version of a clip that could not be paid for ({}); "
                    "top up and set \"take\": {}, or use --accept-watermark",
                    label_, entry.video_id, status.error ? status.error->str() : "insufficient credit",
                    avatar_.take + 1),
        "unpaid");
  }
  return {dialect, entry.video_id, origin_, status, entry};
}

}  // namespace avstage::run
