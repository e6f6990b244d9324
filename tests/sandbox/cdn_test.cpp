#include <sys/socket.h>

#include <cmath>

#include "bench.h"

namespace avstage::sandbox::test {
namespace {

/// A finished video, and what the file server says when it goes wrong, read as it comes over the wire.
class Cdn : public Bench {
 protected:
  void SetUp() override {
    start();
    data_ = finished(create());
    url_ = data_["video_url"];
    whole_ = get(url_).body;
    half_ = whole_.size() / 2;
  }

  struct Wire {
    std::string head, body;
    bool reset = false;
  };

  /// A request on a connection of its own, read until its end or until `enough` bytes of the body.
  Wire raw(const json& fault, const std::string& headers = "", const std::string& method = "GET",
           std::size_t enough = std::string::npos) {
    RawSocket socket(sandbox_->base_url());
    std::string target = url_.substr(sandbox_->base_url().size());
    socket.write(method + " " + target + " HTTP/1.1\r\nHost: x\r\nX-Sandbox-Fault: " +
                 json{{"cdn", fault}}.dump() + "\r\n" + headers + "\r\n");
    Wire wire{socket.read_until("\r\n\r\n"), "", false};
    wire.body = socket.read_bytes(enough, wire.reset);
    return wire;
  }
  static bool has(const Wire& wire, const std::string& text) {
    return wire.head.find(text) != std::string::npos;
  }

