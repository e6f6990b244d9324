#include <chrono>
#include <cmath>
#include <memory>
#include <mutex>
#include <set>
#include <string>

#include "sandbox/service.h"

namespace avstage::sandbox {
using nlohmann::json;
namespace {

/// The idempotency keys of create requests that have begun but not ended. Any thread.
class InFlight {
 public:
  /// Holds a key from the request's headers to its answer. An empty key holds nothing.
  class Hold {
   public:
    Hold(InFlight& keys, std::string key) : keys_(keys), key_(std::move(key)) {
      std::lock_guard lock(keys_.mutex_);
      if (key_.empty() || keys_.held_.insert(key_).second) return;
      throw ApiError{409, "request_in_progress", "a request with this Idempotency-Key is still in progress",
                     "Idempotency-Key"};
    }
    ~Hold() {
      std::lock_guard lock(keys_.mutex_);
      keys_.held_.erase(key_);
    }
    Hold(const Hold&) = delete;
    Hold& operator=(const Hold&) = delete;

   private:
    InFlight& keys_;
    std::string key_;
  };

 private:
  std::mutex mutex_;
  std::set<std::string> held_;
};

/// Reads the body in any case: what stays unread would be taken for the next request of the connection.
std::string read_body(const httplib::ContentReader& reader) {
  std::string body;
  bool complete = reader([&body](const char* data, std::size_t size) {
    body.append(data, size);
    return true;
  });
  if (!complete) throw ApiError{400, "invalid_parameter", "the request body is incomplete or too large"};
  return body;
}

/// An order that was made before with this key, or a new one.
Video ordered(Service& service, const CreatePath& path, const std::string& key,
              const httplib::Request& request, const json& body) {
  if (!key.empty()) {
    auto earlier = service.store.find_by_key(key, unix_milliseconds() - kReplayMs);
    if (earlier) return *earlier;
  }
  Order order = path.read(body);
  return service.create(order, path.dialect, key, request, read_callback_url(body));
}

/// The knobs of an order that does not exist yet.
Knobs knobs_before(Service& service, Dialect dialect, const httplib::Request& request, const json& body,
                   Video& like) {
  like.dialect = dialect;
  like.number = service.store.next_number();
  if (body.is_object() && body.contains("title") && body["title"].is_string()) like.title = body["title"];
  return service.director.of_video(like, request.get_header_value("X-Sandbox-Fault"));
}

void create(Service& service, Dialect dialect, const std::string& key, const httplib::Request& request,
            httplib::Response& response, const std::string& text, const Creation& creation) {
  service.count("creates");
  json body = parse_body(text);
  Video like;
  Knobs knobs = knobs_before(service, dialect, request, body, like);
  std::string word = service.director.next_create(like, knobs);
  if (status_of_word(word) != 0) throw scripted_error(word, knobs);
  if (word == "drop_before") return HttpServer::drop_connection();
  answer(response, 200, creation(key, request, body));
  if (knobs.answer_after > 0) {
    HttpServer::pause(std::chrono::milliseconds(std::llround(knobs.answer_after * 1000)));
  }
  if (word == "drop") HttpServer::drop_connection();
  if (word == "truncated") response.body.resize(response.body.size() / 2);
}

}  // namespace

std::string replay_key(const httplib::Request& request) {
  constexpr const char* kHeader = "Idempotency-Key";
  constexpr const char* kAllowed = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_:.-";
  if (!request.has_header(kHeader)) return "";
  std::string key = request.get_header_value(kHeader);
  if (key.empty() || key.size() > 255 || key.find_first_not_of(kAllowed) != std::string::npos) {
    throw ApiError{400, "invalid_parameter",
                   "Idempotency-Key is invalid: must be 1 to 255 characters of A-Z a-z 0-9 _ : . -", kHeader};
  }
  return request.path + " " + key;
}

void serve_orders(httplib::Server& server, Service& service, const std::string& path, Dialect dialect,
                  bool idempotent, const Creation& creation) {
  auto in_flight = std::make_shared<InFlight>();
  server.Post(path, [=, &service](const httplib::Request& request, httplib::Response& response,
                                  const httplib::ContentReader& reader) {
    bool read = false;
    conduct(service, request, response, [&] {
      std::string key = idempotent ? replay_key(request) : "";
      InFlight::Hold hold(*in_flight, key);
      read = true;
      create(service, dialect, key, request, response, read_body(reader), creation);
    });
    if (!read) reader([](const char*, std::size_t) { return true; });
  });
}

void serve_create(httplib::Server& server, Service& service, const CreatePath& path) {
  serve_orders(server, service, path.path, path.dialect, path.idempotent,
               [&service, path](const auto& key, const auto& request, const json& body) {
                 return path.answer(ordered(service, path, key, request, body));
               });
}

}  // namespace avstage::sandbox
