#include "gateway/http.h"

#include <gtest/gtest.h>

namespace avstage::gateway {
namespace {

TEST(GatewayHttp, ReadsTheHeadOfARequest) {
  auto r = parse_request(
      "GET /a/b.mp4?x=1 HTTP/1.1\r\nHOST: 127.0.0.1:80\r\nrange:bytes=1-2 \r\nIf-Range: \"e\"\r\n\r\n");
  ASSERT_TRUE(r);
  EXPECT_EQ(r->method, "GET");
  EXPECT_EQ(r->path, "/a/b.mp4");
  EXPECT_EQ(r->host, "127.0.0.1:80");
  EXPECT_EQ(r->range, "bytes=1-2");
  EXPECT_EQ(r->if_range, "\"e\"");
  EXPECT_TRUE(r->keep_alive);
  EXPECT_FALSE(parse_request("GET / HTTP/1.0\r\n\r\n")->keep_alive);
  EXPECT_FALSE(parse_request("GET / HTTP/1.1\r\nConnection: close\r\n\r\n")->keep_alive);
  for (const char* bad :
       {"", "GET", "GET /\r\n\r\n", "GET x HTTP/1.1\r\n\r\n", "GET / FTP/1\r\n\r\n", "\r\n\r\n"}) {
    EXPECT_FALSE(parse_request(bad)) << bad;
  }
}

TEST(GatewayHttp, AnswersRanges) {
  struct {
    const char* header;
    std::uint64_t begin, end;
  } const served[] = {{"bytes=0-0", 0, 1},
                      {"bytes=5-", 5, 10},
                      {"Bytes=2-100", 2, 10},
                      {"bytes=-3", 7, 10},
                      {"bytes=-99", 0, 10},
                      {"bytes=9-9", 9, 10},
                      {"bytes=0-18446744073709551615", 0, 10}};
  for (const auto& s : served) {
    auto range = parse_range(s.header, 10);
    ASSERT_TRUE(range && range->satisfiable) << s.header;
    EXPECT_EQ(range->bytes.begin, s.begin) << s.header;
    EXPECT_EQ(range->bytes.end, s.end) << s.header;
  }
  for (const char* header : {"bytes=10-", "bytes=-0", "bytes=99-100"}) {
    auto range = parse_range(header, 10);
    ASSERT_TRUE(range) << header;
    EXPECT_FALSE(range->satisfiable) << header;
  }
  for (const char* header : {"", "bytes", "bytes=", "bytes=-", "items=0-1", "bytes=a-b", "bytes=5-2",
                             "bytes=0-1,3-4", "bytes=99999999999999999999-", "bytes=+1-2"}) {
    EXPECT_FALSE(parse_range(header, 10)) << header;
  }
}

TEST(GatewayHttp, KnowsItsOwnNames) {
  for (const char* host : {"127.0.0.1", "127.0.0.1:8080", "LOCALHOST:1", "[::1]", "[::1]:99"}) {
    EXPECT_TRUE(is_loopback_host(host)) << host;
  }
  for (const char* host : {"", "evil.example", "127.0.0.1.evil.example", "localhost.evil:80", "10.0.0.1"}) {
    EXPECT_FALSE(is_loopback_host(host)) << host;
  }
}

}  // namespace
}  // namespace avstage::gateway
