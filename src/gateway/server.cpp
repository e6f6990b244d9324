#include "gateway/server.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "base/log.h"

namespace avstage::gateway {
namespace {

constexpr std::size_t kMostConnections = 900;  ///< below the usual limit of open files
constexpr std::chrono::seconds kIdle{60};
constexpr int kSoon = 10, kNow_and_then = 1000;  ///< milliseconds

}  // namespace

Alarm::Alarm() : fd_(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {
  if (fd_ < 0) throw Error(ErrorCode::local, "too many open files", "files");
}

Alarm::~Alarm() {
  ::close(fd_);
}

void Alarm::ring() noexcept {
  const std::uint64_t one = 1;
  [[maybe_unused]] ssize_t n = ::write(fd_, &one, sizeof one);
}

void Alarm::still() noexcept {
  std::uint64_t count = 0;
  [[maybe_unused]] ssize_t n = ::read(fd_, &count, sizeof count);
}

Server::Server(int port, Service service, Alarm& alarm)
    : service_(std::move(service)),
      alarm_(alarm),
      listener_(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)) {
  try {
    listen(port);
  } catch (...) {
    ::close(listener_);
    throw;
  }
  thread_ = std::jthread([this](const std::stop_token& stop) { run(stop); });
}

Server::~Server() {
  thread_.request_stop();
  alarm_.ring();
  thread_.join();
  connections_.clear();
  ::close(listener_);
}

void Server::listen(int port) {
  const int on = 1;
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  socklen_t size = sizeof address;
  auto* generic = reinterpret_cast<sockaddr*>(&address);
  ::setsockopt(listener_, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (listener_ < 0 || ::bind(listener_, generic, size) != 0 || ::listen(listener_, 128) != 0 ||
      ::getsockname(listener_, generic, &size) != 0) {
    throw Error(ErrorCode::local, fmt::format("127.0.0.1:{}: cannot listen: {}", port, std::strerror(errno)),
                "listen");
  }
  port_ = ntohs(address.sin_port);
}

void Server::run(const std::stop_token& stop) noexcept {
  while (!stop.stop_requested()) {
    try {
      turn();
    } catch (const std::exception& e) {
      log::error("gateway: {}", e.what());
      std::this_thread::sleep_for(std::chrono::milliseconds(kSoon));
    }
  }
}

/// Waits for something to happen, then lets every connection do what it can.
void Server::turn() {
  std::vector<pollfd> waiting{{alarm_.fd(), POLLIN, 0}};
  waiting.push_back({listener_, static_cast<short>(connections_.size() < kMostConnections ? POLLIN : 0), 0});
  bool soon = false;
  for (const Connection& c : connections_) {
    waiting.push_back({c.fd(), c.events(), 0});
    soon = soon || c.starving();
  }
  if (::poll(waiting.data(), waiting.size(), soon ? kSoon : kNow_and_then) < 0) return;
  if (waiting[0].revents != 0) alarm_.still();
  std::size_t next = 2;
  for (auto c = connections_.begin(); c != connections_.end();) {
    bool open = false;
    try {
      open = c->advance(waiting[next++].revents) && !c->idle_for(kIdle);
    } catch (const std::exception& e) {  // it has no answer; the others have
      log::error("gateway: {}", e.what());
    }
    c = open ? std::next(c) : connections_.erase(c);
  }
  if (waiting[1].revents != 0) accept_all();
}

void Server::accept_all() {
  while (connections_.size() < kMostConnections) {
    int fd = ::accept4(listener_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0) return;
    const int on = 1;
    ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    connections_.emplace_back(fd, service_);
  }
}

}  // namespace avstage::gateway
