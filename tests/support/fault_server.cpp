#include "support/fault_server.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <random>
#include <stdexcept>

namespace avstage::test {
namespace {

/// Reads requests from one connection, one after the other.
class RequestReader {
 public:
  RequestReader(int fd, int connection) : fd_(fd), connection_(connection) {}

  std::optional<HttpRequest> next() {
    std::size_t end;
    while ((end = buffer_.find("\r\n\r\n")) == std::string::npos) {
      if (!fill()) return std::nullopt;
    }
    HttpRequest request = parse(buffer_.substr(0, end + 2));
    buffer_.erase(0, end + 4);
    std::size_t length = std::strtoul(request.header("content-length").c_str(), nullptr, 10);
    while (buffer_.size() < length) {
      if (!fill()) return std::nullopt;
    }
    request.body = buffer_.substr(0, length);
    buffer_.erase(0, length);
    return request;
  }

 private:
  bool fill() {
    char chunk[16384];
    ssize_t n = ::recv(fd_, chunk, sizeof chunk, 0);
    if (n <= 0) return false;
    buffer_.append(chunk, static_cast<std::size_t>(n));
    return true;
  }

  HttpRequest parse(const std::string& head) const {
    HttpRequest request;
    request.connection = connection_;
    std::size_t line_end = head.find("\r\n");
    std::size_t first = head.find(' '), second = head.find(' ', first + 1);
    request.method = head.substr(0, first);
    request.target = head.substr(first + 1, second - first - 1);
    while (line_end + 2 < head.size()) {
      std::size_t begin = line_end + 2;
      line_end = head.find("\r\n", begin);
      std::size_t colon = head.find(':', begin);
      if (colon == std::string::npos || colon > line_end) continue;
      std::string name = head.substr(begin, colon - begin);
      std::transform(name.begin(), name.end(), name.begin(), [](unsigned char c) { return std::tolower(c); });
      std::size_t value = std::min(line_end, head.find_first_not_of(' ', colon + 1));
      request.headers.emplace_back(name, head.substr(value, line_end - value));
    }
    return request;
  }