  json data_;
  std::string url_, whole_;
  std::size_t half_ = 0;
};

TEST_F(Cdn, TruncationPromisesMoreThanItSends) {
  Wire wire = raw({{"truncate", half_}});
  EXPECT_TRUE(has(wire, "HTTP/1.1 200 OK\r\n"));
  EXPECT_TRUE(has(wire, "Content-Length: " + std::to_string(whole_.size()))) << wire.head;
  EXPECT_TRUE(wire.body == whole_.substr(0, half_));
  EXPECT_FALSE(wire.reset);
  Wire share = raw({{"truncate", "50%"}}, "Range: bytes=100-\r\n");
  EXPECT_TRUE(has(share, "HTTP/1.1 206"));
  EXPECT_TRUE(share.body == whole_.substr(100, half_ - 100));
}

TEST_F(Cdn, AFaultBeforeTheRangeDoesNothing) {
  Wire wire = raw({{"reset", 10}}, "Range: bytes=100-199\r\nConnection: close\r\n");
  EXPECT_TRUE(wire.body == whole_.substr(100, 100));
  EXPECT_FALSE(wire.reset);
}

TEST_F(Cdn, AResetIsATcpReset) {
  Wire wire = raw({{"reset", half_}});
  EXPECT_TRUE(wire.reset);
  EXPECT_LE(wire.body.size(), half_);  // what was under way may be lost
  EXPECT_TRUE(whole_.starts_with(wire.body));
}

TEST_F(Cdn, AStallSendsNothingMoreAndKeepsTheConnection) {
  RawSocket socket(sandbox_->base_url());
  socket.write("GET " + url_.substr(sandbox_->base_url().size()) +
               " HTTP/1.1\r\nHost: x\r\nX-Sandbox-Fault: {\"cdn\": {\"stall\": 1000}}\r\n\r\n");
  socket.read_until("\r\n\r\n");
  bool reset = false;
  EXPECT_TRUE(socket.read_bytes(1000, reset) == whole_.substr(0, 1000));
  EXPECT_TRUE(socket.is_silent_for(std::chrono::milliseconds(300)));
  auto begin = std::chrono::steady_clock::now();
  sandbox_.reset();  // a stalled connection holds nothing up
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(5));
}

TEST_F(Cdn, ChunkedHasNoLengthAndEndsOrNot) {
  Wire wire = raw({{"length", "chunked"}}, "", "GET", 0);
  EXPECT_TRUE(has(wire, "Transfer-Encoding: chunked"));
  EXPECT_FALSE(has(wire, "Content-Length"));
  EXPECT_TRUE(get(url_, fault({{"cdn", {{"length", "chunked"}}}})).body == whole_);
  EXPECT_THROW(get(url_, fault({{"cdn", {{"length", "chunked"}, {"truncate", half_}}}})),
               net::TransportError);
}

TEST_F(Cdn, WithoutALengthTheEndIsTheClosedConnection) {
  Wire wire = raw({{"length", "none"}});
  EXPECT_FALSE(has(wire, "Content-Length"));
  EXPECT_FALSE(has(wire, "chunked"));
  EXPECT_TRUE(wire.body == whole_);
  EXPECT_TRUE(raw({{"length", "none"}, {"truncate", half_}}).body == whole_.substr(0, half_));
}

TEST_F(Cdn, RangesCanBeOff) {
  Wire wire = raw({{"ranges", false}}, "Range: bytes=100-199\r\n", "GET", whole_.size());
  EXPECT_TRUE(has(wire, "HTTP/1.1 200 OK"));
  EXPECT_FALSE(has(wire, "Accept-Ranges"));
  EXPECT_TRUE(wire.body == whole_);
}

TEST_F(Cdn, TheSizeCanBeALieAndSoCanTheRange) {
  Wire shorter = raw({{"claim", 1000}}, "", "GET", 1000);
  EXPECT_TRUE(has(shorter, "Content-Length: 1000\r\n"));
  EXPECT_TRUE(shorter.body == whole_.substr(0, 1000));
  Wire longer = raw({{"claim", whole_.size() + 500}});
  EXPECT_TRUE(has(longer, "Content-Length: " + std::to_string(whole_.size() + 500)));
  EXPECT_TRUE(longer.body == whole_);
  Wire moved = raw({{"shift", 7}}, "Range: bytes=100-199\r\n", "GET", 100);
  EXPECT_TRUE(has(moved, "Content-Range: bytes 100-199/" + std::to_string(whole_.size())));
  EXPECT_TRUE(moved.body == whole_.substr(107, 100));
}

TEST_F(Cdn, RedirectsGoToItselfForEverOrToAnotherHost) {
  auto location = [](const Wire& wire) {
    std::size_t at = wire.head.find("Location: ") + 10;
    return wire.head.substr(at, wire.head.find("\r\n", at) - at);
  };
  Wire once = raw({{"redirect", "once"}}, "", "GET", 0);
  EXPECT_TRUE(has(once, "HTTP/1.1 302"));
  EXPECT_TRUE(location(once).starts_with(sandbox_->base_url() + "/files/"));
  EXPECT_TRUE(get(location(once), fault({{"cdn", {{"redirect", "once"}}}})).body == whole_);
  Wire other = raw({{"redirect", "other_host"}}, "", "GET", 0);
  EXPECT_TRUE(location(other).starts_with("http://localhost:"));
  EXPECT_TRUE(get(location(other)).body == whole_);
  std::string loop = location(raw({{"redirect", "loop"}}, "", "GET", 0));
  EXPECT_EQ(loop.find("Redirected"), std::string::npos);
}

TEST_F(Cdn, ATagMayChangeAndAStatusMayComeInstead) {
  EXPECT_EQ(get(url_, fault({{"cdn", {{"etag", "new"}}}})).header("etag"), "\"new\"");
  net::Response refused = get(url_, fault({{"cdn", {{"status", 503}}}}));
  EXPECT_EQ(refused.status, 503);
  EXPECT_EQ(refused.header("content-type"), "application/xml");
  EXPECT_EQ(get(url_, {{"X-Sandbox-Fault", "{\"cdn\": 1}"}}).status, 400);
}

TEST_F(Cdn, ARateIsKept) {
  auto begin = std::chrono::steady_clock::now();
  EXPECT_EQ(raw({{"rate", 1000}}, "Range: bytes=0-399\r\n", "GET", 400).body.size(), 400U);
  EXPECT_GE(std::chrono::steady_clock::now() - begin, std::chrono::milliseconds(330));
}

TEST_F(Cdn, AListIsForOneDownloadAfterTheOther) {
  options_.make_time = std::chrono::milliseconds(0);
  sandbox_.reset();
  start({{"url_not_ready", 2}, {"cdn", {{{"status", 500}}, "ok", {{"etag", "later"}}}}});
  std::string url = status(data_["id"])["video_url"];
  for (int status : {404, 404, 500, 200}) EXPECT_EQ(get(url).status, status);
  EXPECT_EQ(get(url).header("etag"), "\"later\"");
  EXPECT_NE(get(url).header("etag"), "\"later\"");
  EXPECT_EQ(get_json("/__sandbox/state")["videos"][0]["downloads"], 6);
}

TEST_F(Cdn, AnOrderMayHaveUrlsThatLiveShortAndAnIndexAtTheEnd) {
  std::string id = create_v3(fault({{"url_ttl", 0}, {"index", "last"}}));
  json data;
  for (int i = 0; i < 1500 && data["status"] != "completed"; ++i) {
    data = get_json("/v3/videos/" + id)["data"];
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  EXPECT_EQ(get(data["video_url"]).status, 403);
  sandbox_.reset();
  bool at_the_end = false;
  for (const std::string& file : dir_.files()) {
    if (!file.ends_with(".mp4")) continue;
    std::string bytes = read_file(dir_ / file);
    at_the_end |= bytes.find("moov") > bytes.find("mdat");
  }
  EXPECT_TRUE(at_the_end);
}

}  // namespace
}  // namespace avstage::sandbox::test
