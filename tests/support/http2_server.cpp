#include "support/http2_server.h"

#include <fmt/format.h>
#include <nghttp2/nghttp2.h>
#include <openssl/ssl.h>

#include <algorithm>
#include <map>
#include <span>
#include <string_view>

namespace avstage::test {
namespace {

using How = Http2Answer::How;

/// One connection: nghttp2 frames what the answers say. Its callbacks only note what is due, since a frame
/// must not be submitted from within them.
class Session {
 public:
  using Answer = std::function<Http2Answer(HttpRequest)>;
  Session(ssl_st* tls, Answer answer, std::uint32_t max_streams) : tls_(tls), answer_(std::move(answer)) {
    nghttp2_session_callbacks* callbacks = nullptr;
    nghttp2_session_callbacks_new(&callbacks);
    nghttp2_session_callbacks_set_on_header_callback(callbacks, &Session::on_header);
    nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, &Session::on_frame);
    nghttp2_session_server_new(&session_, callbacks, this);
    nghttp2_session_callbacks_del(callbacks);
    nghttp2_settings_entry limit{NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, max_streams};
    nghttp2_submit_settings(session_, NGHTTP2_FLAG_NONE, &limit, 1);
  }
  ~Session() { nghttp2_session_del(session_); }
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  /// Until either side ends the connection.
  void run() {
    unsigned char chunk[16384];
    while (flush() && !closing_) {
      if (silent_) return wait_for_the_end();
      int n = SSL_read(tls_, chunk, sizeof chunk);
      if (n <= 0 || nghttp2_session_mem_recv(session_, chunk, static_cast<std::size_t>(n)) < 0) return;
    }
  }

 private:
  struct Stream {
    HttpRequest request;
    Http2Answer answer;
    std::size_t sent = 0;
    bool whole = true;  ///< nothing stops the body before its end
  };

