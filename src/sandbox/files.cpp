#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <ctime>
#include <optional>
#include <vector>

#include "sandbox/service.h"

/// The place finished videos are fetched from: signed links, ranges, and no key wanted. It writes on the
/// connection itself, because an HTTP library cannot lie about lengths.
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

/// An answer as CloudFront words it.
bool refuse(RawConnection& connection, const RawRequest& request, int status, const char* code) {
  std::string body = fmt::format(
      "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>{0}</Code><Message>{0}</Message></Error>",
      code);
  std::string head =
      fmt::format("HTTP/1.1 {} {}\r\nContent-Type: application/xml\r\nContent-Length: {}\r\n\r\n", status,
                  code, body.size());
  return connection.send_all(request.method == "HEAD" ? head : head + body);
}

/// The file as an answer tells of it, which a fault may have made a lie.
struct Answer {
  std::uint64_t size;  ///< as the headers tell
  std::optional<ByteRange> range;
  std::string tag;
  std::string type;

  ByteRange part() const { return range.value_or(ByteRange{0, size}); }
};

std::string head_of(const Answer& answer, const OpenFile& file, const CdnFault& fault) {
  ByteRange part = answer.part();
  std::string head = fmt::format("HTTP/1.1 {}\r\nContent-Type: {}\r\nETag: {}\r\nLast-Modified: {}\r\n",
                                 answer.range ? "206 Partial Content" : "200 OK", answer.type, answer.tag,
                                 http_date(file.modified));
  if (fault.ranges) head += "Accept-Ranges: bytes\r\n";
  if (answer.range) {
    head += fmt::format("Content-Range: bytes {}-{}/{}\r\n", part.first, part.first + part.length - 1,
                        answer.size);
  }
  if (fault.length == "chunked") head += "Transfer-Encoding: chunked\r\n";
  if (fault.length == "none") head += "Connection: close\r\n";
  if (fault.length == "exact") head += fmt::format("Content-Length: {}\r\n", part.length);
  return head + "\r\n";
}

/// Where and how the bytes end before they should.
struct Ending {
  std::uint64_t at;
  enum class Kind { none, truncate, reset, stall } kind = Kind::none;
};

Ending ending_of(const CdnFault& fault, const ByteRange& part, std::uint64_t size) {
  Ending ending{part.first + part.length};
  auto consider = [&](const std::optional<FilePosition>& position, Ending::Kind kind) {
    if (!position) return;
    std::uint64_t at = position->in(size);
    if (at >= part.first && at <= ending.at) ending = {at, kind};
  };
  consider(fault.truncate, Ending::Kind::truncate);
  consider(fault.reset, Ending::Kind::reset);
  consider(fault.stall, Ending::Kind::stall);
  return ending;
}

/// Sends the file's bytes [from, to), moved by the fault's shift. False when they ran out or the peer did.
bool send_bytes(RawConnection& connection, const OpenFile& file, const CdnFault& fault, std::uint64_t from,
                std::uint64_t to) {
  std::size_t piece = 128 << 10;
  if (fault.rate) piece = std::clamp<std::size_t>(static_cast<std::size_t>(*fault.rate / 20), 1, piece);
  std::vector<char> buffer(piece);
  while (from < to) {
    std::size_t wanted = std::min<std::uint64_t>(piece, to - from);
    ssize_t n = ::pread(file.fd, buffer.data(), wanted, static_cast<off_t>(from) + fault.shift);
    if (n <= 0) return false;
    std::string_view bytes(buffer.data(), static_cast<std::size_t>(n));
    bool chunked = fault.length == "chunked";
    bool sent = chunked ? connection.send_all(fmt::format("{:x}\r\n{}\r\n", bytes.size(), bytes))
                        : connection.send_all(bytes);
    if (!sent) return false;
    from += bytes.size();
    if (fault.rate) {
      double seconds = static_cast<double>(bytes.size()) / *fault.rate;
      if (!connection.pause(std::chrono::milliseconds(std::llround(seconds * 1000)))) return false;
    }
  }
  return true;
}

/// Keeps the connection where the answer's end can be seen without closing it.
bool send_file(RawConnection& connection, const OpenFile& file, const CdnFault& fault, const Answer& answer) {
  ByteRange part = answer.part();
  Ending ending = ending_of(fault, part, file.size);
  bool whole = send_bytes(connection, file, fault, part.first, ending.at);
  if (ending.kind == Ending::Kind::stall) connection.stall();
  if (ending.kind == Ending::Kind::reset) connection.reset();
  if (!whole || ending.kind != Ending::Kind::none) return false;
  if (fault.length == "chunked") return connection.send_all("0\r\n\r\n");
  return fault.length == "exact";
}

