#include "sandbox/http_server.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <utility>

#include "avstage/error.h"

namespace avstage::sandbox {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr std::size_t kThreads = 32;                     // one a connection
constexpr std::size_t kMaxBody = std::size_t(33) << 20;  // an upload of 32 MiB in its form
constexpr milliseconds kIdle{15'000};
constexpr milliseconds kTransfer{10'000};
constexpr int kSliceMs = 50;  // how late a connection may notice that the server closes
constexpr int kMaxRequests = 1000;

constexpr std::size_t kMaxHead = 16384;
constexpr std::string_view kRawStarts[] = {"GET /files/", "HEAD /files/"};

/// A connected socket that gives up as soon as the server closes.
class Connection : public httplib::Stream, public RawConnection {
 public:
  Connection(int socket, const std::atomic<bool>& closing) : socket_(socket), closing_(closing) {}

  bool wait(short events, milliseconds limit) const {
    auto deadline = steady_clock::now() + limit;
    while (!closing_) {
      pollfd waiting{socket_, events, 0};
      int ready = ::poll(&waiting, 1, kSliceMs);
      if (ready > 0) return true;
      if ((ready < 0 && errno != EINTR) || steady_clock::now() >= deadline) return false;
    }
    return false;
  }

  bool is_readable() const override { return wait(POLLIN, kTransfer); }
  bool is_writable() const override { return wait(POLLOUT, kTransfer); }

  ssize_t read(char* out, std::size_t size) override {
    if (used_ == filled_) {
      used_ = filled_ = 0;
      if (ssize_t n = fill(); n <= 0) return n;
    }
    std::size_t n = std::min(size, filled_ - used_);
    std::memcpy(out, buffer_ + used_, n);
    used_ += n;
    return static_cast<ssize_t>(n);
  }

  ssize_t write(const char* data, std::size_t size) override {
    if (dropped_ || !is_writable()) return -1;
    ssize_t n = ::send(socket_, data, size, MSG_NOSIGNAL | MSG_DONTWAIT);
    return n < 0 && errno == EAGAIN ? 0 : n;
  }

  /// The head of the next request when it is one for the raw handler, else "": httplib reads it.
  std::string take_raw_head() {
    if (used_ > 0) std::memmove(buffer_, buffer_ + used_, filled_ - used_);
    filled_ -= std::exchange(used_, 0);
    for (;;) {
      std::string_view seen(buffer_, filled_);
      bool raw = false, perhaps = false;
      for (std::string_view start : kRawStarts) {
        raw |= seen.starts_with(start);
        perhaps |= start.starts_with(seen);
      }
      if (!raw && !perhaps) return "";
      if (std::size_t end = seen.find("\r\n\r\n"); raw && end != std::string_view::npos) {
        used_ = end + 4;
        return std::string(seen.substr(0, end + 2));
      }
      if (filled_ == sizeof buffer_ || fill() <= 0) return "";
    }
  }

  bool send_all(std::string_view bytes) override {
    while (!bytes.empty()) {
      ssize_t n = write(bytes.data(), bytes.size());
      if (n < 0) return false;
      bytes.remove_prefix(static_cast<std::size_t>(n));
    }
    return true;
  }
  bool pause(milliseconds time) override {
    auto until = steady_clock::now() + time;
    while (!closing_ && steady_clock::now() < until) {
      auto left = std::chrono::ceil<milliseconds>(until - steady_clock::now());
      std::this_thread::sleep_for(std::min(left, milliseconds(kSliceMs)));
    }
    return !closing_;
  }
  void stall() override {
    char sink[1024];
    while (!closing_) {
      if (wait(POLLIN, milliseconds(kSliceMs)) && ::recv(socket_, sink, sizeof sink, 0) <= 0) return;
    }
  }
  void reset() override {
    linger at_once{1, 0};
    ::setsockopt(socket_, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    reset_ = true;
  }
  void drop() { dropped_ = true; }
  bool is_reset() const { return reset_; }

  bool has_request() const { return used_ < filled_ || wait(POLLIN, kIdle); }

  void get_remote_ip_and_port(std::string& ip, int& port) const override {
    address(&::getpeername, ip, port);
  }
  void get_local_ip_and_port(std::string& ip, int& port) const override { address(&::getsockname, ip, port); }
  socket_t socket() const override { return socket_; }

 private:
  ssize_t fill() {
    if (!is_readable()) return -1;
    ssize_t n = ::recv(socket_, buffer_ + filled_, sizeof buffer_ - filled_, 0);
    if (n > 0) filled_ += static_cast<std::size_t>(n);
    return n;
  }

  void address(int (*get)(int, sockaddr*, socklen_t*), std::string& ip, int& port) const {
    sockaddr_in where{};
    socklen_t length = sizeof where;
    if (get(socket_, reinterpret_cast<sockaddr*>(&where), &length) != 0) return;
    char text[INET_ADDRSTRLEN] = {};
    if (::inet_ntop(AF_INET, &where.sin_addr, text, sizeof text) != nullptr) ip = text;
    port = ntohs(where.sin_port);
  }

  int socket_;
  const std::atomic<bool>& closing_;
  char buffer_[kMaxHead];
  std::size_t used_ = 0, filled_ = 0;
  bool dropped_ = false, reset_ = false;
};

/// The connection that this thread serves.
thread_local Connection* current = nullptr;

/// The text before `separator`, which is taken off `text` with it.
std::string_view cut(std::string_view& text, std::string_view separator) {
  std::size_t at = text.find(separator);
  std::string_view first = text.substr(0, at);
  text.remove_prefix(at == std::string_view::npos ? text.size() : at + separator.size());
  return first;
}

std::string lower(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(), [](unsigned char c) { return std::tolower(c); });
  return out;
}

RawRequest parse_head(std::string_view head) {
  RawRequest request;
  std::string_view line = cut(head, "\r\n");
  request.method = cut(line, " ");
  std::string_view target = cut(line, " ");
  request.path = cut(target, "?");
  while (!target.empty()) {
    std::string_view pair = cut(target, "&");
    std::string name(cut(pair, "="));
    request.query[name] = pair;
  }
  while (!head.empty()) {
    line = cut(head, "\r\n");
    std::string name = lower(cut(line, ":"));
    line.remove_prefix(std::min(line.find_first_not_of(" \t"), line.size()));
    request.headers[name] = line;
  }
  return request;
}

void prepare(httplib::Request& request) {
  request.ranges.clear();
  if (request.is_multipart_form_data()) request.headers.erase("Content-Type");  // every body is read raw
}

}  // namespace

std::string RawRequest::header(const std::string& name) const {
  auto found = headers.find(name);
  return found == headers.end() ? "" : found->second;
}

void HttpServer::drop_connection() {
  if (current != nullptr) current->drop();
}

bool HttpServer::pause(milliseconds time) {
  return current != nullptr && current->pause(time);
}

HttpServer::HttpServer() {
  new_task_queue = [] { return new httplib::ThreadPool(kThreads); };
  set_payload_max_length(kMaxBody);
  set_tcp_nodelay(true);
  // httplib's default is SO_REUSEPORT, with which a second server on the same port would not be noticed.
  set_socket_options([](socket_t socket) {
    int yes = 1;
    ::setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
  });
}

HttpServer::~HttpServer() {
  close();
}

int HttpServer::bind(int port) {
  int bound = port == 0 ? bind_to_any_port("127.0.0.1") : bind_to_port("127.0.0.1", port) ? port : -1;
  if (bound >= 0) return bound;
  throw Error(ErrorCode::local,
              fmt::format("127.0.0.1:{}: cannot listen: the port is taken or not allowed", port), "port");
}

void HttpServer::open() {
  acceptor_ = std::thread([this] { listen_after_bind(); });
  while (!is_running()) std::this_thread::sleep_for(milliseconds(1));
}

void HttpServer::close() {
  closing_ = true;
  stop();
  if (acceptor_.joinable()) acceptor_.join();
}

bool HttpServer::process_and_close_socket(socket_t socket) {
  Connection connection(socket, closing_);
  current = &connection;
  bool fine = true;
  for (int i = 1; i <= kMaxRequests && fine && connection.has_request(); ++i) {
    if (std::string head = files_ ? connection.take_raw_head() : ""; !head.empty()) {
      RawRequest request = parse_head(head);
      fine = files_(request, connection) && lower(request.header("connection")) != "close";
      continue;
    }
    bool ended = false;
    fine = process_request(connection, i == kMaxRequests, ended, prepare) && !ended;
  }
  current = nullptr;
  if (!connection.is_reset()) ::shutdown(socket, SHUT_RDWR);
  ::close(socket);
  return fine;
}

}  // namespace avstage::sandbox
