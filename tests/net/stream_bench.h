#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>

#include "net/http_stream.h"
#include "support/fault_server.h"
#include "support/temp_dir.h"

namespace avstage::net {

/// A client, a place for the spool and options with short waits: what every test of a stream needs.
class StreamBench : public testing::Test {
 protected:
  HttpStreamOptions options(const std::string& url, const std::string& name = "spool") {
    return {.name = "clip 'host'",
            .url = url,
            .spool_path = dir / name,
            .stall = std::chrono::seconds(3),
            .retry_delay = std::chrono::milliseconds(2)};
  }

  /// The same for a server that withholds bytes for a while / for ever.
  HttpStreamOptions patient(const std::string& url) { return with_stall(url, std::chrono::seconds(20)); }
  HttpStreamOptions impatient(const std::string& url) { return with_stall(url, kShortStall); }

  /// Everything a reader gets until the end, or what it throws.
  static std::string read_all(ByteSource& source) {
    std::string out;
    std::byte chunk[7000];
    while (std::size_t n = source.read(chunk)) out.append(reinterpret_cast<const char*>(chunk), n);
    return out;
  }
  static std::string read_at(ByteSource& source, std::uint64_t at, std::size_t size) {
    source.seek(at);
    std::string out(size, '\0');
    out.resize(source.read(std::as_writable_bytes(std::span(out))));
    return out;
  }

  /// The error that a reader and wait_complete() both report.
  static std::optional<Error> failure_of(HttpStream& stream) {
    std::optional<Error> waited, read;
    try {
      stream.wait_complete({});
    } catch (const Error& error) {
      waited = error;
    }
    try {
      read_all(*stream.reader());
    } catch (const Error& error) {
      read = error;
    }
    EXPECT_EQ(waited.has_value(), read.has_value());
    if (waited && read) {
      EXPECT_EQ(waited->message(), read->message());
    }
    return waited;
  }

  static constexpr std::chrono::milliseconds kShortStall{60};
  test::TempDir dir;
  Client client{{.allow_http = true}};

 private:
  HttpStreamOptions with_stall(const std::string& url, std::chrono::milliseconds stall) {
    HttpStreamOptions out = options(url);
    out.stall = stall;
    return out;
  }
};

}  // namespace avstage::net
