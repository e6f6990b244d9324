#include <cstring>

#include "fuzz/fuzz.h"
#include "net/answer.h"

// The head of an answer to a download, honest or not: what is believed of it must not contradict itself.

namespace {

using namespace avstage;
using net::Answer;

constexpr long kStatuses[] = {200, 206, 416, 403, 503, 429, 302, 100, 999, 0};

/// "name: value" lines; the first byte chooses the status, the next two the range asked for.
net::Response read_head(std::string_view text) {
  net::Response head;
  head.status = kStatuses[text.empty() ? 0 : static_cast<unsigned char>(text[0]) % std::size(kStatuses)];
  while (!text.empty()) {
    std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(line.size() + 1, text.size()));
    std::size_t colon = line.find(':');
    if (colon == std::string_view::npos) continue;
    head.headers.emplace_back(line.substr(0, colon), line.substr(colon + 1));
  }
  return head;
}

void check(const net::Response& head, const net::Asked& asked) {
  Answer answer = net::judge(head, asked, 1'700'000'000);
  std::int64_t wait = answer.retry_after.value_or(0);
  fuzz::require(wait >= 0 && wait < 400 * 86400, "a wait that no sum of times can take");
  if (answer.kind == Answer::Kind::body) {
    fuzz::require(answer.start == (head.status == 206 ? asked.from : 0), "bytes from elsewhere");
    fuzz::require(!answer.end || *answer.end > answer.start, "a body that ends before it begins");
    fuzz::require(!answer.end || !answer.total || *answer.end <= *answer.total, "more than there is");
  }
  net::Identity identity;
  identity.hold(answer);
  identity.hold(answer);
}

}  // namespace

extern "C" int LLVMFuzzerInitialize(int* argc, char*** argv) {
  using namespace std::string_literals;
  return fuzz::begin(
      *argc, *argv,
      {"\0\0\0\ncontent-length:100\naccept-ranges:bytes\netag:\"a\"\ncontent-type:video/mp4\n"s,
       "\1\5\0\ncontent-range:bytes 5-9/20\nlast-modified:Sun, 06 Nov 1994 08:49:37 GMT\n"s,
       "\2\5\0\ncontent-range:bytes */5\n"s, "\4\0\0\nretry-after:Sun, 06 Nov 1994 08:49:37 GMT\n"s,
       "\5\0\0\nretry-after:99999999999999999999\n"s, "\0\0\0\ntransfer-encoding:gzip, chunked\n"s});
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view text = fuzz::text_of(data, size);
  net::Asked asked;
  if (size > 2 && data[1] != 0) asked = {true, data[1], std::nullopt};
  if (asked.ranged && data[2] != 0) asked.to = asked.from + data[2];
  fuzz::survives([&] { check(read_head(text), asked); }, {ErrorCode::input});
  fuzz::survives([&] { net::parse_content_range(text); }, {});
  return 0;
}
