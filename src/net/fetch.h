#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <exception>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>

#include "net/answer.h"
#include "net/spool.h"

namespace avstage::net {

/// How one request for missing bytes ended.
struct Outcome {
  enum class End {
    served,       ///< as far as the request or the gap goes
    dropped,      ///< the connection, or the server, gave up before
    expired,      ///< the URL is no longer good
    wrong_range,  ///< the server lied about the range
  };
  End end = End::served;
  std::string cause;                        ///< of everything but `served`
  std::uint64_t fresh = 0;                  ///< bytes that were not in the spool before
  std::optional<std::int64_t> retry_after;  ///< seconds, the server's wish
};

/// One request: checks the answer's head, compares what the spool has already, stores what it lacks, and ends
/// at the first byte behind the gap that is present, when what came with it has been compared too. The
/// callbacks run on the net thread, wait() and outcome() on the thread that asked.
class Fetch : public TransferHandler {
 public:
  /// `gap` is what is missing; `asked` may start before it: the bytes between are there, and are compared.
  Fetch(Spool& spool, Identity& identity, Gap gap, Asked asked, std::uint64_t max_bytes);

  bool on_headers(const Response& head) noexcept override;
  bool on_data(std::span<const std::byte> data) noexcept override;
  void on_done(std::exception_ptr error) noexcept override;

  /// Until the transfer is over, `stop` is requested, or no useful byte came for `stall`.
  void wait(std::chrono::milliseconds stall, const std::stop_token& stop);
  /// After on_done. Throws what no repetition can mend.
  Outcome outcome() const;
  bool length_proven() const { return length_proven_; }
  /// After on_done: the sum that the server names for the whole resource, or "".
  std::string offered_sha256() const {
    return answer_ && answer_->kind == Answer::Kind::body ? answer_->sha256 : "";
  }

 private:
  void take_head(const Response& head);
  void take_data(std::span<const std::byte> data);
  void meet_present(std::span<const std::byte> data);
  void take_end();
  void end(Outcome::End how, std::string cause);
  template <typename Work>
  bool guarded(Work work) noexcept;

  Spool& spool_;
  Identity& identity_;
  const Gap gap_;
  const Asked asked_;
  const std::uint64_t max_bytes_;

  // Net thread, and the asking one after on_done.
  std::optional<Answer> answer_;
  std::uint64_t position_ = 0;  // offset of the next body byte
  std::optional<Outcome> outcome_;
  std::uint64_t fresh_ = 0;
  bool length_proven_ = false;
  std::exception_ptr failure_;

  // Both, under mutex_.
  std::mutex mutex_;
  std::condition_variable_any over_;
  bool done_ = false;
  bool stalled_ = false;
  std::chrono::steady_clock::time_point last_news_ = std::chrono::steady_clock::now();
};

}  // namespace avstage::net