  static int on_header(nghttp2_session*, const nghttp2_frame* frame, const std::uint8_t* name,
                       std::size_t name_size, const std::uint8_t* value, std::size_t value_size, std::uint8_t,
                       void* self) {
    const std::string key(reinterpret_cast<const char*>(name), name_size);
    const std::string text(reinterpret_cast<const char*>(value), value_size);
    HttpRequest& request = static_cast<Session*>(self)->streams_[frame->hd.stream_id].request;
    if (key == ":method") request.method = text;
    if (key == ":path") request.target = text;
    if (!key.starts_with(":")) request.headers.emplace_back(key, text);
    return 0;
  }
  static int on_frame(nghttp2_session*, const nghttp2_frame* frame, void* self) {
    const bool request = frame->hd.type == NGHTTP2_HEADERS || frame->hd.type == NGHTTP2_DATA;
    if (request && (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0) {
      static_cast<Session*>(self)->respond(frame->hd.stream_id);
    }
    return 0;
  }
  static ssize_t on_read(nghttp2_session*, std::int32_t id, std::uint8_t* out, std::size_t size,
                         std::uint32_t* flags, nghttp2_data_source*, void* self) {
    return static_cast<Session*>(self)->read(id, {reinterpret_cast<char*>(out), size}, *flags);
  }

  void respond(std::int32_t id) {
    Stream& stream = streams_[id];
    stream.answer = answer_(stream.request);
    stream.whole = stream.answer.how == How::whole;
    if (!stream.whole && !stream.answer.at) return due_.push_back(id);
    std::vector<std::pair<std::string, std::string>> headers = stream.answer.headers;
    headers.emplace(headers.begin(), ":status", std::to_string(stream.answer.status));
    std::vector<nghttp2_nv> fields;
    for (auto& [name, value] : headers) {
      auto raw = [](std::string& text) { return reinterpret_cast<std::uint8_t*>(text.data()); };
      fields.push_back({raw(name), raw(value), name.size(), value.size(), NGHTTP2_NV_FLAG_NONE});
    }
    nghttp2_data_provider body{{0}, &Session::on_read};
    nghttp2_submit_response(session_, id, fields.data(), fields.size(), &body);
  }

  ssize_t read(std::int32_t id, std::span<char> out, std::uint32_t& flags) {
    Stream& stream = streams_[id];
    const Http2Answer& answer = stream.answer;
    const std::size_t end = stream.whole ? answer.body.size() : std::min(*answer.at, answer.body.size());
    const std::size_t n = std::min(out.size(), end - stream.sent);
    std::copy_n(answer.body.data() + stream.sent, n, out.data());
    stream.sent += n;
    const bool over = stream.whole || answer.how == How::ended;
    if (stream.sent == end && over) flags |= NGHTTP2_DATA_FLAG_EOF;
    if (n > 0 || over) return static_cast<ssize_t>(n);
    due_.push_back(id);
    return NGHTTP2_ERR_DEFERRED;
  }

  void strike(std::int32_t id) {
    Stream& stream = streams_[id];
    const Http2Answer& answer = stream.answer;
    auto go_away = [&](std::int32_t last) {
      nghttp2_submit_goaway(session_, NGHTTP2_FLAG_NONE, last, answer.error, nullptr, 0);
    };
    if (answer.how == How::reset) nghttp2_submit_rst_stream(session_, NGHTTP2_FLAG_NONE, id, answer.error);
    if (answer.how == How::goaway_below) go_away(std::max(0, id - 2));
    if (answer.how == How::goaway_at || answer.how == How::draining) go_away(id);
    if (answer.how == How::draining) {
      stream.whole = true;
      nghttp2_session_resume_data(session_, id);
    }
    silent_ = silent_ || answer.how == How::silent;
    closing_ = closing_ || answer.how == How::closed || answer.how == How::goaway_below ||
               answer.how == How::goaway_at;
  }

  /// Sends what is framed, and what has become due behind it.
  bool flush() {
    for (;;) {
      const std::uint8_t* frames = nullptr;
      const ssize_t n = nghttp2_session_mem_send(session_, &frames);
      if (n < 0 || (n > 0 && SSL_write(tls_, frames, static_cast<int>(n)) <= 0)) return false;
      if (n > 0) continue;
      if (due_.empty()) return true;
      std::vector<std::int32_t> due;
      due.swap(due_);
      for (std::int32_t id : due) strike(id);
    }
  }

  void wait_for_the_end() {
    char byte;
    while (SSL_read(tls_, &byte, 1) > 0) {
    }
  }

  ssl_st* tls_;
  Answer answer_;
  nghttp2_session* session_ = nullptr;
  std::map<std::int32_t, Stream> streams_;
  std::vector<std::int32_t> due_;  ///< streams whose fault is to strike when what is framed has been sent
  bool closing_ = false, silent_ = false;
};

}  // namespace

Http2Server::Http2Server(Handler answer, int upstream_port, std::uint32_t max_streams)
    : answer_(std::move(answer)),
      max_streams_(max_streams),
      tls_({}, upstream_port, [this](ssl_st* tls) { serve(tls); }) {}

std::vector<HttpRequest> Http2Server::requests() const {
  std::lock_guard lock(mutex_);
  return requests_;
}

void Http2Server::serve(ssl_st* tls) {
  auto answer = [this, number = sessions_++](HttpRequest request) {
    request.connection = number;
    {
      std::lock_guard lock(mutex_);
      requests_.push_back(request);
    }
    return answer_(request);
  };
  Session(tls, answer, max_streams_).run();
}

Http2Answer file_answer(const HttpRequest& request, const std::string& bytes) {
  Http2Answer out;
  out.headers = {{"content-type", "video/mp4"}, {"accept-ranges", "bytes"}, {"etag", "\"one\""}};
  out.body = bytes;
  if (auto range = request.range()) {
    const std::uint64_t end = range->second.value_or(bytes.size());
    out.status = 206;
    out.body = bytes.substr(range->first, end - range->first);
    out.headers.emplace_back("content-range",
                             fmt::format("bytes {}-{}/{}", range->first, end - 1, bytes.size()));
  }
  out.headers.emplace_back("content-length", std::to_string(out.body.size()));
  return out;
}

}  // namespace avstage::test
