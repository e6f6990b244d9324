#include "sandbox/sandbox.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <optional>

#include "avstage/error.h"
#include "base/atomic_file.h"
#include "base/log.h"
#include "sandbox/assets.h"
#include "sandbox/http_server.h"
#include "sandbox/webhooks.h"

namespace avstage::sandbox {
namespace {

/// One sandbox a folder: two would give the same numbers to different videos.
class FolderLock {
 public:
  explicit FolderLock(const std::string& folder) {
    if (folder.empty()) throw Error(ErrorCode::local, "sandbox: no folder is given", "folder");
    make_directories(folder);
    std::string path = folder + "/lock";
    fd_ = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd_ >= 0 && ::flock(fd_, LOCK_EX | LOCK_NB) == 0) return;
    int reason = errno;
    if (fd_ >= 0) ::close(fd_);
    std::string why = reason == EWOULDBLOCK ? "another sandbox uses this folder" : std::strerror(reason);
    throw Error(ErrorCode::local, fmt::format("{}: cannot lock: {}", path, why), "folder");
  }
  ~FolderLock() { ::close(fd_); }
  FolderLock(const FolderLock&) = delete;
  FolderLock& operator=(const FolderLock&) = delete;

 private:
  int fd_ = -1;
};

/// What httplib itself refuses (an unknown path, a body that is too large) gets the vendor's envelope too.
httplib::Server::HandlerResponse fill_error(const httplib::Request& request, httplib::Response& response) {
  using Result = httplib::Server::HandlerResponse;
  if (!response.body.empty() || response.status == 416) return Result::Unhandled;
  std::string code = response.status == 404   ? "not_found"
                     : response.status == 413 ? "payload_too_large"
                     : response.status >= 500 ? "internal_error"
                                              : "invalid_parameter";
  answer_error(request, response,
               {response.status, code, fmt::format("{} {}: {}", request.method, request.path, code)});
  return Result::Handled;
}

void report_bug(const httplib::Request& request, httplib::Response& response, std::exception_ptr thrown) {
  std::string what = "unknown exception";
  try {
    std::rethrow_exception(thrown);
  } catch (const std::exception& e) {
    what = e.what();
  } catch (...) {
  }
  log::error("sandbox: {} {}: {}", request.method, request.path, what);
  answer_error(request, response, {500, "internal_error", "internal error"});
}

class RunningSandbox : public Sandbox {
 public:
  explicit RunningSandbox(const Options& options) : lock_(options.folder), service_(options) {
    int port = server_.bind(options.port);
    service_.set_base_url(fmt::format("http://127.0.0.1:{}", port));
    courier_.emplace(service_);
    serve_v2(server_, service_);
    serve_bulk(server_, service_);
    serve_v3(server_, service_);
    serve_webhooks(server_, service_);
    serve_assets(server_, service_, options.folder + "/assets");
    serve_state(server_, service_, *courier_);
    server_.serve_files_raw(file_handler(service_));
    serve_catalog(server_, service_);
    server_.set_error_handler(httplib::Server::HandlerWithResponse(fill_error));
    server_.set_exception_handler(report_bug);
    server_.set_post_routing_handler([](const httplib::Request&, httplib::Response& response) {
      response.set_header("X-Request-Id", random_hex(16));
    });
    server_.open();
  }
  ~RunningSandbox() override { server_.close(); }

  std::string base_url() const override { return service_.base_url(); }
  int charges() const override { return service_.store.charges(); }

 private:
  FolderLock lock_;
  Service service_;
  HttpServer server_;
  std::optional<Courier> courier_;  // begins when the base URL is known
};

}  // namespace

std::unique_ptr<Sandbox> Sandbox::start(const Options& options) {
  try {
    return std::make_unique<RunningSandbox>(options);
  } catch (const Error& e) {
    if (e.code() == ErrorCode::local || e.code() == ErrorCode::usage) throw;
    throw Error(ErrorCode::local, e.message(), e.name());
  } catch (const std::filesystem::filesystem_error& e) {
    throw Error(ErrorCode::local, e.what(), "folder");
  }
}

}  // namespace avstage::sandbox
