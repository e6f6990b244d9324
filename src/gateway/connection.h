#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "gateway/catalog.h"
#include "gateway/http.h"

namespace avstage::gateway {

/// How requests are answered; both are called on the server's thread.
struct Service {
  std::string token;  ///< "/TOKEN" or ""
  std::function<Catalog::Found(const std::string& path)> find;
  std::function<std::string()> index;  ///< the text at "/"
};

/// One client. It never blocks: advance() does what can be done now, events() says what to wait for.
class Connection {
 public:
  Connection(int fd, const Service& service) : fd_(fd), service_(service) {}
  ~Connection();  ///< an answer that is not over is reset
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  int fd() const { return fd_; }
  short events() const;
  /// Waits for bytes of a clip that is arriving: to be looked at again soon.
  bool starving() const { return phase_ == Phase::sending && starving_; }
  /// Takes what poll() saw. False: the connection is over.
  bool advance(short seen);
  bool idle_for(std::chrono::seconds limit) const;

 private:
  enum class Phase { reading, waiting, sending };

  bool read_some();
  void take_request();
  void answer(const Request& request);
  void say(int status, std::string_view text, std::string_view headers = "");
  void begin_when_ready();
  void begin(std::uint64_t size);
  bool send_some();
  bool flush();
  void fill();
  void set_wish(std::optional<std::uint64_t> at);
  void end_answer();

  const int fd_;
  const Service& service_;
  Phase phase_ = Phase::reading;
  std::string in_, out_;
  bool keep_alive_ = true, lost_ = false, starving_ = false;
  std::chrono::steady_clock::time_point last_ = std::chrono::steady_clock::now();

  // Of the answer that is under way.
  Request request_;
  Catalog::Found clip_;
  std::uint64_t size_ = 0;
  ByteRange left_;                     ///< of the clip, still to be put into out_
  std::optional<std::uint64_t> wish_;  ///< a byte that the feed was asked for
};

}  // namespace avstage::gateway