bool redirect(RawConnection& connection, const Service& service, const RawRequest& request,
              const std::string& kind) {
  std::string base = service.base_url();
  if (kind == "other_host") base.replace(base.find("127.0.0.1"), 9, "localhost");
  std::string query;
  for (const auto& [name, value] : request.query) query += fmt::format("&{}={}", name, value);
  query.front() = '?';
  if (kind != "loop") query += "&Redirected=1";
  return connection.send_all(fmt::format(
      "HTTP/1.1 302 Found\r\nLocation: {}{}{}\r\nContent-Length: 0\r\n\r\n", base, request.path, query));
}

class FileHandler {
 public:
  explicit FileHandler(Service& service) : service_(service) {}

  bool answer(const RawRequest& request, RawConnection& connection) const {
    service_.count("downloads");
    if (request.headers.contains("x-api-key") || request.headers.contains("authorization")) {
      ++service_.keys_on_cdn;
      return refuse(connection, request, 403, "KeyNotAccepted");
    }
    std::optional<Video> video = video_of(request);
    if (!video) return refuse(connection, request, 403, "AccessDenied");
    try {
      const std::string ending = request.path.substr(request.path.rfind('.') + 1);
      if (ending != container_of(video->spec)) return serve_side_file(*video, ending, request, connection);
      Knobs knobs = service_.director.of_video(*video, request.header("x-sandbox-fault"));
      bool redirected = request.query.contains("Redirected");
      CdnFault fault = redirected ? CdnFault{} : service_.director.next_download(*video, knobs);
      return serve(*video, fault, request, connection);
    } catch (const ApiError& error) {
      return refuse(connection, request, error.status, error.message.c_str());
    }
  }

 private:
  /// The finished video that the signed path is of.
  std::optional<Video> video_of(const RawRequest& request) const {
    auto value = [&](const char* name) {
      auto found = request.query.find(name);
      return found == request.query.end() ? "" : found->second;
    };
    bool good = service_.signer.check(request.path, value("Expires"), value("Signature"),
                                      value("Key-Pair-Id"), system_clock().unix_seconds());
    if (!good) return std::nullopt;
    std::string id = request.path.substr(request.path.rfind('/') + 1);
    auto video = service_.store.find(id.substr(0, id.find('.')));
    if (!video || service_.status_of(*video) != "completed") return std::nullopt;
    return video;
  }

  bool serve(const Video& video, const CdnFault& fault, const RawRequest& request,
             RawConnection& connection) const {
    if (fault.status != 0) {
      return refuse(connection, request, fault.status, fault.status == 404 ? "NoSuchKey" : "ServiceFault");
    }
    if (!fault.redirect.empty()) return redirect(connection, service_, request, fault.redirect);
    return send(service_.workshop.file_of(video), "video/" + container_of(video.spec),
                fault.etag.empty() ? video.clip.substr(0, 32) : fault.etag, fault, request, connection);
  }

  bool serve_side_file(const Video& video, const std::string& ending, const RawRequest& request,
                       RawConnection& connection) const {
    const std::string path = service_.side_files.file_of(video, ending, service_.workshop.file_of(video));
    if (path.empty()) return refuse(connection, request, 403, "AccessDenied");
    return send(path, side_type(ending), video.id.substr(0, 16) + ending, CdnFault{}, request, connection);
  }

  static bool send(const std::string& path, const std::string& type, const std::string& tag,
                   const CdnFault& fault, const RawRequest& request, RawConnection& connection) {
    OpenFile file(path);
    if (file.size == 0) return refuse(connection, request, 403, "AccessDenied");
    Answer answer{fault.claim ? fault.claim->in(file.size) : file.size, std::nullopt,
                  fmt::format("\"{}\"", tag), type};
    if (fault.ranges) answer.range = read_range(request.header("range"), answer.size);
    if (request.headers.contains("if-range") && request.header("if-range") != answer.tag)
      answer.range.reset();
    if (answer.range && answer.range->length == 0) {
      return connection.send_all(
          fmt::format("HTTP/1.1 416 Range Not Satisfiable\r\nContent-Range: bytes */{}\r\n"
                      "Content-Length: 0\r\n\r\n",
                      answer.size));
    }
    if (!connection.send_all(head_of(answer, file, fault))) return false;
    return request.method == "HEAD" ? fault.length != "none" : send_file(connection, file, fault, answer);
  }

  Service& service_;
};

}  // namespace

RawHandler file_handler(Service& service) {
  return [handler = FileHandler(service)](const RawRequest& request, RawConnection& connection) {
    return handler.answer(request, connection);
  };
}

}  // namespace avstage::sandbox
