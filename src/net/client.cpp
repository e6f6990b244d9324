#include "net/client.h"

#include <curl/curl.h>
#include <fmt/format.h>
#include <signal.h>

#include <condition_variable>
#include <deque>
#include <fstream>
#include <map>
#include <mutex>
#include <set>
#include <sstream>
#include <thread>

#include "base/log.h"
#include "base/stop.h"
#include "net/proxy.h"
#include "net/transfer.h"

namespace avstage::net {
namespace {

/// Gathers the answer of one API request. Used by the net thread until its transfer is over.
class Collector : public TransferHandler {
 public:
  explicit Collector(std::size_t limit) : limit_(limit) {}

  bool on_headers(const Response& head) noexcept override {
    return guarded([&] { response_ = head; });
  }
  bool on_data(std::span<const std::byte> data) noexcept override {
    return guarded([&] {
      if (data.size() > limit_ - response_.body.size()) {
        throw Error(ErrorCode::vendor, fmt::format("the answer is larger than {} bytes", limit_),
                    "too_large");
      }
      response_.body.append(reinterpret_cast<const char*>(data.data()), data.size());
    });
  }
  void on_done(std::exception_ptr error) noexcept override {
    if (!error_) error_ = std::move(error);
  }

  Response take() {
    if (error_) std::rethrow_exception(error_);
    return std::move(response_);
  }

 private:
  template <typename Work>
  bool guarded(Work work) noexcept {
    try {
      work();
      return true;
    } catch (...) {
      error_ = std::current_exception();
      return false;
    }
  }

  std::size_t limit_;
  Response response_;
  std::exception_ptr error_;
};

/// Before anything is asked or bought: libcurl itself would say it at each request.
void require_certificates(const std::string& path) {
  std::ostringstream content;
  content << std::ifstream(path, std::ios::binary).rdbuf();
  const std::string text = content.str();
  if (text.empty()) {
    throw Error(ErrorCode::usage, fmt::format("{}: the CA bundle cannot be read", path), "ca_bundle");
  }
  if (text.find("-----BEGIN CERTIFICATE-----") == std::string::npos &&
      text.find("-----BEGIN TRUSTED CERTIFICATE-----") == std::string::npos) {
    throw Error(ErrorCode::usage, fmt::format("{}: no certificate in it, a CA bundle is PEM", path),
                "ca_bundle");
  }
}

}  // namespace

struct Client::Impl {
  explicit Impl(Options given);
  ~Impl();

  std::uint64_t start(TransferSpec spec, TransferHandler& handler);
  void request_cancel(std::uint64_t id);
  void wait_over(std::uint64_t id);

 private:
  void post(std::function<void()> command);
  void run() noexcept;
  void run_commands();
  void collect_finished();
  void add(const TransferSpec& spec, TransferHandler& handler) noexcept;
  void remove(std::uint64_t id, const std::function<void(Transfer&)>& farewell);
  void over(std::uint64_t id);

 public:
  const Options options;

 private:
  const std::set<std::string> proxy_ = proxy_endpoints();
  // Any thread, under mutex_.
  std::mutex mutex_;
  std::condition_variable over_;
  std::deque<std::function<void()>> commands_;
  std::set<std::uint64_t> live_;
  std::uint64_t last_id_ = 0;
  bool closing_ = false;

  // Net thread only (curl_multi_wakeup may be called by all).
  CURLM* multi_;
  CURLSH* api_connections_;    // a pooled connection is used again without asking the socket check,
  CURLSH* media_connections_;  // so each zone has a pool of its own
  std::map<std::uint64_t, std::unique_ptr<Transfer>> running_;

