#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <sstream>

#include "avstage/error.h"
#include "base/atomic_file.h"
#include "support/places.h"
#include "timeline/job_reader.h"

namespace avstage {
namespace {

const std::string golden_path = std::string(test::source_dir()) + "/tests/timeline/bad_jobs.txt";

struct Case {
  std::string kind, text, message;
};

/// A job around the text of a case; the text starts line 2.
struct Place {
  std::string_view kind, before, after;
};
constexpr Place places[] = {
    {"whole", "", ""},
    {"canvas", R"({"version": 1, "clips": [{"file": "a.mp4"}], "output": "o.mp4", "canvas": {)", "}}"},
    {"heygen", R"({"version": 1, "clips": [{"file": "a.mp4"}], "output": "o.mp4", "heygen": {)", "}}"},
    {"clip",
     R"({"version": 1, "output": "o.mp4", "clips": [{"id": "clip", "file": "a.mp4"}, {"file": "b.mp4",)",
     "}]}"},
    {"only", R"({"version": 1, "output": "o.mp4", "clips": [{)", "}]}"},
    {"avatar", R"({"version": 1, "output": "o.mp4", "clips": [{"avatar": {)", "}}]}"},
    {"output", R"({"version": 1, "clips": [{"file": "a.mp4"}], "outputs": [{)", "}]}"},
    {"outputs", R"({"version": 1, "clips": [{"file": "a.mp4"}], "outputs": [)", "]}"},
    {"vars",
     R"({"version": 1, "clips": [{"text": "Hi ${name}", "duration": 1}], "output": "o.mp4", "vars": {)",
     "}}"},
    {"path",
     R"({"version": 1, "clips": [{"file": "a.mp4"}], "output": "${name}.mp4", "vars": {"name": {"default":)",
     "}}}"},
    {"tracks", R"({"version": 1, "output": "o.mp4", "tracks": [)", "]}"},
    {"sources", R"({"version": 1, "output": "o.mp4", "clips": [{"source": "host"}], "sources": {)", "}}"},
};

std::string job_of(const Case& c) {
  for (const Place& place : places) {
    if (place.kind != c.kind) continue;
    std::string_view line = place.before.empty() ? "" : "\n";
    return std::string(place.before).append(line).append(c.text).append(line).append(place.after);
  }
  ADD_FAILURE() << "unknown kind " << c.kind;
  return "";
}

std::string message_of(const std::string& job) {
  try {
    read_job(job, "job.json", "");
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::usage) << error.message();
    EXPECT_FALSE(error.name().empty()) << error.message();
    return error.message();
  }
  return "accepted";
}

std::vector<Case> read_cases(std::string& head) {
  std::istringstream lines(read_file(golden_path));
  std::vector<Case> cases;
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("--- ")) {
      cases.push_back({line.substr(4), "", ""});
    } else if (cases.empty()) {
      head += line + "\n";
    } else if (line.starts_with("=> ")) {
      cases.back().message = line.substr(3);
    } else {
      cases.back().text += (cases.back().text.empty() ? "" : "\n") + line;
    }
  }
  return cases;
}

TEST(BadJobs, EachIsRefusedWithItsPlaceWhatWasFoundAndWhatIsAllowed) {
  std::string head;
  std::vector<Case> cases = read_cases(head);
  ASSERT_GT(cases.size(), 200u);
  std::string golden = head;
  for (const Case& c : cases) {
    std::string message = message_of(job_of(c));
    golden += "--- " + c.kind + "\n" + c.text + "\n=> " + message + "\n";
    EXPECT_EQ(message, c.message) << c.kind << ": " << c.text;
    EXPECT_NE(message.find(": found "), std::string::npos) << c.text;
    EXPECT_NE(message.find("; allowed: "), std::string::npos) << c.text;
  }
  if (std::getenv("AVSTAGE_UPDATE_GOLDEN") != nullptr) write_file_atomically(golden_path, golden);
}

std::string in_clip(const std::string& text) {
  return R"({"version": 1, "output": "o.mp4", "clips": [{"file": "a.mp4")" + text + "}]}";
}

