#include <gtest/gtest.h>

#include <random>

#include "avstage/error.h"
#include "timeline/job_reader.h"

namespace avstage {
namespace {

const std::string good = R"({ "version": 1, // ü
  "vars": { "name": { "default": "Ann" }, "n": { "type": "number", "default": 0.5 } },
  "canvas": { "size": "1280x720", "fps": "30000/1001", "background": "#101820" },
  "heygen": { "api": "v2", "max_concurrent": 5, "deadline": "40m" },
  "sources": { "host": { "avatar": { "id": "A", "voice": "V", "say": "Hello ${name}!", "offset": [0, 1],
                                     "background": "#008000" } } },
  "tracks": [
    { "id": "main", "clips": [ { "id": "a", "file": "a.mov", "in": 1, "out": "00:00:04:12" },
        { "avatar": { "request": { "video_inputs": [ { "x": [null, -1.5e3, "\u00fc\n"] } ] } },
          "filters": [ "gray", { "blur": { "radius": 4 } }, { "lavfi": { "filter": "eq", "contrast": 1.1 } } ] } ] },
    { "clips": [ { "id": "h", "source": "host", "start": "@a.end-0.5", "key": "auto", "at": "bottom-right",
                   "margin": "3%", "width": "28%", "fade": 0.3, "opacity": "${n}" },
                 { "text": "$${x} ${name}", "start": "end-2", "duration": "40f", "font_size": 40 },
                 { "color": "#ff0000", "start": 0, "duration": "end" } ] } ],
  "outputs": [ { "path": "out/${name}.mp4", "crf": 20 }, { "path": "b.mkv", "audio": { "codec": "none" } } ] })";

constexpr std::string_view pieces[] = {"{",
                                       "}",
                                       "[",
                                       "]",
                                       ",",
                                       ":",
                                       "\"",
                                       "\\",
                                       "/*",
                                       "*/",
                                       "//",
                                       "${",
                                       "}",
                                       "$${",
                                       "null",
                                       "true",
                                       "-",
                                       "1e308",
                                       "1e-400",
                                       "99999999999999999999",
                                       "0.0000000001",
                                       "999999999",
                                       "\xff",
                                       "\xc3",
                                       "\n",
                                       "@a.start",
                                       "end",
                                       "auto",
                                       "%",
                                       "\\u0000",
                                       "\\ud800",
                                       "#ffffff",
                                       "../",
                                       "/",
                                       "f",
                                       "00:00:00:00",
                                       "\"id\":\"a\",",
                                       "\"version\":1,"};

class Mutator {
 public:
  explicit Mutator(unsigned seed) : random_(seed) {}

  std::string mutate(std::string text) {
    for (std::size_t n = pick(4) + 1; n > 0 && !text.empty(); --n) step(text);
    return text;
  }

  std::string noise() {
    std::string text(pick(64), ' ');
    for (char& c : text) c = static_cast<char>(pick(256));
    return text;
  }

 private:
  std::size_t pick(std::size_t limit) { return random_() % limit; }

  void step(std::string& text) {
    std::size_t at = pick(text.size()), length = pick(12);
    std::string_view piece = pieces[pick(std::size(pieces))];
    switch (pick(6)) {
      case 0:
        text[at] = static_cast<char>(pick(256));
        break;
      case 1:
        text.erase(at, length);
        break;
      case 2:
        text.insert(at, piece);
        break;
      case 3:
        text.replace(at, length, piece);
        break;
      case 4:
        text.insert(pick(text.size()), text.substr(at, pick(60)));
        break;
      default:
        text.resize(at);
        break;
    }
  }

  std::mt19937 random_;
};

/// "job": accepted; else the machine word of the refusal. Anything but a usage error fails the test.
std::string outcome(const std::string& text) {
  try {
    Job job = read_job(text, "job.json", "base");
    EXPECT_FALSE(job.tracks.empty() || job.outputs.empty()) << text;
    return "job";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::usage) << error.message() << "\n" << text;
    EXPECT_EQ(error.message().find_first_of("\n\r"), std::string::npos) << error.message();
    EXPECT_EQ(error.message().substr(0, 9), "job.json:") << error.message();
    return error.name();
  } catch (const std::exception& error) {
    ADD_FAILURE() << error.what() << "\n" << text;
    return "exception";
  }
}

TEST(Mutations, AnyTextIsAJobOrAUsageErrorInOneLine) {
  ASSERT_EQ(outcome(good), "job");
  Mutator mutator(20260823);
  std::map<std::string, int> outcomes;
  for (int i = 0; i < 3000; ++i) ++outcomes[outcome(mutator.mutate(good))];
  for (int i = 0; i < 500; ++i) ++outcomes[outcome(mutator.noise())];
  EXPECT_GT(outcomes["job"], 20);
  EXPECT_GT(outcomes["syntax"], 100);
  EXPECT_GT(outcomes["value"], 20);
  EXPECT_GT(outcomes["unknown_key"], 20);
}

TEST(Mutations, EveryPrefixOfAJobIsRefused) {
  for (std::size_t length = 0; length < good.size(); ++length) {
    ASSERT_NE(outcome(good.substr(0, length)), "job") << length;
  }
}

}  // namespace
}  // namespace avstage
