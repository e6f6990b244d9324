#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "support/fault_server.h"

namespace avstage::test {

inline constexpr const char* kJson = "Content-Type: application/json\r\n";  ///< of an answer

/// A vendor and its CDN for one test: answers both dialects and serves one clip, as well or as badly as the
/// test says. Counts what would have cost money.
class Vendor {
 public:
  struct Script {
    std::string clip;                  ///< the mp4's bytes
    ServeOptions cdn;                  ///< how the first download behaves; later ones are clean
    bool cdn_always = false;           ///< … or every download
    std::string status = "completed";  ///< of every status call
    double duration = 0;
    bool insufficient_credit = false;  ///< completed with a URL and that error
    std::string captions;              ///< the caption file's bytes; empty: it has made none
    std::string create_answer;         ///< a whole body instead of the right one
    int create_status = 200;
    bool unlisted = false;            ///< its list is empty
    std::string refuse;               ///< creates with this in their body get a 400; empty: none
    std::vector<int> refuse_repeats;  ///< HTTP statuses of the creates after the first, one each
    int lose_answers = 0;             ///< so many creates are accepted, but their answers never arrive
    std::uint64_t expire_at = 0;      ///< the first URL turns 403 from this byte on (0: never)
    /// Answers every download, the first with number 0, instead of `cdn`.
    std::function<void(int number, const HttpRequest&, Connection&)> download;
  };
  explicit Vendor(Script script);

  std::string url() const { return server_->url(""); }
  int charges() const;    ///< videos that exist
  int creates() const;    ///< POSTs that arrived
  int downloads() const;  ///< GETs of the clip
  std::vector<HttpRequest> requests() const { return server_->requests(); }
  void set_status(const std::string& status);
  /// Refuses everything of the older generations with this HTTP status.
  void remove_v2(int status);

 private:
  void answer(const HttpRequest& request, Connection& connection);
  int gone(const std::string& target) const;
  void create(const HttpRequest& request, Connection& connection, bool v3);
  void list(Connection& connection, bool v3) const;
  void status(const std::string& id, Connection& connection, bool v3) const;
  void download(const HttpRequest& request, Connection& connection);

  Script script_;
  mutable std::mutex mutex_;
  std::map<std::string, std::string> titles_;      ///< video id → title
  std::map<std::string, std::string> idempotent_;  ///< key → video id
  int creates_ = 0, downloads_ = 0, gone_ = 0;
  mutable int signatures_ = 0;
  std::unique_ptr<FaultServer> server_;
};

}  // namespace avstage::test
