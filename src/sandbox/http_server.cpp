#include "sandbox/http_server.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstring>

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

/// A connected socket that gives up as soon as the server closes.
class Connection : public httplib::Stream {
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
      if (!is_readable()) return -1;
      ssize_t n = ::recv(socket_, buffer_, sizeof buffer_, 0);
      if (n <= 0) return n;
      used_ = 0, filled_ = static_cast<std::size_t>(n);
    }
    std::size_t n = std::min(size, filled_ - used_);
    std::memcpy(out, buffer_ + used_, n);
    used_ += n;
    return static_cast<ssize_t>(n);
  }

  ssize_t write(const char* data, std::size_t size) override {
    if (!is_writable()) return -1;
    ssize_t n = ::send(socket_, data, size, MSG_NOSIGNAL | MSG_DONTWAIT);
    return n < 0 && errno == EAGAIN ? 0 : n;
  }

  bool has_request() const { return used_ < filled_ || wait(POLLIN, kIdle); }

  void get_remote_ip_and_port(std::string& ip, int& port) const override {
    address(&::getpeername, ip, port);
  }
  void get_local_ip_and_port(std::string& ip, int& port) const override { address(&::getsockname, ip, port); }
  socket_t socket() const override { return socket_; }

 private:
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
  char buffer_[8192];
  std::size_t used_ = 0, filled_ = 0;
};

void prepare(httplib::Request& request) {
  request.ranges.clear();
  if (request.is_multipart_form_data()) request.headers.erase("Content-Type");  // every body is read raw
}

}  // namespace

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
  bool fine = true;
  for (int i = 1; i <= kMaxRequests && fine && connection.has_request(); ++i) {
    bool ended = false;
    fine = process_request(connection, i == kMaxRequests, ended, prepare) && !ended;
  }
  ::shutdown(socket, SHUT_RDWR);
  ::close(socket);
  return fine;
}

}  // namespace avstage::sandbox
