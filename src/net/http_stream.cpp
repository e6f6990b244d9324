#include "net/http_stream.h"

#include <fmt/format.h>

#include <algorithm>
#include <random>
#include <stop_token>
#include <thread>

#include "base/clock.h"
#include "base/log.h"
#include "base/sha256.h"
#include "net/fetch.h"

namespace avstage::net {
namespace {

/// A reader waiting further than this beyond what has arrived gets a request of its own.
constexpr std::uint64_t kFar = 512 << 10;
/// How much of what is there is asked for again and compared when a request goes on where another one broke
/// off; at most the given part of what that one brought, so that short-lived connections still get ahead.
constexpr std::uint64_t kOverlap = 64 << 10, kOverlapPart = 4;
constexpr std::chrono::milliseconds kMaxDelay{20'000};
constexpr std::chrono::milliseconds kMaxRetryAfter{60'000};

/// 0 to `first` · 2^n, capped: full jitter, so that many clients do not return together.
std::chrono::milliseconds backoff(std::chrono::milliseconds first, int n) {
  thread_local std::minstd_rand random{std::random_device{}()};
  std::int64_t most = std::min(kMaxDelay.count(), first.count() << std::min(n, 10));
  return std::chrono::milliseconds(std::uniform_int_distribution<std::int64_t>(0, most)(random));
}

/// Two threads of its own drive the requests: the main one fills the spool from the front, the tail one
/// serves a reader that has sought far ahead. Everything they share is in the spool or behind mutex_.
class Stream : public HttpStream, public std::enable_shared_from_this<Stream> {
 public:
  Stream(Client& client, HttpStreamOptions options)
      : client_(client), options_(std::move(options)), spool_(options_.spool_path), url_(options_.url) {}
  ~Stream() override { abort(); }

  void start() {
    tail_thread_ = std::jthread([this] { run_tail(tail_stop_.get_token()); });
    main_thread_ = std::jthread([this] { run_main(main_stop_.get_token()); });
  }

  std::unique_ptr<ByteSource> reader() override;
  std::size_t read_arrived(std::uint64_t at, std::span<std::byte> out) const override {
    return spool_.read_arrived(at, out);
  }
  void want(std::uint64_t at) override { spool_.want(at); }
  void unwant(std::uint64_t at) noexcept override { spool_.unwant(at); }
  void wait_complete(const std::stop_token& stop) override { spool_.wait_finished(stop); }
  bool complete() const override { return spool_.finished(); }
  void abort() noexcept override;
  Facts facts() const override;

 private:
  /// One driver's memory between its requests.
  struct Tries {
    int fruitless = 0;          ///< in a row without a new byte
    bool use_ranges = true;     ///< false: the server lied about one, so everything is asked for and compared
    std::uint64_t overlap = 0;  ///< bytes before the gap to ask for again
    bool fresh = false;         ///< on a new connection: an HTTP/2 one that fell silent would be used again
  };

  void run_main(const std::stop_token& stop) noexcept;
  void run_tail(const std::stop_token& stop) noexcept;
  void fill_from_front(const std::stop_token& stop);
  void check_sum(const std::stop_token& stop);
  void fill_tail(std::uint64_t from, const std::stop_token& stop);
  std::optional<Gap> next_front_gap(const std::stop_token& stop);
  Outcome request(const Gap& gap, const Tries& tries, const std::string& url, const std::stop_token& stop);
  void recover(const Outcome& outcome, Tries& tries, const std::string& url, const std::stop_token& stop);
  void renew(const std::string& used);
  void fail(std::exception_ptr cause) noexcept;
  std::string url() const;

  Client& client_;
  const HttpStreamOptions options_;
  Spool spool_;
  Identity identity_;
  std::atomic<int> requests_ = 0, refreshes_ = 0;
  std::atomic<bool> length_proven_ = false;

  std::mutex renewing_;  // one refresh at a time; taken before mutex_
  mutable std::mutex mutex_;
  std::condition_variable_any tail_over_;
  std::string url_, offered_sha256_;
  std::optional<std::uint64_t> tail_from_;  // a tail request is under way from there

  std::stop_source tail_stop_, main_stop_;  // not the threads' own: each thread may stop the other
  std::jthread tail_thread_, main_thread_;  // last: they end before what they use
};

class Reader : public ByteSource {
 public:
  Reader(std::shared_ptr<Stream> stream, Spool& spool) : stream_(std::move(stream)), spool_(spool) {}

  std::size_t read(std::span<std::byte> out) override {
    std::size_t n = spool_.read(position_, out, gone_);
    position_ += n;
    return n;
  }
  void seek(std::uint64_t position) override { position_ = position; }
  std::optional<std::uint64_t> size() override { return spool_.wait_size(gone_); }
  void abort() noexcept override { spool_.wake(gone_); }

 private:
  std::shared_ptr<Stream> stream_;
  Spool& spool_;
  std::uint64_t position_ = 0;
  std::atomic<bool> gone_ = false;
};

std::unique_ptr<ByteSource> Stream::reader() {
  return std::make_unique<Reader>(shared_from_this(), spool_);
}

void Stream::abort() noexcept {
  main_stop_.request_stop();
  tail_stop_.request_stop();
  spool_.abort();
}

HttpStream::Facts Stream::facts() const {
  return {.size = spool_.size(),
          .received = spool_.received(),
          .requests = requests_,
          .refreshes = refreshes_,
          .length_proven = length_proven_};
}

std::string Stream::url() const {
  std::lock_guard lock(mutex_);
  return url_;
}

void Stream::fail(std::exception_ptr cause) noexcept {
  try {
    std::rethrow_exception(cause);
  } catch (const Error& error) {
    spool_.fail(std::make_exception_ptr(
        Error(error.code(), log::redact(options_.name + ": " + error.message()), error.name())));
  } catch (...) {
    spool_.fail(cause);
  }
}

void Stream::run_main(const std::stop_token& stop) noexcept {
  try {
    fill_from_front(stop);
    check_sum(stop);
    if (!stop.stop_requested()) spool_.finish();
  } catch (...) {
    fail(std::current_exception());
  }
  tail_stop_.request_stop();
}

void Stream::fill_from_front(const std::stop_token& stop) {
  Tries tries;
  while (std::optional<Gap> gap = next_front_gap(stop)) {
    const std::string used = url();
    Outcome outcome = request(*gap, tries, used, stop);
    if (stop.stop_requested()) return;
    recover(outcome, tries, used, stop);
  }
}

/// Where the server has named the sum of the whole, what came must have it.
void Stream::check_sum(const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  const std::string offered = offered_sha256_;
  lock.unlock();
  if (offered.empty() || stop.stop_requested()) return;
  if (std::string found = sha256_file(options_.spool_path, stop); found != offered) {
    throw Error(ErrorCode::input,
                fmt::format("damaged: the server names SHA-256 {}, what it sent has {}", offered, found),
                "checksum");
  }
}

/// What is missing first and not being fetched by the tail; nullopt when nothing is, or on `stop`.
std::optional<Gap> Stream::next_front_gap(const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  std::optional<Gap> gap;
  tail_over_.wait(lock, stop, [&] {
    gap = spool_.first_gap(0);
    return !gap || !tail_from_ || gap->begin < *tail_from_;
  });
  return stop.stop_requested() ? std::nullopt : gap;
}

void Stream::run_tail(const std::stop_token& stop) noexcept {
  try {
    while (std::optional<std::uint64_t> from = spool_.wait_for_far_reader(kFar, stop)) {
      fill_tail(*from, stop);
    }
  } catch (const Error& error) {
    // The main transfer gets there too: only what would stop it as well ends the stream.
    if (error.code() != ErrorCode::network) {
      fail(std::current_exception());
      main_stop_.request_stop();
    }
  } catch (...) {
    fail(std::current_exception());
    main_stop_.request_stop();
  }
}

void Stream::fill_tail(std::uint64_t from, const std::stop_token& stop) {
  auto claim = [&](std::optional<std::uint64_t> at) {
    std::lock_guard lock(mutex_);
    tail_from_ = at;
    tail_over_.notify_all();
  };
  struct Release {
    decltype(claim)& set;
    ~Release() { set(std::nullopt); }
  } release{claim};
  claim(from);
  Tries tries;
  while (std::optional<Gap> gap = spool_.first_gap(from)) {
    const std::string used = url();
    Outcome outcome = request(*gap, tries, used, stop);
    if (stop.stop_requested() || outcome.end == Outcome::End::served) return;
    if (outcome.end == Outcome::End::wrong_range) throw Error(ErrorCode::network, outcome.cause);
    recover(outcome, tries, used, stop);
  }
}

Outcome Stream::request(const Gap& gap, const Tries& tries, const std::string& url,
                        const std::stop_token& stop) {
  Asked asked;
  if (tries.use_ranges && gap.begin > 0) {
    asked = {.ranged = true, .from = gap.begin - std::min(gap.begin, tries.overlap), .to = gap.end};
  }
  Fetch fetch(spool_, identity_, gap, asked, options_.max_bytes);
  ++requests_;
  std::uint64_t id = client_.download(url, asked.from, asked.to, fetch, tries.fresh);
  fetch.wait(options_.stall, stop);
  client_.cancel(id);
  if (stop.stop_requested()) return {};
  Outcome outcome = fetch.outcome();
  if (fetch.length_proven()) length_proven_ = true;
  if (std::string sum = fetch.offered_sha256(); !sum.empty()) {
    std::lock_guard lock(mutex_);
    offered_sha256_ = sum;
  }
  return outcome;
}

/// Decides what a request that ended early means for the next one; throws when there is no sense in another.
void Stream::recover(const Outcome& outcome, Tries& tries, const std::string& url,
                     const std::stop_token& stop) {
  if (outcome.fresh > 0) {
    tries.fruitless = 0;
    tries.overlap = std::min(kOverlap, outcome.fresh / kOverlapPart);
  } else if (outcome.end == Outcome::End::dropped) {
    tries.overlap /= 2;
  }
  if (outcome.end == Outcome::End::served) return;
  tries.fresh = outcome.end == Outcome::End::dropped;
  if (outcome.end == Outcome::End::wrong_range) {
    if (!tries.use_ranges) throw Error(ErrorCode::input, outcome.cause, "wrong_range");
    tries.use_ranges = false;
  }
  if (outcome.end == Outcome::End::expired && !options_.refresh) {
    throw Error(ErrorCode::input, fmt::format("{}: answered {}", url, outcome.cause), "http_status");
  }
  if (outcome.fresh == 0 && ++tries.fruitless >= options_.max_tries) {
    throw Error(ErrorCode::network,
                fmt::format("gave up at byte {} after {} tries without a new byte, at last: {}",
                            spool_.received(), tries.fruitless, outcome.cause),
                "gave_up");
  }
  std::chrono::milliseconds delay = backoff(options_.retry_delay, std::max(0, tries.fruitless - 1));
  if (outcome.retry_after) {
    std::chrono::seconds wish(std::min<std::int64_t>(*outcome.retry_after, kMaxRetryAfter.count()));
    delay = std::max(delay, std::min<std::chrono::milliseconds>(wish, kMaxRetryAfter));
  }
  log::info("{}: {} bytes are there, goes on in {} ms ({})", options_.name, spool_.received(), delay.count(),
            outcome.cause);
  if (!system_clock().sleep(delay, stop)) return;
  if (outcome.end == Outcome::End::expired) renew(url);
}

/// A fresh URL instead of `used`, unless the other driver has got one meanwhile.
void Stream::renew(const std::string& used) {
  std::lock_guard one_at_a_time(renewing_);
  if (url() != used) return;
  ++refreshes_;
  std::string fresh = options_.refresh();
  std::lock_guard lock(mutex_);
  url_ = std::move(fresh);
}

}  // namespace

std::shared_ptr<HttpStream> HttpStream::open(Client& client, HttpStreamOptions options) {
  auto stream = std::make_shared<Stream>(client, std::move(options));
  stream->start();
  return stream;
}

}  // namespace avstage::net
