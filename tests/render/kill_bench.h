#pragma once

#include <gtest/gtest.h>

#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "avstage/avstage.h"
#include "net/client.h"
#include "sandbox/sandbox.h"
#include "support/cli_runner.h"
#include "support/fault_server.h"
#include "support/temp_dir.h"

namespace avstage::test {

/// A bad day of the API: what happens to the first order of each run.
enum class ApiFault { none, lost, gateway, busy, slow };

/// Stands between a run and the sandbox: passes every API request on, does the day's fault, counts, and may
/// kill the run at what it sees. The clips themselves come from the sandbox directly.
class Middle {
 public:
  explicit Middle(std::string sandbox_url);

  std::string url() const { return server_->url(""); }
  void new_run(ApiFault fault);
  /// Calls `kill` at the `count`-th request of that kind: "arrived" (an order, not yet passed on), "bought"
  /// (an order, made but not answered), "asked" (a status), "listed".
  void kill_at(const std::string& kind, int count, std::function<void()> kill);
  /// A video is not completed for so long after its order.
  void make_slowly(std::chrono::milliseconds time) { make_time_ = time; }
  /// The list does not know a video for so long after its order.
  void list_late(std::chrono::milliseconds lag) { list_lag_ = lag; }
  /// Orders wait at this gate before they are passed on.
  void hold_orders(Gate* gate);

  /// From now on the vendor does not know the idempotency keys of before.
  void forget_keys() { ++keys_of_; }

  int orders() const { return orders_; }
  /// The ids of all videos that were ordered, oldest first.
  std::vector<std::string> made() const;
  int seen(const std::string& kind) const;
  int most_being_made() const;
  /// The id of the newest video whose title has `tag`, "" for none.
  std::string find(const std::string& tag);

 private:
  void answer(const HttpRequest& request, Connection& connection);
  void order(const HttpRequest& request, Connection& connection);
  net::Response pass_on(const HttpRequest& request);
  std::string without_young(const std::string& list) const;
  void pass(const std::string& kind);

  std::string sandbox_url_;
  net::Client client_{{.allow_http = true}};
  mutable std::mutex mutex_;
  ApiFault fault_ = ApiFault::none;
  bool fault_due_ = false;
  std::string kill_kind_;
  int kill_count_ = 0;
  std::function<void()> kill_;
  std::map<std::string, int> seen_;
  std::map<std::string, std::chrono::steady_clock::time_point> being_made_;  ///< since when, by video id
  std::map<std::string, std::chrono::steady_clock::time_point> ordered_;     ///< by video id
  std::atomic<std::chrono::milliseconds> make_time_{}, list_lag_{};
  std::vector<std::string> made_;
  std::size_t most_ = 0;
  std::atomic<int> keys_of_ = 0;
  std::atomic<int> orders_ = 0;
  std::atomic<Gate*> gate_ = nullptr;
  std::unique_ptr<FaultServer> server_;
};

/// A sandbox, the middle, and runs as processes of their own: this very program, at KillChild below.
class KillBench : public testing::Test {
 protected:
  KillBench();

  /// One clip, take `take`, in a film of its own folder.
  std::string job(const std::string& dialect, int take, const std::string& more = "") const;
  /// One that prefers a transparent clip, gets an opaque one and falls back; with all that lies beside a
  /// film.
  std::string fallback_job(const std::string& dialect, int take) const;
  Settings settings(const std::string& name) const;
  /// Starts a run of `text` in the folder `name`. `more`: environment, as in kill_child.cpp.
  std::unique_ptr<CliProcess> start(const std::string& name, const std::string& text,
                                    const std::map<std::string, std::string>& more = {});
  /// The film of a folder and what lies beside it, with these video ids taken out; "" where there is none.
  std::string film(const std::string& name, const std::vector<std::string>& video_ids) const;
  bool any_part_left(const std::string& name) const;

  TempDir dir;
  std::unique_ptr<sandbox::Sandbox> sandbox;
  std::unique_ptr<Middle> middle;
};

}  // namespace avstage::test
