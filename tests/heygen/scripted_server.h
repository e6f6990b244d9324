#pragma once

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace avstage::test {

struct Received {
  std::string method, target, body;
  std::map<std::string, std::string> headers;  ///< names in lower case
};

struct Reply {
  int status = 200;
  std::string body;
  std::vector<std::string> headers;  ///< whole lines
  bool drop = false;                 ///< close without an answer
};

/// An HTTP server on loopback that answers each request as `script` says, one connection a request.
class ScriptedServer {
 public:
  using Script = std::function<Reply(const Received&)>;

  explicit ScriptedServer(Script script) : script_(std::move(script)) {
    listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    if (::bind(listener_, reinterpret_cast<sockaddr*>(&address), size) != 0 || ::listen(listener_, 16) != 0) {
      throw std::runtime_error("cannot listen");
    }
    ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size);
    port_ = ntohs(address.sin_port);
    thread_ = std::thread([this] { run(); });
  }

  ~ScriptedServer() {
    ::shutdown(listener_, SHUT_RDWR);
    thread_.join();
    ::close(listener_);
  }

  std::string url() const { return fmt::format("http://127.0.0.1:{}", port_); }

  std::vector<Received> received() {
    std::lock_guard lock(mutex_);
    return received_;
  }

 private:
  void run() {
    for (;;) {
      int connection = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
      if (connection < 0) return;
      Received request;
      if (read_request(connection, request)) {
        {
          std::lock_guard lock(mutex_);
          received_.push_back(request);
        }
        answer(connection, script_(request));
      }
      ::close(connection);
    }
  }

  static bool read_request(int connection, Received& request) {
    std::string text;
    std::size_t head = std::string::npos;
    std::size_t wanted = 0;
    while (head == std::string::npos || text.size() < head + 4 + wanted) {
      char buffer[4096];
      ssize_t n = ::recv(connection, buffer, sizeof buffer, 0);
      if (n <= 0) return false;
      text.append(buffer, static_cast<std::size_t>(n));
      if (head == std::string::npos && (head = text.find("\r\n\r\n")) != std::string::npos) {
        parse_head(text.substr(0, head + 2), request);
        if (request.headers.contains("content-length"))
          wanted = std::stoul(request.headers["content-length"]);
      }
    }
    request.body = text.substr(head + 4);
    return true;
  }

  static void parse_head(const std::string& head, Received& request) {
    std::size_t line_end = head.find("\r\n");
    std::size_t first = head.find(' ');
    std::size_t second = head.find(' ', first + 1);
    request.method = head.substr(0, first);
    request.target = head.substr(first + 1, second - first - 1);
    for (std::size_t at = line_end + 2; at < head.size();) {
      std::size_t end = head.find("\r\n", at);
      std::size_t colon = head.find(':', at);
      std::string name = head.substr(at, colon - at);
      std::transform(name.begin(), name.end(), name.begin(), [](unsigned char c) { return std::tolower(c); });
      std::size_t value = head.find_first_not_of(' ', colon + 1);
      request.headers[name] = head.substr(value, end - value);
      at = end + 2;
    }
  }

  static void answer(int connection, const Reply& reply) {
    if (reply.drop) return;
    std::string text = fmt::format("HTTP/1.1 {} Scripted\r\nContent-Length: {}\r\nConnection: close\r\n",
                                   reply.status, reply.body.size());
    for (const std::string& line : reply.headers) text += line + "\r\n";
    text += "\r\n" + reply.body;
    for (std::size_t sent = 0; sent < text.size();) {
      ssize_t n = ::send(connection, text.data() + sent, text.size() - sent, MSG_NOSIGNAL);
      if (n <= 0) return;
      sent += static_cast<std::size_t>(n);
    }
  }

  Script script_;
  int listener_ = -1;
  int port_ = 0;
  std::thread thread_;
  std::mutex mutex_;
  std::vector<Received> received_;
};

}  // namespace avstage::test
