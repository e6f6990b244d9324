#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <ctime>
#include <memory>
#include <optional>
#include <vector>

#include "sandbox/service.h"

/// The place finished videos are fetched from: signed links, ranges, and no key wanted.
namespace avstage::sandbox {
namespace {

struct OpenFile {
  explicit OpenFile(const std::string& path) : fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC)) {
    struct stat facts {};
    if (fd < 0 || ::fstat(fd, &facts) != 0) return;
    size = static_cast<std::size_t>(facts.st_size);
    modified = facts.st_mtime;
  }
  ~OpenFile() {
    if (fd >= 0) ::close(fd);
  }
  OpenFile(const OpenFile&) = delete;
  OpenFile& operator=(const OpenFile&) = delete;

  int fd;
  std::size_t size = 0;
  std::time_t modified = 0;
};

struct ByteRange {
  std::size_t first = 0, length = 0;
};

std::optional<std::size_t> whole_number(std::string_view text) {
  std::size_t value = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

/// nullopt: no range, several, or none that can be read: the whole file is sent. Length 0: not satisfiable.
std::optional<ByteRange> read_range(std::string_view header, std::size_t size) {
  constexpr std::string_view kUnit = "bytes=";
  if (header.substr(0, kUnit.size()) != kUnit) return std::nullopt;
  header.remove_prefix(kUnit.size());
  std::size_t dash = header.find('-');
  if (dash == std::string_view::npos) return std::nullopt;
  auto first = whole_number(header.substr(0, dash)), last = whole_number(header.substr(dash + 1));
  if (dash == 0) {
    if (!last) return std::nullopt;
    std::size_t length = std::min(*last, size);
    return ByteRange{size - length, length};
  }
  if (!first || (!last && dash + 1 != header.size()) || (last && *last < *first)) return std::nullopt;
  if (*first >= size) return ByteRange{};
  return ByteRange{*first, std::min(last.value_or(size - 1), size - 1) - *first + 1};
}

std::string http_date(std::time_t time) {
  std::tm parts{};
  ::gmtime_r(&time, &parts);
  char text[40];
  std::strftime(text, sizeof text, "%a, %d %b %Y %H:%M:%S GMT", &parts);
  return text;
}

/// As CloudFront words it.
void deny(httplib::Response& response) {
  response.status = 403;
  response.set_content(
      "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>AccessDenied</Code>"
      "<Message>Access Denied</Message></Error>",
      "application/xml");
}

void send(httplib::Response& response, const std::shared_ptr<OpenFile>& file, ByteRange range) {
  response.set_content_provider(
      range.length, "video/mp4",
      [file, range](std::size_t offset, std::size_t length, httplib::DataSink& sink) {
        std::vector<char> buffer(std::min<std::size_t>(length, 128 << 10));
        ssize_t n = ::pread(file->fd, buffer.data(), buffer.size(), static_cast<off_t>(range.first + offset));
        return n > 0 && sink.write(buffer.data(), static_cast<std::size_t>(n));
      });
}

bool may_read(const Service& service, const httplib::Request& request) {
  return service.signer.check(request.path, request.get_param_value("Expires"),
                              request.get_param_value("Signature"), request.get_param_value("Key-Pair-Id"),
                              system_clock().unix_seconds());
}

void get_file(const Service& service, const httplib::Request& request, httplib::Response& response) {
  auto video = service.store.find(request.matches[2]);
  if (!may_read(service, request) || !video || service.status_of(*video) != "completed")
    return deny(response);
  auto file = std::make_shared<OpenFile>(service.workshop.file_of(video->clip));
  if (file->size == 0) return deny(response);
  std::string tag = fmt::format("\"{}\"", video->clip.substr(0, 32));
  response.set_header("ETag", tag);
  response.set_header("Accept-Ranges", "bytes");
  response.set_header("Last-Modified", http_date(file->modified));
  std::optional<ByteRange> range = read_range(request.get_header_value("Range"), file->size);
  if (request.has_header("If-Range") && request.get_header_value("If-Range") != tag) range.reset();
  if (range && range->length == 0) {
    response.status = 416;
    response.set_header("Content-Range", fmt::format("bytes */{}", file->size));
    return;
  }
  response.status = range ? 206 : 200;
  if (range) {
    response.set_header("Content-Range", fmt::format("bytes {}-{}/{}", range->first,
                                                     range->first + range->length - 1, file->size));
  }
  send(response, file, range.value_or(ByteRange{0, file->size}));
}

}  // namespace

void serve_files(httplib::Server& server, Service& service) {
  auto counted = [&service](const httplib::Request& request) {
    if (request.has_header("X-Api-Key") || request.has_header("Authorization")) ++service.keys_on_cdn;
  };
  server.Get(R"(/files/([0-9a-f]+)/([0-9a-f]+)\.mp4)",
             [&service, counted](const auto& request, auto& response) {
               counted(request);
               get_file(service, request, response);
             });
  server.Get("/files/.*", [counted](const auto& request, auto& response) {
    counted(request);
    deny(response);
  });
  server.Get("/__sandbox/charges", [&service](const auto&, auto& response) {
    answer(response, 200,
           {{"charges", service.store.charges()},
            {"videos", service.store.count()},
            {"keys_on_cdn", service.keys_on_cdn.load()}});
  });
}

}  // namespace avstage::sandbox
