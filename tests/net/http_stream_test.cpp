#include "net/http_stream.h"

#include <fmt/format.h>
#include <gmock/gmock.h>

#include <fstream>
#include <sstream>
#include <thread>

#include "net/stream_bench.h"

namespace avstage::net {
namespace {

using namespace std::chrono_literals;
using test::Connection;
using test::FaultServer;
using test::HttpRequest;
using test::noise;
using test::serve_file;
using test::ServeOptions;
using testing::HasSubstr;
using testing::Not;

std::string content_of(const std::string& path) {
  std::ostringstream out;
  out << std::ifstream(path, std::ios::binary).rdbuf();
  return out.str();
}

class HttpStreamTest : public StreamBench {};

TEST_F(HttpStreamTest, a_clean_transfer_is_exactly_one_request) {
  const std::string file = noise(300'000);
  FaultServer server([&](const HttpRequest& r, Connection& c) { serve_file(c, r, file); });
  auto stream = HttpStream::open(client, options(server.url("/a.mp4?Signature=s")));
  auto reader = stream->reader();
  EXPECT_EQ(reader->size(), file.size());
  EXPECT_EQ(read_all(*reader), file);
  stream->wait_complete({});
  EXPECT_TRUE(stream->complete());
  EXPECT_EQ(content_of(dir / "spool"), file);
  HttpStream::Facts facts = stream->facts();
  EXPECT_EQ(facts.size, file.size());
  EXPECT_EQ(facts.received, file.size());
  EXPECT_EQ(facts.requests, 1);
  EXPECT_EQ(facts.refreshes, 0);
  EXPECT_TRUE(facts.length_proven);
  ASSERT_EQ(server.requests().size(), 1u);
  EXPECT_EQ(server.requests()[0].header("range"), "");
  EXPECT_EQ(server.requests()[0].header("accept-encoding"), "identity");
}

TEST_F(HttpStreamTest, a_reader_sees_bytes_before_the_last_one_has_arrived) {
  const std::string file = noise(100'000);
  test::Gate gate;
  FaultServer server([&](const HttpRequest& r, Connection& c) {
    serve_file(c, r, file, {.gate = &gate, .gate_at = 50'000});
  });
  auto stream = HttpStream::open(client, patient(server.url()));
  auto reader = stream->reader();
  EXPECT_EQ(read_at(*reader, 40'000, 10), file.substr(40'000, 10));
  EXPECT_FALSE(stream->complete());
  gate.open();
  EXPECT_EQ(read_at(*reader, 99'990, 100), file.substr(99'990));
  EXPECT_EQ(read_at(*reader, 100'000, 10), "");
  EXPECT_EQ(read_at(*reader, 999'999, 10), "");
}

TEST_F(HttpStreamTest, two_readers_at_once_get_the_same_bytes) {
  const std::string file = noise(2'000'000);
  FaultServer server([&](const HttpRequest& r, Connection& c) { serve_file(c, r, file); });
  auto stream = HttpStream::open(client, options(server.url()));
  std::string one, two;
  {
    std::jthread first([&] { one = read_all(*stream->reader()); });
    std::jthread second([&] { two = read_all(*stream->reader()); });
  }
  EXPECT_EQ(one, file);
  EXPECT_EQ(two, file);
}

TEST_F(HttpStreamTest, a_reader_keeps_the_stream_alive) {
  const std::string file = noise(100'000);
  FaultServer server([&](const HttpRequest& r, Connection& c) { serve_file(c, r, file); });
  auto reader = HttpStream::open(client, options(server.url()))->reader();
  EXPECT_EQ(read_all(*reader), file);
}

TEST_F(HttpStreamTest, a_far_seek_is_served_by_a_second_request) {
  const std::string file = noise(3'000'000);
  test::Gate gate;
  FaultServer server([&](const HttpRequest& r, Connection& c) {
    ServeOptions how;
    if (!r.range()) how = {.gate = &gate, .gate_at = 1000};
    serve_file(c, r, file, how);
  });
  auto stream = HttpStream::open(client, patient(server.url()));
  auto reader = stream->reader();
  EXPECT_EQ(read_at(*reader, 0, 10), file.substr(0, 10));
  EXPECT_EQ(read_at(*reader, 2'900'000, 10), file.substr(2'900'000, 10)) << "with the front still withheld";
  gate.open();
  stream->wait_complete({});
  EXPECT_EQ(content_of(dir / "spool"), file);
  ASSERT_EQ(server.requests().size(), 2u);
  EXPECT_EQ(server.requests()[1].header("range"), "bytes=2900000-2999999");
  EXPECT_EQ(stream->facts().received, file.size());
}

TEST_F(HttpStreamTest, a_near_seek_waits_for_the_first_request) {
  const std::string file = noise(500'000);
  FaultServer server([&](const HttpRequest& r, Connection& c) { serve_file(c, r, file); });
  auto stream = HttpStream::open(client, options(server.url()));
  auto reader = stream->reader();
  EXPECT_EQ(read_at(*reader, 499'000, 10), file.substr(499'000, 10));
  stream->wait_complete({});
  EXPECT_EQ(server.requests().size(), 1u);
}

TEST_F(HttpStreamTest, a_tail_that_fails_leaves_the_work_to_the_main_transfer) {
  const std::string file = noise(1'500'000);
  test::Gate gate;
  FaultServer server([&](const HttpRequest& r, Connection& c) {
    if (!r.range()) return serve_file(c, r, file, {.gate = &gate, .gate_at = 1000});
    c.respond(206, "lies", "Content-Range: bytes 0-3/1500000\r\n");
    gate.open();
  });
  auto stream = HttpStream::open(client, options(server.url()));
  auto reader = stream->reader();
  EXPECT_EQ(read_at(*reader, 0, 10), file.substr(0, 10));
  EXPECT_EQ(read_at(*reader, 1'400'000, 10), file.substr(1'400'000, 10));
  stream->wait_complete({});
  EXPECT_EQ(content_of(dir / "spool"), file);
}

/// As where one node of a CDN knows no ranges: what it sends is the file from 0, of which the front is
/// elsewhere.
TEST_F(HttpStreamTest, a_tail_whose_range_is_ignored_leaves_the_work_to_the_main_transfer) {
  const std::string file = noise(1'500'000);
  test::Gate gate;
  FaultServer server([&](const HttpRequest& r, Connection& c) {
    if (!r.range()) return serve_file(c, r, file, {.gate = &gate, .gate_at = 1000});
    serve_file(c, r, file, {.no_ranges = true});
    gate.open();
  });
  auto stream = HttpStream::open(client, options(server.url()));
  auto reader = stream->reader();
  EXPECT_EQ(read_at(*reader, 0, 10), file.substr(0, 10));
  EXPECT_EQ(read_at(*reader, 1'400'000, 10), file.substr(1'400'000, 10));
  stream->wait_complete({});
  EXPECT_EQ(content_of(dir / "spool"), file);
  EXPECT_GE(server.requests().size(), 2u);
}

TEST_F(HttpStreamTest, a_broken_tail_is_completed_in_full) {
  const std::string file = noise(1'500'000);
  test::Gate gate;
  std::atomic<int> tails = 0;
  FaultServer server([&](const HttpRequest& r, Connection& c) {
    ServeOptions how;
    if (!r.range()) how = {.gate = &gate, .gate_at = 1000};
    if (r.range() && tails++ == 0) how = {.reset_at = 1'450'000};
    serve_file(c, r, file, how);
  });
  auto stream = HttpStream::open(client, patient(server.url()));
  auto reader = stream->reader();
  EXPECT_EQ(read_at(*reader, 0, 10), file.substr(0, 10));
  EXPECT_EQ(read_at(*reader, 1'499'990, 10), file.substr(1'499'990));
  reader->seek(1'400'000);
  gate.open();
  stream->wait_complete({});
  EXPECT_EQ(content_of(dir / "spool"), file);
}

TEST_F(HttpStreamTest, a_chunked_body_is_proven_by_its_terminator) {
  const std::string file = noise(100'000);
  test::Gate gate;
  FaultServer server([&](const HttpRequest& r, Connection& c) {
    serve_file(c, r, file, {.chunked = true, .gate = &gate, .gate_at = 1000});
  });
  auto stream = HttpStream::open(client, patient(server.url()));
  auto reader = stream->reader();
  EXPECT_EQ(reader->size(), std::nullopt);
  gate.open();
  EXPECT_EQ(read_all(*reader), file);
  stream->wait_complete({});
  EXPECT_TRUE(stream->facts().length_proven);
  EXPECT_EQ(stream->facts().size, file.size());
}

TEST_F(HttpStreamTest, the_end_of_a_close_delimited_body_is_accepted_but_not_proven) {
  const std::string file = noise(100'000);
  FaultServer server(
      [&](const HttpRequest& r, Connection& c) { serve_file(c, r, file, {.close_delimited = true}); });
  auto stream = HttpStream::open(client, options(server.url()));
  EXPECT_EQ(read_all(*stream->reader()), file);
  stream->wait_complete({});
  EXPECT_FALSE(stream->facts().length_proven);
}

TEST_F(HttpStreamTest, abort_wakes_every_reader_and_waiter) {
  const std::string file = noise(100'000);
  FaultServer server(
      [&](const HttpRequest& r, Connection& c) { serve_file(c, r, file, {.stall_at = 1000}); });
  auto stream = HttpStream::open(client, patient(server.url()));
  auto reader = stream->reader();
  ASSERT_EQ(read_at(*reader, 0, 1000).size(), 1000u);
  std::jthread aborter([&] {
    std::this_thread::sleep_for(20ms);
    stream->abort();
  });
  auto begin = std::chrono::steady_clock::now();
  auto error = failure_of(*stream);
  ASSERT_TRUE(error);
  EXPECT_EQ(error->code(), ErrorCode::interrupted);
  reader.reset();
  stream.reset();
  EXPECT_LT(std::chrono::steady_clock::now() - begin, 1s);
}

TEST_F(HttpStreamTest, a_reader_can_be_aborted_alone) {
  const std::string file = noise(100'000);
  test::Gate gate;
  FaultServer server(
      [&](const HttpRequest& r, Connection& c) { serve_file(c, r, file, {.gate = &gate, .gate_at = 1000}); });
  auto stream = HttpStream::open(client, patient(server.url()));
  auto gone = stream->reader(), stays = stream->reader();
  std::jthread aborter([&] {
    std::this_thread::sleep_for(20ms);
    gone->abort();
  });
  EXPECT_THROW(read_at(*gone, 5000, 10), Error);
  EXPECT_THROW(read_at(*gone, 0, 10), Error);
  gate.open();
  EXPECT_EQ(read_all(*stays), file);
}

TEST_F(HttpStreamTest, waiting_ends_when_its_owner_stops) {
  const std::string file = noise(1000);
  FaultServer server([&](const HttpRequest& r, Connection& c) { serve_file(c, r, file, {.stall_at = 10}); });
  auto stream = HttpStream::open(client, patient(server.url()));
  std::stop_source stop;
  std::jthread stopper([&] { stop.request_stop(); });
  try {
    stream->wait_complete(stop.get_token());
    FAIL() << "nothing was thrown";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::interrupted);
  }
}

TEST_F(HttpStreamTest, a_spool_that_cannot_be_created_is_a_local_error) {
  auto bad = options("http://127.0.0.1:1/");
  bad.spool_path = dir / "missing/spool";
  try {
    HttpStream::open(client, bad);
    FAIL() << "nothing was thrown";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::local);
    EXPECT_THAT(error.message(), HasSubstr("missing/spool"));
  }
}

TEST_F(HttpStreamTest, a_full_disk_is_a_local_error) {
  const std::string file = noise(10'000);
  FaultServer server([&](const HttpRequest& r, Connection& c) { serve_file(c, r, file); });
  auto full = options(server.url());
  full.spool_path = "/dev/full";
  auto stream = HttpStream::open(client, full);
  auto error = failure_of(*stream);
  ASSERT_TRUE(error);
  EXPECT_EQ(error->code(), ErrorCode::local);
  EXPECT_EQ(server.requests().size(), 1u);
}

TEST_F(HttpStreamTest, a_private_address_ends_the_stream_at_once) {
  Client strict({});
  auto stream = HttpStream::open(strict, options("https://127.0.0.1:1/a.mp4?Signature=secret"));
  auto error = failure_of(*stream);
  ASSERT_TRUE(error);
  EXPECT_EQ(error->name(), "private_address");
  EXPECT_EQ(stream->facts().requests, 1);
  EXPECT_THAT(error->message(), HasSubstr("clip 'host'"));
  EXPECT_THAT(error->message(), Not(HasSubstr("secret")));
}

TEST_F(HttpStreamTest, plain_http_is_refused_unless_allowed) {
  Client strict({});
  auto stream = HttpStream::open(strict, options("http://example.com/"));
  auto error = failure_of(*stream);
  ASSERT_TRUE(error);
  EXPECT_EQ(error->code(), ErrorCode::usage);
}

TEST(FileSource, reads_seeks_and_knows_its_size) {
  test::TempDir dir;
  std::ofstream(dir / "a") << "0123456789";
  auto source = open_file_source(dir / "a");
  std::byte buffer[4];
  EXPECT_EQ(source->size(), 10u);
  EXPECT_EQ(source->read(buffer), 4u);
  source->seek(8);
  EXPECT_EQ(source->read(buffer), 2u);
  EXPECT_EQ(buffer[1], std::byte('9'));
  EXPECT_EQ(source->read(buffer), 0u);
  source->abort();
  EXPECT_THROW(source->read(buffer), Error);
}

TEST(FileSource, what_is_no_readable_file_is_an_input_error) {
  test::TempDir dir;
  for (const std::string& path : {dir / "missing", dir.path(), std::string("/dev/null")}) {
    try {
      open_file_source(path);
      FAIL() << path;
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::input);
      EXPECT_THAT(error.message(), HasSubstr(path));
    }
  }
}

}  // namespace
}  // namespace avstage::net