TEST(BadJobs, BytesThatAreNotUtf8AreNamed) {
  EXPECT_EQ(message_of("{\n \"a\xff\": 1}"), "job.json:2:4: found the byte 0xff; allowed: text in UTF-8");
  EXPECT_EQ(message_of("{} // \xc0\x80"), "job.json:1:7: found the byte 0xc0; allowed: text in UTF-8");
  EXPECT_EQ(message_of("{\"a\": \"\xed\xa0\x80\"}"),
            "job.json:1:8: found the byte 0xed; allowed: text in UTF-8");
}

TEST(BadJobs, ANulByteNeverEndsTheText) {
  EXPECT_EQ(message_of(in_clip("") + std::string(1, '\0') + "}"),
            "job.json:1:64: found a NUL byte, as in films and pictures; allowed: JSON text");
  const std::string film(
      "\0\0\0\x20"
      "ftypisom\xe8",
      13);
  EXPECT_EQ(message_of(film), "job.json:1:1: found a NUL byte, as in films and pictures; allowed: JSON text");
}

TEST(BadJobs, AByteOrderMarkIsPassedOverAndCountsNoColumn) {
  EXPECT_EQ(message_of("\xEF\xBB\xBF"
                       "{,}")
                .substr(0, 13),
            "job.json:1:2:");
}

TEST(BadJobs, LimitsHold) {
  EXPECT_NE(
      message_of(std::string((16u << 20) + 1, ' ')).find("16777217 bytes; allowed: at most 16777216 bytes"),
      std::string::npos);
  EXPECT_NE(message_of(std::string(100'000, '[')).find("allowed: at most 64 levels"), std::string::npos);
  std::string values = "[0";
  for (int i = 0; i < 500'000; ++i) values += ",0";
  EXPECT_NE(message_of(values + "]").find("allowed: at most 500000 values"), std::string::npos);
  std::string track = R"({"clips":[{"file":"a.mp4"}]})", tracks = track;
  for (int i = 0; i < 100; ++i) tracks += "," + track;
  EXPECT_EQ(message_of(R"({"version":1,"output":"o.mp4","tracks":[)" + tracks + "]}"),
            "job.json:1:40 (/tracks): found 101 tracks; allowed: at most 100");
  std::string clips = R"({"file":"a.mp4"})";
  for (int i = 0; i < 10'000; ++i) clips += R"(,{"file":"a.mp4"})";
  EXPECT_EQ(message_of(R"({"version":1,"output":"o.mp4","clips":[)" + clips + "]}"),
            "job.json:1:39 (/clips): found 10001 clips; allowed: at most 10000");
  std::string long_text =
      R"({"version":1,"output":"o.mp4","clips":[{"duration":1,"text":")" + std::string(10'001, 'x');
  EXPECT_NE(message_of(long_text + "\"}]}").find("found 10001 characters; allowed: a text of at most 10000"),
            std::string::npos);
}

TEST(BadJobs, HostileTextStaysOnOneShortLine) {
  std::string message = message_of(in_clip(R"(, "a\n\u001b[31m)" + std::string(100'000, 'k') + R"(": 1)"));
  EXPECT_LT(message.size(), 1000u);
  EXPECT_EQ(message.find_first_of("\n\r\x1b"), std::string::npos) << message;
  EXPECT_NE(message.find(R"("a\x0a\x1b[31mkkk)"), std::string::npos) << message;
}

TEST(BadJobs, AKeyInThePointerIsEscapedAsJsonPointersAre) {
  EXPECT_EQ(message_of(in_clip(R"(, "a/b~c": 1)")).substr(0, 34), "job.json:1:63 (/clips/0/a~1b~0c): ");
}

TEST(BadJobs, TheMarkOfStdinIsADash) {
  try {
    read_job("[", "-", "");
    FAIL() << "accepted";
  } catch (const Error& error) {
    EXPECT_EQ(error.message().substr(0, 7), "-:1:2: ");
  }
}

}  // namespace
}  // namespace avstage