  std::thread thread_;
};

Client::Impl::Impl(Options given) : options(std::move(given)) {
  if (!options.ca_bundle.empty()) require_certificates(options.ca_bundle);
  static const CURLcode initialised = curl_global_init(CURL_GLOBAL_DEFAULT);
  if (initialised != CURLE_OK) throw Error(ErrorCode::local, "libcurl cannot be initialised");
  multi_ = curl_multi_init();
  api_connections_ = curl_share_init();
  media_connections_ = curl_share_init();
  for (CURLSH* share : {api_connections_, media_connections_}) {
    curl_share_setopt(share, CURLSHOPT_SHARE, CURL_LOCK_DATA_CONNECT);
  }
  // Signals are for the program's own threads, and a TLS write to a closed socket must not raise SIGPIPE.
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  thread_ = std::thread([this] { run(); });
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

Client::Impl::~Impl() {
  {
    std::lock_guard lock(mutex_);
    closing_ = true;
  }
  curl_multi_wakeup(multi_);
  thread_.join();
  curl_share_cleanup(api_connections_);
  curl_share_cleanup(media_connections_);
  curl_multi_cleanup(multi_);
}

std::uint64_t Client::Impl::start(TransferSpec spec, TransferHandler& handler) {
  {
    std::lock_guard lock(mutex_);
    spec.id = ++last_id_;
    live_.insert(spec.id);
  }
  std::uint64_t id = spec.id;
  post([this, spec = std::move(spec), &handler] { add(spec, handler); });
  return id;
}

void Client::Impl::request_cancel(std::uint64_t id) {
  post([this, id] { remove(id, [](Transfer& transfer) { transfer.interrupt(); }); });
}

void Client::Impl::wait_over(std::uint64_t id) {
  std::unique_lock lock(mutex_);
  over_.wait(lock, [&] { return !live_.contains(id); });
}

void Client::Impl::post(std::function<void()> command) {
  {
    std::lock_guard lock(mutex_);
    commands_.push_back(std::move(command));
  }
  curl_multi_wakeup(multi_);
}

void Client::Impl::run() noexcept {
  for (;;) {
    run_commands();
    {
      std::lock_guard lock(mutex_);
      if (closing_ && commands_.empty()) break;
    }
    int still_running = 0;
    curl_multi_perform(multi_, &still_running);
    collect_finished();
    curl_multi_poll(multi_, nullptr, 0, 60'000, nullptr);
  }
  while (!running_.empty()) {
    remove(running_.begin()->first, [](Transfer& transfer) { transfer.interrupt(); });
  }
}

void Client::Impl::run_commands() {
  std::deque<std::function<void()>> commands;
  {
    std::lock_guard lock(mutex_);
    commands.swap(commands_);
  }
  for (auto& command : commands) command();
}

void Client::Impl::collect_finished() {
  int left = 0;
  while (CURLMsg* message = curl_multi_info_read(multi_, &left)) {
    if (message->msg != CURLMSG_DONE) continue;
    CURLcode code = message->data.result;
    Transfer* transfer = nullptr;
    curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &transfer);
    remove(transfer->id(), [code](Transfer& done) { done.finish(code); });
  }
}

void Client::Impl::add(const TransferSpec& spec, TransferHandler& handler) noexcept {
  std::exception_ptr error;
  try {
    CURLSH* pool = spec.zone == Zone::api ? api_connections_ : media_connections_;
    auto transfer = std::make_unique<Transfer>(spec, options, pool, proxy_, handler);
    CURLMcode code = curl_multi_add_handle(multi_, transfer->curl());
    if (code != CURLM_OK) throw Error(ErrorCode::bug, curl_multi_strerror(code));
    running_.emplace(spec.id, std::move(transfer));
    return;
  } catch (...) {
    error = std::current_exception();
  }
  handler.on_done(std::move(error));
  over(spec.id);
}

void Client::Impl::remove(std::uint64_t id, const std::function<void(Transfer&)>& farewell) {
  auto it = running_.find(id);
  if (it == running_.end()) return;
  farewell(*it->second);
  curl_multi_remove_handle(multi_, it->second->curl());
  running_.erase(it);
  over(id);
}

void Client::Impl::over(std::uint64_t id) {
  std::lock_guard lock(mutex_);
  live_.erase(id);
  over_.notify_all();
}

Client::Client(Options options) : impl_(std::make_unique<Impl>(std::move(options))) {}
Client::~Client() = default;

Response Client::perform(const Request& request, const std::stop_token& stop) {
  require_allowed_url(request.url, impl_->options.allow_http);
  require_going(stop);
  Collector collector(request.max_body);
  std::uint64_t id = impl_->start({.zone = Zone::api, .request = request}, collector);
  {
    std::stop_callback on_stop(stop, [&] { impl_->request_cancel(id); });
    impl_->wait_over(id);
  }
  Response response;
  const Listener& listener = impl_->options.listener;
  try {
    response = collector.take();
  } catch (const Error& error) {
    if (listener) listener(request, nullptr, error.message());
    if (dynamic_cast<const TransportError*>(&error) != nullptr) throw;
    throw error.within(log::redact(fmt::format("{} {}", request.method, request.url)));
  }
  if (listener) listener(request, &response, "");
  if (response.status / 100 == 3) {
    throw Error(
        ErrorCode::vendor,
        log::redact(fmt::format("{} {}: answered {} to '{}'; redirects are not followed, the key must "
                                "not travel",
                                request.method, request.url, response.status, response.header("location"))),
        "redirect");
  }
  return response;
}

std::uint64_t Client::download(const std::string& url, std::uint64_t from, std::optional<std::uint64_t> to,
                               TransferHandler& handler, bool fresh) {
  require_allowed_url(url, impl_->options.allow_http);
  std::string range;
  if (to) {
    range = fmt::format("{}-{}", from, *to - 1);
  } else if (from > 0) {
    range = fmt::format("{}-", from);
  }
  return impl_->start({.zone = Zone::media, .request = {.url = url}, .range = range, .fresh = fresh},
                      handler);
}

void Client::cancel(std::uint64_t transfer) {
  impl_->request_cancel(transfer);
  impl_->wait_over(transfer);
}

}  // namespace avstage::net
