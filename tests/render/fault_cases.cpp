#include "render/fault_cases.h"

#include <fmt/format.h>

#include <algorithm>
#include <random>

#include "support/temp_dir.h"

namespace avstage::test {
namespace {

using namespace std::chrono_literals;
using Serve = std::function<void(const ClipRequest&)>;
using Options = std::function<ServeOptions(const ClipRequest&)>;

constexpr auto kShortStall = 150ms;

void serve(const ClipRequest& r, const ServeOptions& how = {}) {
  serve_file(r.connection, r.request, r.clip, how);
}

Serve always(Options how) {
  return [how](const ClipRequest& r) { serve(r, how(r)); };
}
Serve once(Options how) {
  return [how](const ClipRequest& r) { serve(r, r.number == 0 ? how(r) : ServeOptions{}); };
}
/// The first request breaks off at the position; then comes `later`.
Serve broken_then(Serve later, ServeOptions how = {}) {
  return [later, how](const ClipRequest& r) {
    ServeOptions broken = how;
    broken.reset_at = r.at;
    r.number == 0 ? serve(r, broken) : later(r);
  };
}
Serve respond(int status, std::string body, std::string headers = "") {
  return [=](const ClipRequest& r) { r.connection.respond(status, body, headers); };
}
/// For requests with a Range; others are served well.
Serve for_ranges(Serve bad) {
  return [bad](const ClipRequest& r) { r.request.range() ? bad(r) : serve(r); };
}
Serve first_only(Serve bad) {
  return [bad](const ClipRequest& r) { r.number == 0 ? bad(r) : serve(r); };
}
Serve second_only(Serve bad) {
  return [bad](const ClipRequest& r) { r.number == 1 ? bad(r) : serve(r); };
}
/// While the URL is the one that the first status call gave.
Serve while_stale(Serve bad) {
  return [bad](const ClipRequest& r) { r.request.target.ends_with("=s1") ? bad(r) : serve(r); };
}
/// `bytes` instead of the clip, as a good server would.
Serve instead(std::function<std::string(const ClipRequest&)> bytes, ServeOptions how = {}) {
  return [=](const ClipRequest& r) { serve_file(r.connection, r.request, bytes(r), how); };
}

std::string without(const std::string& bytes, std::uint64_t from, std::uint64_t size) {
  return bytes.substr(0, from) + bytes.substr(std::min<std::uint64_t>(bytes.size(), from + size));
}

/// A fragmented clip lacks the fragment that holds the position, another one 4 KiB.
std::string with_a_piece_missing(const ClipRequest& r) {
  if (r.layout != Index::fragmented) return without(r.clip, std::min(r.at, r.clip.size() - 5000), 4096);
  std::size_t begin = r.clip.rfind("moof", r.at);
  if (begin == std::string::npos) begin = r.clip.find("moof");
  std::size_t end = r.clip.find("moof", begin + 4);
  if (end == std::string::npos) end = r.clip.find("mfra", begin + 4);
  return without(r.clip, begin - 4, end - begin);
}

std::string with_a_hole(const ClipRequest& r) {
  std::string out = r.clip;
  const std::size_t size = 4096;
  out.replace(std::min(r.at, out.size() - 2 * size), size, size, '\0');
  return out;
}

std::string inverted(const ClipRequest& r) {
  std::string out = r.clip;
  for (char& c : out) c = static_cast<char>(~c);
  return out;
}

void serve_slowly(const ClipRequest& r) {
  r.connection.send(fmt::format("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", r.clip.size()));
  for (std::size_t at = 0, step = r.clip.size() / 10 + 1; at < r.clip.size(); at += step) {
    if (!r.connection.send(std::string_view(r.clip).substr(at, step))) return;
    r.connection.sleep(10ms);
  }
}

void add_drops(std::vector<FaultCase>& all) {
  auto reset = [](const ClipRequest& r) { return ServeOptions{.reset_at = r.at}; };
  auto cut = [](const ClipRequest& r) { return ServeOptions{.cut_at = r.at}; };
  auto stall = [](const ClipRequest& r) { return ServeOptions{.stall_at = r.at}; };
  auto chunked = [](const ClipRequest& r) { return ServeOptions{.chunked = true, .cut_at = r.at}; };
  auto each = [](const ClipRequest& r) {
    return (r.request.range() ? r.request.range()->first : 0) + r.clip.size() / 4;
  };
  all.push_back({"reset once", once(reset)});
  all.push_back({"reset each time, further on",
                 always([each](const ClipRequest& r) { return ServeOptions{.reset_at = each(r)}; })});
  all.push_back({"reset always there", always(reset), 4, "without a new byte"});
  all.push_back({"closed once", once(cut)});
  all.push_back({"closed each time, further on",
                 always([each](const ClipRequest& r) { return ServeOptions{.cut_at = each(r)}; })});
  all.push_back({"closed always there", always(cut), 4, "without a new byte"});
  all.push_back({"chunked, cut once", once(chunked)});
  all.push_back({"chunked, cut always there", always(chunked), 4, "without a new byte"});
  all.push_back({"chunked, a chunk without a size once", [](const ClipRequest& r) {
                   if (r.number > 0) return serve(r);
                   r.connection.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
                   r.connection.send(fmt::format("{:x}\r\n{}\r\nzz\r\n", r.at, r.clip.substr(0, r.at)));
                   r.connection.close();
                 }});
  all.push_back({"close-delimited, cut", always([](const ClipRequest& r) {
                   return ServeOptions{.no_ranges = true, .close_delimited = true, .cut_at = r.at};
                 }),
                 6});
  all.push_back({"stalled once", once(stall), 0, "", true, kShortStall});
  all.push_back({"stalled always there", always(stall), 4, "without a new byte", true, kShortStall});
  all.push_back({"Range ignored, reset once",
                 broken_then(always([](const ClipRequest&) { return ServeOptions{.no_ranges = true}; }),
                             {.no_ranges = true})});
  all.push_back({"Range ignored, reset always there", always([](const ClipRequest& r) {
                   return ServeOptions{.no_ranges = true, .reset_at = r.at};
                 }),
                 4, "without a new byte"});
}

void add_lies(std::vector<FaultCase>& all) {
  Serve wrong = [](const ClipRequest& r) {
    r.connection.respond(206, r.clip,
                         fmt::format("Content-Range: bytes 0-{0}/{1}\r\n", r.clip.size() - 1, r.clip.size()));
  };
  Serve shifted = instead([](const ClipRequest& r) { return "x" + r.clip.substr(0, r.clip.size() - 1); });
  Serve multipart = [](const ClipRequest& r) {
    r.connection.respond(206, "--b\r\n\r\n", "Content-Type: multipart/byteranges; boundary=b\r\n");
  };
  all.push_back({"wrong Content-Range once", broken_then(second_only(for_ranges(wrong)))});
  all.push_back({"wrong Content-Range always", broken_then(for_ranges(wrong))});
  all.push_back({"wrong Content-Range, also unasked", broken_then(wrong), 6});
  all.push_back(
      {"malformed Content-Range", broken_then(for_ranges(respond(206, "x", "Content-Range: x\r\n")))});
  all.push_back({"multipart/byteranges", broken_then(for_ranges(multipart))});
  all.push_back({"lying Content-Range once", broken_then(second_only(for_ranges(shifted)))});
  all.push_back({"lying Content-Range always", broken_then(for_ranges(shifted))});
  all.push_back({"ETag changed",
                 broken_then(always([](const ClipRequest&) { return ServeOptions{.etag = "\"two\""}; })), 6,
                 "changed while downloading"});
  all.push_back({"Last-Modified changed",
                 broken_then(always([](const ClipRequest&) {
                               return ServeOptions{.extra_headers = "Last-Modified: now\r\n"};
                             }),
                             {.extra_headers = "Last-Modified: then\r\n"}),
                 6, "changed while downloading"});
  all.push_back(
      {"length changed",
       broken_then(instead([](const ClipRequest& r) { return r.clip + "more"; }, {.etag = ""}), {.etag = ""}),
       6, "changed while downloading"});
  all.push_back({"another file, no validators", broken_then(instead(inverted, {.etag = ""}), {.etag = ""}), 6,
                 "changed while downloading"});
  all.push_back({"416 for what is there",
                 broken_then(for_ranges(respond(416, "", "Content-Range: bytes */7\r\n"))), 6,
                 "changed while downloading"});
  all.push_back({"206 although nothing was asked", wrong, 6, "206", false});
  all.push_back({"a sum that is not the file's", always([](const ClipRequest&) {
                   return ServeOptions{
                       .extra_headers = "Digest: sha-256=vyy1imj2hNlaO3jvj2Ycmk5bCegsyPnMiMzpBSjK6yc=\r\n"};
                 }),
                 6, "SHA-256", false});
}

void add_urls(std::vector<FaultCase>& all) {
  const std::string denied = "<Error><Code>AccessDenied</Code></Error>",
                    xml = "Content-Type: application/xml\r\n";
  for (int status : {401, 403, 404, 410}) {
    all.push_back({fmt::format("URL expired mid-stream ({})", status),
                   broken_then(while_stale(respond(status, denied, xml)))});
    all.push_back({fmt::format("URL expired before ({})", status), while_stale(respond(status, denied, xml)),
                   0, "", false});
  }
  all.push_back({"URL expired for ever", respond(403, denied, xml), 4, "HTTP 403", false});
  all.push_back({"URL expired mid-stream, the fresh one names another file",
                 [=](const ClipRequest& r) {
                   if (r.number == 0) return serve(r, {.etag = "", .reset_at = r.at});
                   if (r.request.target.ends_with("=s1")) return respond(403, denied, xml)(r);
                   instead(inverted, {.etag = ""})(r);
                 },
                 6, "changed while downloading"});
  Serve away = [](const ClipRequest& r) {
    r.connection.respond(302, "", fmt::format("Location: {}/clip.mp4\r\n", r.other_host));
  };
  all.push_back({"redirect to another host", away, 0, "", false});
  all.push_back({"redirect to another host mid-stream", broken_then(away)});
  all.push_back(
      {"redirect to file:", respond(302, "", "Location: file:///etc/passwd\r\n"), 6, "refused", false});
  all.push_back({"redirect loop",
                 [](const ClipRequest& r) { r.connection.respond(302, "", "Location: /clip.mp4?again\r\n"); },
                 4, "redirects", false});
  all.push_back({"redirect to where nobody listens", respond(302, "", "Location: http://127.0.0.1:1/\r\n"), 4,
                 "connect", false});
}

void add_bodies(std::vector<FaultCase>& all) {
  auto typed = [](const char* type) { return fmt::format("Content-Type: {}\r\n", type); };
  all.push_back({"Content-Encoding", always([](const ClipRequest&) {
                   return ServeOptions{.extra_headers = "Content-Encoding: gzip\r\n"};
                 }),
                 6, "Content-Encoding", false});
  all.push_back({"HTML with 200", respond(200, "<html>sorry</html>", typed("text/html; charset=utf-8")), 6,
                 "not media", false});
  all.push_back(
      {"XML error with 200", respond(200, "<Error/>", typed("application/xml")), 6, "not media", false});
  all.push_back({"JSON with 200", respond(200, "{}", typed("application/json")), 6, "not media", false});
  all.push_back({"zero bytes", respond(200, "", typed("video/mp4")), 6, "zero bytes", false});
  all.push_back({"zero bytes, close-delimited",
                 [](const ClipRequest& r) {
                   r.connection.send("HTTP/1.1 200 OK\r\n\r\n");
                   r.connection.close();
                 },
                 6, "zero bytes", false});
  all.push_back({"slow", serve_slowly, 0, "", false});
  all.push_back({"close-delimited, whole", always([](const ClipRequest&) {
                   return ServeOptions{.no_ranges = true, .close_delimited = true};
                 }),
                 0, "", false});
  all.push_back({"early hints before the answer",
                 [](const ClipRequest& r) {
                   r.connection.send("HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n");
                   serve(r);
                 },
                 0, "", false});
  all.push_back(
      {"truncated at rest", instead([](const ClipRequest& r) { return r.clip.substr(0, r.at); }), 6});
  all.push_back(
      {.name = "4 KiB of zeros at rest", .serve = instead(with_a_hole), .code = 6, .only_decoding = true});
  all.push_back({"a fragment or 4 KiB missing at rest", instead(with_a_piece_missing), 6});
  all.push_back({"larger than --max-clip-bytes", always([](const ClipRequest&) { return ServeOptions{}; }), 6,
                 "--max-clip-bytes", false, 5s, 10'000});
  all.push_back({"larger than --max-clip-bytes, length unknown",
                 always([](const ClipRequest&) { return ServeOptions{.chunked = true}; }), 6,
                 "--max-clip-bytes", false, 5s, 10'000});
  all.push_back({"disk too small",
                 [](const ClipRequest& r) {
                   r.connection.send("HTTP/1.1 200 OK\r\nContent-Length: 1125899906842624\r\n\r\nx");
                   r.connection.stall();
                 },
                 7, "are missing", false, 5s, std::uint64_t(1) << 60});
}

void add_servers(std::vector<FaultCase>& all) {
  Serve silent = [](const ClipRequest& r) { r.connection.stall(); };
  Serve rubbish = [](const ClipRequest& r) {
    r.connection.send("\x16\x03\x01 this is no HTTP\r\n\r\n");
    r.connection.close();
  };
  all.push_back({"500 once", first_only(respond(500, "oops")), 0, "", false});
  all.push_back(
      {"503 with Retry-After once", first_only(respond(503, "", "Retry-After: 0\r\n")), 0, "", false});
  all.push_back({"429 once", first_only(respond(429, "")), 0, "", false});
  all.push_back({"500 always", respond(500, "oops"), 4, "HTTP 500", false});
  all.push_back({"500 once when resuming", broken_then(second_only(respond(500, "oops")))});
  all.push_back({"silence after the request once", first_only(silent), 0, "", false, kShortStall});
  all.push_back({"silence after the request always", silent, 4, "", false, kShortStall});
  all.push_back({"no HTTP once", first_only(rubbish), 0, "", false});
  all.push_back({"no HTTP always", rubbish, 4, "", false});
}

/// The front waits, with little of the clip sent, for the tail to be asked for.
void serve_front(const ClipRequest& r) {
  if (r.number > 0) return serve(r);
  ServeOptions how;
  how.gate = &r.tail_asked;
  how.gate_at = 50'000;
  serve(r, how);
}
Serve tail(Serve bad) {
  return [bad](const ClipRequest& r) { r.for_tail() ? bad(r) : serve_front(r); };
}
/// The front says no more, so that nothing but the tail decides how the run ends.
Serve only_tail(Serve bad) {
  return [bad](const ClipRequest& r) {
    if (r.for_tail()) return bad(r);
    serve(r, r.number == 0 ? ServeOptions{.stall_at = 50'000} : ServeOptions{});
  };
}
/// The front is the first request, its tail the second.
Serve tail_once(Serve bad) {
  return tail(second_only(bad));
}

void add_broken_tails(std::vector<FaultCase>& all) {
  auto near_the_end = [](const ClipRequest& r) { return r.clip.size() - 500; };
  auto reset = always([=](const ClipRequest& r) { return ServeOptions{.reset_at = near_the_end(r)}; });
  auto cut = always([=](const ClipRequest& r) { return ServeOptions{.cut_at = near_the_end(r)}; });
  auto stall = always([=](const ClipRequest& r) { return ServeOptions{.stall_at = near_the_end(r)}; });
  auto first_byte = [](const ClipRequest& r) { return r.request.range()->first; };
  auto reset_at_once = always([=](const ClipRequest& r) { return ServeOptions{.reset_at = first_byte(r)}; });
  auto cut_at_once = always([=](const ClipRequest& r) { return ServeOptions{.cut_at = first_byte(r)}; });
  Serve silent = [](const ClipRequest& r) { r.connection.stall(); };
  constexpr auto kTailStall = 500ms;  // the front must not stall while it waits
  all.push_back({"none", tail(always([](const ClipRequest&) { return ServeOptions{}; }))});
  all.push_back({"reset once", tail_once(reset)});
  all.push_back({"reset always, at once", tail(reset_at_once)});
  all.push_back({"closed once", tail_once(cut)});
  all.push_back({"closed always, at once", tail(cut_at_once)});
  all.push_back({"stalled once", tail_once(stall), 0, "", false, kTailStall});
  all.push_back({"silence after the request always", tail(silent), 0, "", false, kTailStall});
  all.push_back({"silence after the request once", tail_once(silent), 0, "", false, kTailStall});
  all.push_back({"500 once", tail_once(respond(500, "oops"))});
  all.push_back({"500 always", tail(respond(500, "oops"))});
}

void add_lying_tails(std::vector<FaultCase>& all) {
  auto typed = [](const char* type) { return fmt::format("Content-Type: {}\r\n", type); };
  const Serve denied = respond(403, "<Error/>", typed("application/xml"));
  Serve away = [](const ClipRequest& r) {
    r.connection.respond(302, "", fmt::format("Location: {}/clip.mp4\r\n", r.other_host));
  };
  auto with = [](ServeOptions how) { return always([how](const ClipRequest&) { return how; }); };
  all.push_back({"Range ignored", tail(with({.no_ranges = true}))});
  all.push_back({"wrong Content-Range", tail(respond(206, "lies", "Content-Range: bytes 0-3/4\r\n"))});
  all.push_back({"malformed Content-Range", tail(respond(206, "x", "Content-Range: x\r\n"))});
  all.push_back({"URL expired", tail(while_stale(denied))});
  all.push_back({"URL expired for ever", tail(denied)});
  all.push_back({"redirect to another host", tail(away)});
  all.push_back({"ETag changed", only_tail(with({.etag = "\"two\""})), 6, "changed while downloading"});
  all.push_back({"length changed", only_tail(instead([](const ClipRequest& r) { return r.clip + "more"; })),
                 6, "changed while downloading"});
  all.push_back({"another file, no validators", only_tail(instead(inverted, {.etag = ""})), 6});
  all.push_back({"416 for what is there", only_tail(respond(416, "", "Content-Range: bytes */7\r\n")), 6,
                 "changed while downloading"});
  all.push_back({"HTML with 200", only_tail(respond(200, "<html>", typed("text/html"))), 6, "not media"});
  all.push_back({"Content-Encoding", only_tail(with({.extra_headers = "Content-Encoding: gzip\r\n"})), 6,
                 "Content-Encoding"});
  all.push_back(
      {"redirect to file:", only_tail(respond(302, "", "Location: file:///etc/passwd\r\n")), 6, "refused"});
}

}  // namespace

bool ClipRequest::for_tail() const {
  return request.range() && request.range()->first > clip.size() / 2;
}

std::string noisy_clip(Rational seconds, Index layout, int top) {
  TempDir dir;
  VideoSpec spec;
  spec.seconds = seconds;
  spec.picture = Picture::counter;
  spec.index = layout;
  std::minstd_rand random(7);
  spec.draw = [&](AVFrame& frame, std::int64_t) {
    for (int y = top; y < frame.height; ++y) {
      for (int x = 0; x < frame.width; ++x) set_sample(frame, 0, x, y, 16 + static_cast<int>(random() % 200));
    }
  };
  make_video(dir / "clip.mp4", spec);
  return read_bytes(dir / "clip.mp4");
}

std::vector<FaultCase> fault_cases() {
  std::vector<FaultCase> all;
  for (auto* add : {add_drops, add_lies, add_urls, add_bodies, add_servers}) add(all);
  return all;
}

std::vector<FaultCase> tail_cases() {
  std::vector<FaultCase> all;
  for (auto* add : {add_broken_tails, add_lying_tails}) add(all);
  return all;
}

}  // namespace avstage::test
