#include "gateway/connection.h"

#include <fmt/format.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

namespace avstage::gateway {
namespace {

using Feed = run::ClipFeed;

constexpr std::size_t kChunk = 128 << 10;

bool would_block() {
  return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR;
}

const char* type_of(const Feed& feed) {
  std::array<std::byte, 4> magic{};
  const std::array<std::byte, 4> ebml{std::byte{0x1a}, std::byte{0x45}, std::byte{0xdf}, std::byte{0xa3}};
  return feed.read_arrived(0, magic) == magic.size() && magic == ebml ? "video/webm" : "video/mp4";
}

}  // namespace

Connection::~Connection() {
  set_wish(std::nullopt);
  if (phase_ != Phase::reading) {  // what was promised does not come: a plain end could be taken for it
    const linger at_once{1, 0};
    ::setsockopt(fd_, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  }
  ::close(fd_);
}

short Connection::events() const {
  if (phase_ == Phase::reading) return POLLIN;
  if (phase_ == Phase::sending && !starving_) return POLLOUT | POLLRDHUP;
  return POLLRDHUP;
}

bool Connection::idle_for(std::chrono::seconds limit) const {
  return phase_ == Phase::reading && std::chrono::steady_clock::now() - last_ > limit;
}

bool Connection::advance(short seen) {
  if ((seen & (POLLERR | POLLHUP | POLLNVAL)) != 0) return false;
  // Who waits for an answer and has hung up is gone.
  if ((seen & POLLRDHUP) != 0 && phase_ != Phase::reading) return false;
  if (phase_ == Phase::reading && (seen & POLLIN) != 0 && !read_some()) return false;
  if (phase_ == Phase::reading) take_request();
  if (phase_ == Phase::waiting) begin_when_ready();
  if (phase_ == Phase::sending && !send_some()) return false;
  return phase_ != Phase::reading || keep_alive_;
}

bool Connection::read_some() {
  std::array<char, 4096> bytes;
  ssize_t n = ::recv(fd_, bytes.data(), bytes.size(), 0);
  if (n < 0) return would_block();
  in_.append(bytes.data(), static_cast<std::size_t>(n));
  last_ = std::chrono::steady_clock::now();
  return n > 0;
}

void Connection::take_request() {
  const std::size_t end = end_of_head(in_);
  if (end == std::string::npos && in_.size() <= kMaxHead) return;
  if (std::min(end, in_.size()) > kMaxHead) {
    keep_alive_ = false;
    return say(431, "the head is too long");
  }
  std::optional<Request> request = parse_request(std::string_view(in_).substr(0, end));
  in_.erase(0, end);
  if (!request) {
    keep_alive_ = false;
    return say(400, "not a request");
  }
  keep_alive_ = request->keep_alive;
  answer(*request);
}

void Connection::answer(const Request& request) {
  request_ = request;
  if (request.method != "GET" && request.method != "HEAD") {
    keep_alive_ = false;  // a body may follow
    return say(405, "only GET and HEAD", "Allow: GET, HEAD\r\n");
  }
  if (!is_loopback_host(request.host)) return say(403, "ask for 127.0.0.1");
  if (!request.path.starts_with(service_.token + "/")) return say(404, "no such clip");
  const std::string path = request.path.substr(service_.token.size());
  if (path == "/") return say(200, service_.index());
  clip_ = service_.find(path);
  if (!clip_.feed) return say(clip_.status, clip_.why);
  phase_ = Phase::waiting;
}

/// The whole answer is text.
void Connection::say(int status, std::string_view text, std::string_view headers) {
  clip_.feed.reset();
  left_ = {};
  out_ = plain_answer(status, text, keep_alive_, headers);
  if (request_.method == "HEAD") out_.resize(end_of_head(out_));
  phase_ = Phase::sending;
}

void Connection::begin_when_ready() {
  const Feed::State state = clip_.feed->state();
  if (state == Feed::State::failed) {
    auto [status, why] = answer_for(clip_.feed->failure());
    return say(status, why);
  }
  if (state == Feed::State::waiting) return;
  if (std::optional<std::uint64_t> size = clip_.feed->size()) begin(*size);
}

void Connection::begin(std::uint64_t size) {
  size_ = size;
  left_ = {0, size};
  int status = 200;
  std::string content_range;
  const bool ranged =
      request_.method == "GET" && (request_.if_range.empty() || request_.if_range == clip_.etag);
  if (auto range = parse_range(ranged ? request_.range : "", size)) {
    if (!range->satisfiable)
      return say(416, "no such bytes", fmt::format("Content-Range: bytes */{}\r\n", size));
    left_ = range->bytes;
    status = 206;
    content_range = fmt::format("Content-Range: bytes {}-{}/{}\r\n", left_.begin, left_.end - 1, size);
  }
  out_ = fmt::format(
      "{}Content-Type: {}\r\nContent-Length: {}\r\n{}ETag: {}\r\nAccept-Ranges: bytes\r\n"
      "Cache-Control: no-cache\r\nConnection: {}\r\n\r\n",
      status_line(status), type_of(*clip_.feed), left_.end - left_.begin, content_range, clip_.etag,
      keep_alive_ ? "keep-alive" : "close");
  if (request_.method == "HEAD") left_ = {};
  phase_ = Phase::sending;
}

/// False: the connection is over, or has to be.
bool Connection::send_some() {
  if (!flush()) return false;
  if (!out_.empty()) return true;
  if (left_.begin < left_.end) fill();
  if (lost_ || !flush()) return false;
  if (out_.empty() && left_.begin >= left_.end) end_answer();
  return true;
}

bool Connection::flush() {
  if (out_.empty()) return true;
  ssize_t n = ::send(fd_, out_.data(), out_.size(), MSG_NOSIGNAL);
  if (n < 0) return would_block();
  out_.erase(0, static_cast<std::size_t>(n));
  last_ = std::chrono::steady_clock::now();
  return true;
}

/// The next bytes that have arrived. The last one waits for the proof.
void Connection::fill() {
  const Feed& feed = *clip_.feed;
  const Feed::State state = feed.state();
  const std::uint64_t end = state == Feed::State::proven ? left_.end : std::min(left_.end, size_ - 1);
  std::size_t n = 0;
  if (left_.begin < end) {
    out_.resize(std::min<std::uint64_t>(kChunk, end - left_.begin));
    try {
      n = feed.read_arrived(left_.begin, std::as_writable_bytes(std::span(out_)));
    } catch (const std::exception&) {
      lost_ = true;
    }
    out_.resize(n);
  }
  left_.begin += n;
  starving_ = n == 0;
  if (n == 0 && state == Feed::State::failed) lost_ = true;
  set_wish(starving_ && !lost_ ? std::optional(left_.begin) : std::nullopt);
}

void Connection::set_wish(std::optional<std::uint64_t> at) {
  if (wish_ == at) return;
  if (wish_) clip_.feed->unwant(*wish_);
  if (at) clip_.feed->want(*at);
  wish_ = at;
}

void Connection::end_answer() {
  clip_ = {};
  starving_ = false;
  phase_ = Phase::reading;
}

}  // namespace avstage::gateway