  int fd_;
  int connection_;
  std::string buffer_;
};

const char* reason(int status) {
  switch (status) {
    case 200:
      return "OK";
    case 206:
      return "Partial Content";
    default:
      return "Because";
  }
}

}  // namespace

int listen_on_loopback(int& port) {
  int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  auto* raw = reinterpret_cast<sockaddr*>(&address);
  if (fd < 0 || ::bind(fd, raw, size) != 0 || ::listen(fd, 64) != 0 || ::getsockname(fd, raw, &size) != 0) {
    throw std::runtime_error("cannot listen on loopback");
  }
  port = ntohs(address.sin_port);
  return fd;
}

void Gate::open() {
  std::lock_guard lock(mutex_);
  open_ = true;
  changed_.notify_all();
}

bool Gate::wait(const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  return changed_.wait(lock, stop, [&] { return open_; });
}

bool Gate::wait_for(std::chrono::milliseconds limit) {
  std::unique_lock lock(mutex_);
  return changed_.wait_for(lock, limit, [&] { return open_; });
}

std::string HttpRequest::header(std::string_view name) const {
  auto it = std::find_if(headers.begin(), headers.end(), [&](const auto& h) { return h.first == name; });
  return it == headers.end() ? "" : it->second;
}

std::optional<std::pair<std::uint64_t, std::optional<std::uint64_t>>> HttpRequest::range() const {
  const std::string text = header("range");
  if (!text.starts_with("bytes=")) return std::nullopt;
  char* end = nullptr;
  std::uint64_t from = std::strtoull(text.c_str() + 6, &end, 10);
  if (*end != '-') return std::nullopt;
  if (end[1] == '\0') return std::pair(from, std::optional<std::uint64_t>());
  return std::pair(from, std::optional<std::uint64_t>(std::strtoull(end + 1, nullptr, 10) + 1));
}

bool Connection::send(std::string_view bytes) {
  while (!bytes.empty() && !closed_) {
    ssize_t n = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (n <= 0) {
      closed_ = true;
      break;
    }
    bytes.remove_prefix(static_cast<std::size_t>(n));
  }
  return !closed_ && !stop_.stop_requested();
}

bool Connection::respond(int status, std::string_view body, std::string_view headers) {
  return send(fmt::format("HTTP/1.1 {} {}\r\nContent-Length: {}\r\n{}\r\n{}", status, reason(status),
                          body.size(), headers, body));
}

void Connection::sleep(std::chrono::milliseconds duration) {
  std::mutex mutex;
  std::condition_variable_any wake;
  std::unique_lock lock(mutex);
  wake.wait_for(lock, stop_, duration, [&] { return stop_.stop_requested(); });
}

void Connection::stall() {
  char chunk[4096];
  while (::recv(fd_, chunk, sizeof chunk, 0) > 0) {
  }
  closed_ = true;
}

void Connection::close() {
  ::shutdown(fd_, SHUT_WR);
  closed_ = true;
}

void Connection::reset() {
  linger at_once{1, 0};
  ::setsockopt(fd_, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  closed_ = true;
}

FaultServer::FaultServer(Handler handler)
    : handler_(std::move(handler)), listener_(listen_on_loopback(port_)) {
  accepting_ = std::thread([this] { accept_loop(); });
}

FaultServer::~FaultServer() {
  stop_.request_stop();
  ::shutdown(listener_, SHUT_RDWR);
  accepting_.join();
  {
    std::lock_guard lock(mutex_);
    for (int fd : open_) ::shutdown(fd, SHUT_RDWR);
  }
  for (std::thread& thread : threads_) thread.join();
  ::close(listener_);
}

std::string FaultServer::url(const std::string& target) const {
  return fmt::format("http://127.0.0.1:{}{}", port_, target);
}

std::vector<HttpRequest> FaultServer::requests() const {
  std::lock_guard lock(mutex_);
  return requests_;
}

void FaultServer::accept_loop() {
  while (!stop_.stop_requested()) {
    int fd = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (fd < 0) continue;
    std::lock_guard lock(mutex_);
    open_.push_back(fd);
    int number = connections_++;
    threads_.emplace_back([this, fd, number] { serve(fd, number); });
  }
}

void FaultServer::serve(int fd, int number) {
  Connection connection(fd, stop_.get_token());
  RequestReader reader(fd, number);
  try {
    while (!connection.closed() && !stop_.stop_requested()) {
      std::optional<HttpRequest> request = reader.next();
      if (!request) break;
      {
        std::lock_guard lock(mutex_);
        requests_.push_back(*request);
      }
      handler_(*request, connection);
    }
  } catch (const std::exception& error) {
    ADD_FAILURE() << "the server's handler threw: " << error.what();
  }
  std::lock_guard lock(mutex_);
  open_.remove(fd);
  ::close(fd);
}

namespace {

/// The part of the file that an answer carries: [begin, end).
struct Part {
  std::uint64_t begin, end;
};

std::string file_head(int status, const Part& part, std::size_t total, const ServeOptions& options) {
  std::string head = fmt::format("HTTP/1.1 {} {}\r\nContent-Type: {}\r\n{}", status, reason(status),
                                 options.content_type, options.extra_headers);
  if (!options.etag.empty()) head += fmt::format("ETag: {}\r\n", options.etag);
  if (!options.no_ranges) head += "Accept-Ranges: bytes\r\n";
  if (status == 206)
    head += fmt::format("Content-Range: bytes {}-{}/{}\r\n", part.begin, part.end - 1, total);
  if (options.chunked) {
    head += "Transfer-Encoding: chunked\r\n";
  } else if (options.close_delimited) {
    head += "Connection: close\r\n";
  } else {
    head += fmt::format("Content-Length: {}\r\n", part.end - part.begin);
  }
  return head + "\r\n";
}

/// Sends [begin, end), as one chunk where the answer is chunked.
bool send_piece(Connection& connection, std::string_view bytes, const ServeOptions& options) {
  if (bytes.empty()) return true;
  if (!options.chunked) return connection.send(bytes);
  return connection.send(fmt::format("{:x}\r\n", bytes.size())) && connection.send(bytes) &&
         connection.send("\r\n");
}

void send_body(Connection& connection, std::string_view bytes, Part part, const ServeOptions& options) {
  auto send_until = [&](std::uint64_t end) {
    end = std::clamp(end, part.begin, part.end);
    bool sent = send_piece(connection, bytes.substr(part.begin, end - part.begin), options);
    part.begin = end;
    return sent;
  };
  if (options.gate != nullptr && (!send_until(options.gate_at) || !connection.wait(*options.gate))) return;
  const std::uint64_t never = part.end + 1;
  std::uint64_t fault = never;
  for (std::optional<std::uint64_t> at : {options.cut_at, options.reset_at, options.stall_at}) {
    if (at && *at >= part.begin) fault = std::min(fault, *at);
  }
  if (!send_until(fault)) return;
  if (fault < never) {
    if (options.stall_at == fault) return connection.stall();
    return options.reset_at == fault ? connection.reset() : connection.close();
  }
  if (options.chunked) connection.send("0\r\n\r\n");
  if (options.close_delimited) connection.close();
}

}  // namespace

void serve_file(Connection& connection, const HttpRequest& request, std::string_view bytes,
                const ServeOptions& options) {
  Part part{0, bytes.size()};
  int status = 200;
  if (auto range = request.range(); range && !options.no_ranges) {
    if (range->first >= bytes.size()) {
      connection.respond(416, "", fmt::format("Content-Range: bytes */{}\r\n", bytes.size()));
      return;
    }
    part = {range->first, std::min<std::uint64_t>(range->second.value_or(bytes.size()), bytes.size())};
    status = 206;
  }
  if (!connection.send(file_head(status, part, bytes.size(), options))) return;
  if (request.method != "HEAD") send_body(connection, bytes, part, options);
}

std::string noise(std::size_t size, unsigned seed) {
  std::mt19937_64 random(seed);
  std::string out(size, '\0');
  for (char& c : out) c = static_cast<char>(random() >> 56);
  return out;
}

}  // namespace avstage::test
