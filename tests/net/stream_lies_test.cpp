#include <fmt/format.h>
#include <gmock/gmock.h>

#include "net/stream_faults.h"

namespace avstage::net {
namespace {

using test::Connection;
using test::FaultServer;
using test::HttpRequest;
using test::noise;
using test::serve_file;
using test::ServeOptions;
using testing::HasSubstr;

TEST_F(StreamFaults, a_wrong_content_range_is_answered_by_reading_everything_again) {
  for (const char* lie :
       {"bytes 0-199999/200000", "bytes 50001-199999/200000", "bytes 50000-199999/*", "rubbish"}) {
    auto server = serve([&](int number, const HttpRequest& r, Connection& c) {
      if (!r.range()) return serve_file(c, r, file, {.cut_at = number == 0 ? 50'000 : kSize});
      c.respond(206, file, fmt::format("Content-Range: {}\r\n", lie));
    });
    expect_whole(*server);
    EXPECT_EQ(server->requests().size(), 3u) << lie;
    EXPECT_EQ(server->requests().back().header("range"), "") << lie;
  }
}

TEST_F(StreamFaults, a_range_with_other_bytes_than_its_head_says_is_answered_by_reading_everything_again) {
  auto server = serve([&](int number, const HttpRequest& r, Connection& c) {
    if (!r.range()) return serve_file(c, r, file, {.cut_at = number == 0 ? 50'000 : kSize});
    serve_file(c, r, "x" + file.substr(0, kSize - 1));
  });
  expect_whole(*server);
  EXPECT_EQ(server->requests().size(), 3u);
  EXPECT_EQ(server->requests().back().header("range"), "");
}

TEST_F(StreamFaults, after_one_wrong_range_no_other_is_taken) {
  auto server = serve([&](int number, const HttpRequest& r, Connection& c) {
    if (number == 0) return serve_file(c, r, file, {.cut_at = 50'000});
    c.respond(206, file, "Content-Range: bytes 0-199999/200000\r\n");
  });
  EXPECT_EQ(expect_failure(*server, ErrorCode::input).name(), "bad_answer");
  EXPECT_EQ(facts.requests, 3);
}

TEST_F(StreamFaults, another_file_of_the_same_length_is_found_without_any_validator) {
  const std::string other = noise(kSize, 2);
  auto server = serve([&](int number, const HttpRequest& r, Connection& c) {
    serve_file(c, r, number == 0 ? file : other, {.etag = "", .cut_at = number == 0 ? 50'000 : kSize + 1});
  });
  EXPECT_EQ(expect_failure(*server, ErrorCode::input).name(), "changed");
  EXPECT_EQ(facts.received, 50'000u);
}

TEST_F(StreamFaults, a_tail_that_differs_from_what_the_front_brings_is_found) {
  const std::string large = noise(1'500'000), other = noise(1'500'000, 2);
  test::Gate gate;
  auto server = serve([&](int, const HttpRequest& r, Connection& c) {
    r.range() ? serve_file(c, r, other) : serve_file(c, r, large, {.gate = &gate, .gate_at = 1000});
  });
  auto stream = HttpStream::open(client, patient(server->url()));
  auto reader = stream->reader();
  EXPECT_EQ(read_at(*reader, 1'400'000, 10), other.substr(1'400'000, 10));
  gate.open();
  auto error = failure_of(*stream);
  ASSERT_TRUE(error);
  EXPECT_EQ(error->name(), "changed");
}

TEST_F(StreamFaults, a_sum_that_the_server_names_is_checked) {
  const std::string bytes(10, 'a');
  const std::string sum = "vyy1imj2hNlaO3jvj2Ycmk5bCegsyPnMiMzpBSjK6yc=";
  for (const std::string& line : {"Digest: SHA-256=" + sum, "Repr-Digest: sha-256=:" + sum + ":",
                                  "x-amz-checksum-sha256: " + sum, "x-amz-checksum-sha256: " + sum + "-2"}) {
    auto server = serve_once({.extra_headers = line + "\r\n"});
    FaultServer good([&](const HttpRequest& r, Connection& c) {
      serve_file(c, r, bytes, {.extra_headers = line + "\r\n"});
    });
    auto stream = HttpStream::open(client, options(good.url()));
    EXPECT_EQ(read_all(*stream->reader()), bytes) << line;
    EXPECT_NO_THROW(stream->wait_complete({})) << line;
    if (line.ends_with("-2")) continue;
    EXPECT_EQ(expect_failure(*server, ErrorCode::input).name(), "checksum") << line;
  }
}

TEST_F(StreamFaults, a_disk_without_room_is_named_before_a_byte_is_taken) {
  auto server = serve([&](int, const HttpRequest&, Connection& c) {
    c.send("HTTP/1.1 200 OK\r\nContent-Length: 1125899906842624\r\n\r\nx");
    c.stall();
  });
  auto how = options(server->url());
  how.max_bytes = std::uint64_t(1) << 60;
  Error error = expect_failure(*server, ErrorCode::local, how);
  EXPECT_EQ(error.name(), "no_space");
  EXPECT_THAT(error.message(),
              testing::AllOf(HasSubstr("no room for 1125899906842624 bytes"), HasSubstr("missing")));
  EXPECT_EQ(facts.received, 0u);
}

TEST_F(StreamFaults, other_bytes_while_reading_again_are_found) {
  const std::string other = noise(kSize, 2);
  auto server = serve([&](int number, const HttpRequest& r, Connection& c) {
    serve_file(c, r, number == 0 ? file : other,
               {.etag = "", .no_ranges = true, .cut_at = number == 0 ? 5000 : kSize});
  });
  Error error = expect_failure(*server, ErrorCode::input);
  EXPECT_THAT(error.message(), HasSubstr("the file changed while downloading"));
  EXPECT_EQ(facts.received, 5000u);
}

TEST_F(StreamFaults, a_changed_etag_is_found_before_a_byte_is_taken) {
  Error error =
      expect_failure(*serve_once({.etag = "\"one\"", .cut_at = 5000}, {.etag = "\"two\""}), ErrorCode::input);
  EXPECT_THAT(error.message(), HasSubstr("the file changed while downloading"));
  EXPECT_EQ(facts.received, 5000u);
}

TEST_F(StreamFaults, a_changed_date_is_found) {
  expect_failure(*serve_once({.extra_headers = "Last-Modified: then\r\n", .cut_at = 5000},
                             {.extra_headers = "Last-Modified: now\r\n"}),
                 ErrorCode::input);
}

TEST_F(StreamFaults, a_changed_length_is_found) {
  auto server = serve([&](int number, const HttpRequest& r, Connection& c) {
    if (number == 0) return serve_file(c, r, file, {.etag = "", .cut_at = 5000});
    serve_file(c, r, file + "more", {.etag = ""});
  });
  Error error = expect_failure(*server, ErrorCode::input);
  EXPECT_THAT(error.message(), HasSubstr("200000 bytes are now 200004"));
}

TEST_F(StreamFaults, a_later_answer_without_a_length_cannot_shorten_the_file) {
  auto server = serve([&](int number, const HttpRequest& r, Connection& c) {
    if (number == 1)
      return serve_file(c, r, file.substr(0, 150'000), {.no_ranges = true, .close_delimited = true});
    serve_file(c, r, file, {.cut_at = number == 0 ? 5000 : kSize});
  });
  expect_whole(*server);
}

TEST_F(StreamFaults, pages_are_refused_before_a_byte_is_taken) {
  for (const char* type : {"text/html; charset=utf-8", "application/json", "application/xml"}) {
    auto server = serve_once({.content_type = type});
    Error error = expect_failure(*server, ErrorCode::input);
    EXPECT_THAT(error.message(), HasSubstr("not media"));
    EXPECT_EQ(facts.received, 0u);
    EXPECT_EQ(facts.requests, 1);
  }
}

TEST_F(StreamFaults, compressed_answers_are_refused) {
  expect_failure(*serve_once({.extra_headers = "Content-Encoding: gzip\r\n"}), ErrorCode::input);
  EXPECT_EQ(facts.received, 0u);
}

TEST_F(StreamFaults, zero_bytes_are_refused) {
  for (ServeOptions how :
       {ServeOptions{}, ServeOptions{.chunked = true}, ServeOptions{.close_delimited = true}}) {
    auto server = serve([&](int, const HttpRequest& r, Connection& c) { serve_file(c, r, "", how); });
    Error error = expect_failure(*server, ErrorCode::input);
    EXPECT_THAT(error.message(), HasSubstr("zero bytes"));
  }
}

TEST_F(StreamFaults, a_file_beyond_the_limit_is_refused_before_it_is_downloaded) {
  auto server = serve_once({});
  auto how = options(server->url());
  how.max_bytes = kSize - 1;
  Error error = expect_failure(*server, ErrorCode::input, how);
  EXPECT_THAT(error.message(), HasSubstr("199999"));
  EXPECT_EQ(facts.received, 0u);
}

TEST_F(StreamFaults, an_unannounced_file_beyond_the_limit_is_refused_when_it_gets_there) {
  auto server = serve_once({.chunked = true});
  auto how = options(server->url());
  how.max_bytes = 100'000;
  Error error = expect_failure(*server, ErrorCode::input, how);
  EXPECT_THAT(error.message(), HasSubstr("100000"));
  EXPECT_LE(facts.received, 100'000u);
}

}  // namespace
}  // namespace avstage::net
