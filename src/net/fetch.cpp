#include "net/fetch.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/clock.h"
#include "base/log.h"

namespace avstage::net {

Fetch::Fetch(Spool& spool, Identity& identity, Gap gap, Asked asked, std::uint64_t max_bytes)
    : spool_(spool), identity_(identity), gap_(gap), asked_(asked), max_bytes_(max_bytes) {}

template <typename Work>
bool Fetch::guarded(Work work) noexcept {
  try {
    work();
  } catch (...) {
    failure_ = std::current_exception();
  }
  return !failure_ && !outcome_;
}

bool Fetch::on_headers(const Response& head) noexcept {
  return guarded([&] { take_head(head); });
}

bool Fetch::on_data(std::span<const std::byte> data) noexcept {
  return guarded([&] { take_data(data); });
}

void Fetch::take_head(const Response& head) {
  answer_ = judge(head, asked_, system_clock().unix_seconds());
  switch (answer_->kind) {
    case Answer::Kind::body:
      break;
    case Answer::Kind::expired:
      return end(Outcome::End::expired, answer_->what);
    case Answer::Kind::busy:
      return end(Outcome::End::dropped, answer_->what);
    case Answer::Kind::wrong_range:
      return end(Outcome::End::wrong_range, answer_->what);
    case Answer::Kind::at_end:
      identity_.hold(*answer_);
      spool_.set_end(*answer_->total);
      length_proven_ = true;
      return end(Outcome::End::served, "");
  }
  identity_.hold(*answer_);
  if (answer_->total.value_or(0) > max_bytes_) {
    throw Error(ErrorCode::input,
                fmt::format("{} bytes are more than the {} that --max-clip-bytes allows", *answer_->total,
                            max_bytes_),
                "too_large");
  }
  length_proven_ = answer_->total.has_value();
  spool_.announce(answer_->total, answer_->ranges);
  position_ = answer_->start;
  // The tail's range was ignored: what the front has not brought yet is nothing to compare with.
  const std::optional<Gap> lacking = spool_.first_gap(position_);
  if (lacking && lacking->begin < gap_.begin) end(Outcome::End::wrong_range, "the range was ignored");
}

void Fetch::take_data(std::span<const std::byte> data) {
  std::optional<std::uint64_t> size = spool_.size();
  if (size && data.size() > *size - std::min(*size, position_)) {
    throw_changed(fmt::format("more than its {} bytes", *size));
  }
  while (!data.empty()) {
    std::size_t used = 0;
    if (position_ < gap_.begin) {
      used = std::min<std::uint64_t>(data.size(), gap_.begin - position_);
      if (!spool_.holds(position_, data.first(used))) {
        const std::string how = fmt::format("other bytes from {} on", position_);
        if (answer_->part) return end(Outcome::End::wrong_range, "the range has " + how + " than before");
        throw_changed(how);
      }
    } else {
      if (data.size() > max_bytes_ - std::min(max_bytes_, position_)) {
        throw Error(ErrorCode::input,
                    fmt::format("more than the {} bytes that --max-clip-bytes allows", max_bytes_),
                    "too_large");
      }
      used = spool_.write(position_, data);
      fresh_ += used;
    }
    if (used == 0) return meet_present(data);
    position_ += used;
    data = data.subspan(used);
  }
  std::lock_guard lock(mutex_);
  last_news_ = std::chrono::steady_clock::now();
}

/// The bytes from here on came by another request. Where the two disagree one of them lied, and readers may
/// have seen either.
void Fetch::meet_present(std::span<const std::byte> data) {
  std::optional<Gap> next = spool_.first_gap(position_);
  std::uint64_t run = next ? next->begin - position_ : data.size();
  if (!spool_.holds(position_, data.first(std::min<std::uint64_t>(data.size(), run)))) {
    throw_changed(fmt::format("two answers differ at byte {}", position_));
  }
  end(Outcome::End::served, "");
}

/// The transport saw a complete body: is it also the whole of what the head promised?
void Fetch::take_end() {
  if (!answer_) return end(Outcome::End::dropped, "closed without an answer");
  if (answer_->end && position_ < *answer_->end) {
    return end(Outcome::End::dropped,
               fmt::format("the body ended at byte {} of {}", position_, *answer_->end));
  }
  if (!answer_->end) {
    std::uint64_t least = spool_.size().value_or(gap_.begin);
    if (position_ < least) {
      return end(Outcome::End::dropped, fmt::format("the body ended at byte {} of {}", position_, least));
    }
    if (position_ == 0) throw Error(ErrorCode::input, "the server sent zero bytes", "empty");
    // Where nothing but the closed connection marks the end, only the container can prove it.
    length_proven_ = length_proven_ || answer_->chunked;
    spool_.set_end(position_);
  }
  end(Outcome::End::served, "");
}

void Fetch::end(Outcome::End how, std::string cause) {
  outcome_ = Outcome{how, std::move(cause), 0, answer_ ? answer_->retry_after : std::nullopt};
}

void Fetch::on_done(std::exception_ptr error) noexcept {
  guarded([&] {
    if (failure_ || outcome_) return;
    if (!error) return take_end();
    try {
      std::rethrow_exception(error);
    } catch (const TransportError& transport) {
      end(Outcome::End::dropped, transport.message());
    }
  });
  std::lock_guard lock(mutex_);
  done_ = true;
  over_.notify_all();
}

void Fetch::wait(std::chrono::milliseconds stall, const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  while (!done_ && !stop.stop_requested()) {
    auto deadline = last_news_ + stall;
    if (std::chrono::steady_clock::now() >= deadline) {
      stalled_ = true;
      return;
    }
    over_.wait_until(lock, stop, deadline, [&] { return done_; });
  }
}

Outcome Fetch::outcome() const {
  Outcome out = outcome_.value_or(Outcome{Outcome::End::dropped, "no byte came in time", 0, std::nullopt});
  if (failure_ && !stalled_) std::rethrow_exception(failure_);
  out.fresh = fresh_;
  return out;
}

}  // namespace avstage::net
