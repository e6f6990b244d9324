#include <cmath>

#include "bench.h"

namespace avstage::sandbox::test {
namespace {

class Files : public Bench {
 protected:
  void SetUp() override {
    start();
    id_ = create();
    url_ = finished(id_)["video_url"];
    key_.clear();
    whole_ = get(url_).body;
  }
  net::Response ranged(const std::string& range) { return get(url_, {{"Range", range}}); }

  std::string id_, url_, whole_;
};

TEST_F(Files, AWholeFileHasLengthTagAndDate) {
  net::Response response = get(url_);
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.header("content-length"), std::to_string(whole_.size()));
  EXPECT_EQ(response.header("content-type"), "video/mp4");
  EXPECT_EQ(response.header("accept-ranges"), "bytes");
  EXPECT_EQ(response.header("etag").size(), 34U);
  EXPECT_TRUE(response.header("last-modified").ends_with(" GMT"));
  EXPECT_EQ(whole_.substr(4, 4), "ftyp");
}

TEST_F(Files, HeadAnswersTheSameHeadersWithoutABody) {
  net::Response head = send("HEAD", url_), full = get(url_);
  EXPECT_EQ(head.status, 200);
  EXPECT_EQ(head.body, "");
  for (const char* name : {"content-length", "etag", "last-modified", "accept-ranges", "content-type"}) {
    EXPECT_EQ(head.header(name), full.header(name)) << name;
  }
  net::Response part = send("HEAD", url_, "", {{"Range", "bytes=5-9"}});
  EXPECT_EQ(part.status, 206);
  EXPECT_EQ(part.header("content-length"), "5");
}

TEST_F(Files, RangesAreCutExactly) {
  std::size_t size = whole_.size();
  struct Case {
    std::string range;
    std::size_t first, length;
  };
  const Case cases[] = {
      {"bytes=0-0", 0, 1},          {"bytes=100-", 100, size - 100},      {"bytes=7-1006", 7, 1000},
      {"bytes=-10", size - 10, 10}, {"bytes=10-99999999", 10, size - 10}, {"bytes=-99999999", 0, size}};
  for (const Case& c : cases) {
    net::Response response = ranged(c.range);
    EXPECT_EQ(response.status, 206) << c.range;
    EXPECT_EQ(response.header("content-range"), "bytes " + std::to_string(c.first) + "-" +
                                                    std::to_string(c.first + c.length - 1) + "/" +
                                                    std::to_string(size));
    EXPECT_TRUE(response.body == whole_.substr(c.first, c.length)) << c.range;
  }
}

TEST_F(Files, ARangeBehindTheEndIs416) {
  net::Response response = ranged("bytes=" + std::to_string(whole_.size()) + "-");
  EXPECT_EQ(response.status, 416);
  EXPECT_EQ(response.header("content-range"), "bytes */" + std::to_string(whole_.size()));
}

TEST_F(Files, IfRangeWithAnotherTagSendsTheWholeFile) {
  std::string tag = get(url_).header("etag");
  EXPECT_EQ(get(url_, {{"Range", "bytes=1-2"}, {"If-Range", tag}}).status, 206);
  net::Response other = get(url_, {{"Range", "bytes=1-2"}, {"If-Range", "\"old\""}});
  EXPECT_EQ(other.status, 200);
  EXPECT_EQ(other.body.size(), whole_.size());
}

TEST_F(Files, ATamperedOrUnsignedUrlIs403WithXml) {
  std::string unsigned_url = url_.substr(0, url_.find('?'));
  std::string later = url_;
  later.replace(later.find("Expires=") + 8, 1, "9");
  for (const std::string& url : {unsigned_url, later, url_ + "x", sandbox_->base_url() + "/files/x"}) {
    net::Response response = get(url, {{"Range", "bytes=0-3"}});
    EXPECT_EQ(response.status, 403) << url;
    EXPECT_NE(response.body.find("<Error><Code>AccessDenied</Code>"), std::string::npos) << response.body;
  }
}

TEST_F(Files, AnExpiredUrlIs403AndAStatusCallSignsAnew) {
  options_.url_ttl = std::chrono::seconds(0);
  restart();
  key_ = "k";
  std::string expired = status(id_)["video_url"];
  EXPECT_EQ(get(expired).status, 403);
  EXPECT_EQ(send("HEAD", expired).status, 403);
  options_.url_ttl = std::chrono::seconds(100);
  restart();
  std::string fresh = status(id_)["video_url"];
  EXPECT_NE(fresh.substr(fresh.find("Expires=")), expired.substr(expired.find("Expires=")));
  EXPECT_TRUE(get(fresh).body == whole_);
}

TEST_F(Files, AKeySentToTheFileServerIsRefusedAndCounted) {
  EXPECT_EQ(get(url_).status, 200);
  EXPECT_EQ(get_json("/__sandbox/charges")["keys_on_cdn"], 0);
  EXPECT_EQ(get(url_, {{"X-Api-Key", "leaked"}}).status, 403);
  EXPECT_EQ(get(url_, {{"Authorization", "Bearer leaked"}}).status, 403);
  EXPECT_EQ(get(url_.substr(0, url_.find('?')), {{"X-Api-Key", "leaked"}}).status, 403);
  EXPECT_EQ(get_json("/__sandbox/charges")["keys_on_cdn"], 3);
  EXPECT_EQ(get_json("/__sandbox/state")["keys_on_cdn"], 3);
}

TEST_F(Files, StoppingIsQuickWithIdleAndBusyConnections) {
  RawSocket idle(sandbox_->base_url()), half(sandbox_->base_url());
  half.write("POST /v3/videos HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{");
  get(url_);
  auto begin = std::chrono::steady_clock::now();
  sandbox_.reset();
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::milliseconds(800));
}

class IndexPlace : public Bench, public testing::WithParamInterface<Index> {};

TEST_P(IndexPlace, IsWhereTheOptionPutsItAndTheFileIsComplete) {
  options_.index = GetParam();
  start();
  json data = finished(create());
  std::string path = fetch(data), bytes = read_file(path);
  std::size_t index = bytes.find("moov"), media = bytes.find("mdat");
  if (GetParam() == Index::last) {
    EXPECT_GT(index, media);
  } else {
    EXPECT_LT(index, media);
  }
  EXPECT_EQ(bytes.find("moof") != std::string::npos, GetParam() == Index::fragmented);
  media::VideoReader reader(media::Demuxer::open_file(path, media::Demuxer::Want::video));
  auto frames = static_cast<std::int64_t>(std::llround(data["duration"].get<double>() * 25));
  reader.frame_at(Time(frames - 1, 25), Rational(25));
  EXPECT_EQ(reader.decoded(), frames);
  EXPECT_FALSE(reader.past_end());
}

INSTANTIATE_TEST_SUITE_P(Places, IndexPlace, testing::Values(Index::first, Index::last, Index::fragmented));

}  // namespace
}  // namespace avstage::sandbox::test
