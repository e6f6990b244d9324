#include "net/answer.h"

#include <gtest/gtest.h>

namespace avstage::net {
namespace {

Response head(long status, Headers headers) {
  return {.status = status, .headers = std::move(headers)};
}

std::optional<std::int64_t> retry_after(const std::string& text, std::int64_t now = 0) {
  return head(429, {{"retry-after", text}}).retry_after(now);
}

TEST(RetryAfter, takes_seconds_and_dates) {
  EXPECT_EQ(retry_after("7"), 7);
  EXPECT_EQ(retry_after("0"), 0);
  EXPECT_EQ(retry_after("Sun, 06 Nov 1994 08:49:37 GMT", 784111777 - 30), 30);
  EXPECT_EQ(retry_after("Sun, 06 Nov 1994 08:49:37 GMT", 784111777 + 30), 0);
}

TEST(RetryAfter, is_unknown_when_absent_or_malformed) {
  for (const char* text :
       {"", "-1", "soon", "7 s", "1e3", "99999999999999999999", "Sun, 06 Nov 1994 08:49:37", "GMT"}) {
    EXPECT_EQ(retry_after(text), std::nullopt) << text;
  }
  EXPECT_EQ(head(429, {}).retry_after(0), std::nullopt);
}

TEST(ContentRange, is_half_open) {
  EXPECT_EQ(parse_content_range("bytes 5-9/20"), (ContentRange{5, 10, 20}));
  EXPECT_EQ(parse_content_range("bytes 0-0/*"), (ContentRange{0, 1, std::nullopt}));
}

TEST(ContentRange, refuses_what_contradicts_itself) {
  for (const char* text : {"", "bytes", "bytes */20", "bytes 9-5/20", "bytes 5-20/20", "bytes 5-9",
                           "items 5-9/20", "bytes -5-9/20", "bytes 5-9/-1", "bytes 5-9/20x", "bytes a-9/20",
                           "bytes 5/9-20", "bytes 5-99999999999999999999/*", "bytes 5-9/"}) {
    EXPECT_EQ(parse_content_range(text), std::nullopt) << text;
  }
}

TEST(Judge, knows_the_whole_from_a_200) {
  Answer answer = judge(head(200, {{"content-length", "20"}, {"accept-ranges", "bytes"}}), {}, 0);
  EXPECT_EQ(answer.kind, Answer::Kind::body);
  EXPECT_EQ(answer.total, 20u);
  EXPECT_EQ(answer.end, 20u);
  EXPECT_TRUE(answer.ranges);
}

TEST(Judge, does_not_believe_a_length_beside_chunks) {
  Answer answer = judge(head(200, {{"content-length", "20"}, {"transfer-encoding", "chunked"}}), {}, 0);
  EXPECT_EQ(answer.total, std::nullopt);
  EXPECT_TRUE(answer.chunked);
}

TEST(Judge, takes_a_part_only_where_it_was_asked_for) {
  Asked asked{.ranged = true, .from = 5};
  Answer answer = judge(head(206, {{"content-range", "bytes 5-19/20"}}), asked, 0);
  EXPECT_EQ(answer.kind, Answer::Kind::body);
  EXPECT_EQ(answer.start, 5u);
  EXPECT_EQ(answer.end, 20u);
  for (const char* range : {"bytes 0-19/20", "bytes 6-19/20", "bytes 5-19/*", ""}) {
    EXPECT_EQ(judge(head(206, {{"content-range", range}}), asked, 0).kind, Answer::Kind::wrong_range)
        << range;
  }
  EXPECT_THROW(judge(head(206, {{"content-range", "bytes 0-19/20"}}), {}, 0), Error);
}

TEST(Judge, sorts_the_statuses) {
  for (long status : {401, 403, 404, 410}) {
    EXPECT_EQ(judge(head(status, {}), {}, 0).kind, Answer::Kind::expired) << status;
  }
  for (long status : {408, 425, 429, 500, 502, 503, 504}) {
    EXPECT_EQ(judge(head(status, {}), {}, 0).kind, Answer::Kind::busy) << status;
  }
  for (long status : {204, 304, 400, 402, 405, 416, 451}) {
    EXPECT_THROW(judge(head(status, {}), {}, 0), Error) << status;
  }
}

TEST(Judge, a_416_right_behind_the_last_byte_is_the_end) {
  Asked asked{.ranged = true, .from = 20};
  EXPECT_EQ(judge(head(416, {{"content-range", "bytes */20"}}), asked, 0).kind, Answer::Kind::at_end);
  EXPECT_THROW(judge(head(416, {{"content-range", "bytes */19"}}), asked, 0), Error);
  EXPECT_THROW(judge(head(416, {}), asked, 0), Error);
}

TEST(Judge, refuses_pages_and_nothing) {
  for (const char* type : {"text/html", "Text/HTML; charset=utf-8", "application/json", "application/xml",
                           "text/xml", "application/problem+json", "image/svg+xml"}) {
    EXPECT_THROW(judge(head(200, {{"content-type", type}}), {}, 0), Error) << type;
  }
  EXPECT_THROW(judge(head(200, {{"content-length", "0"}}), {}, 0), Error);
  EXPECT_THROW(judge(head(200, {{"content-length", "many"}}), {}, 0), Error);
  for (const char* type : {"video/mp4", "binary/octet-stream", ""}) {
    EXPECT_NO_THROW(judge(head(200, {{"content-type", type}}), {}, 0)) << type;
  }
}

TEST(Identity, holds_later_answers_to_the_first) {
  Answer first{.total = 20, .etag = "\"a\"", .last_modified = "then"};
  Identity identity;
  identity.hold(first);
  EXPECT_NO_THROW(identity.hold(first));
  EXPECT_NO_THROW(identity.hold(Answer{}));
  EXPECT_THROW(identity.hold(Answer{.etag = "\"b\""}), Error);
  EXPECT_THROW(identity.hold(Answer{.last_modified = "now"}), Error);
  EXPECT_THROW(identity.hold(Answer{.total = 21}), Error);
}

}  // namespace
}  // namespace avstage::net
