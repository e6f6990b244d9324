#pragma once

#include <list>
#include <thread>

#include "gateway/connection.h"

namespace avstage::gateway {

/// Wakes the server. Any thread.
class Alarm {
 public:
  Alarm();
  ~Alarm();
  Alarm(const Alarm&) = delete;
  Alarm& operator=(const Alarm&) = delete;
  void ring() noexcept;
  void still() noexcept;
  int fd() const { return fd_; }

 private:
  int fd_;
};

/// The one thread that serves all clients, on loopback.
class Server {
 public:
  /// Listens before it returns; Error{local} when the port is taken.
  Server(int port, Service service, Alarm& alarm);
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  int port() const { return port_; }

 private:
  void listen(int port);
  void run(const std::stop_token& stop) noexcept;
  void turn();
  void accept_all();

  const Service service_;
  Alarm& alarm_;  ///< rings when a clip has changed
  int listener_;
  int port_ = 0;
  std::list<Connection> connections_;  ///< the thread's
  std::jthread thread_;
};

}  // namespace avstage::gateway
