#include "hostile/strings.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>

#include "avstage/avstage.h"
#include "base/utf8.h"
#include "heygen/request.h"
#include "media/text_image.h"
#include "support/media_fixtures.h"
#include "support/temp_dir.h"
#include "timeline/job_reader.h"

// Foreign text through every place of a job that takes text: taken literally, or refused as a usage error in
// one line; a file's name never leads out of its folder.
namespace avstage::test {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

/// JSON text of a string, byte for byte: also bytes that are no UTF-8.
std::string quoted(const std::string& text) {
  std::string out = "\"";
  for (unsigned char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += c < 0x20 ? fmt::format("\\u{:04x}", c) : std::string(1, static_cast<char>(c));
  }
  return out + "\"";
}

/// `$` doubled where the job language would see a variable.
std::string escaped(std::string text) {
  for (std::size_t at = text.find("${"); at != std::string::npos; at = text.find("${", at + 3))
    text.insert(at, "$");
  return text;
}

/// The job, or nullopt when it was refused as it should be.
std::optional<Job> job_or_refusal(const std::string& text, const std::string& value = "") {
  ReadOptions options;
  if (text.find("${v}") != std::string::npos) options.set = {{"v", value}};
  try {
    return read_job(text, "job.json", "base", options);
  } catch (const Error& e) {
    EXPECT_EQ(e.code(), ErrorCode::usage) << e.message();
    EXPECT_LT(e.message().size(), 1000U);
    EXPECT_EQ(find_invalid_utf8(e.message()), std::string::npos) << e.message();
    for (const char* obeyed : {"\n", "\r", "\x1b", "\x07", "\u009b", "\u202e", "\u2066"}) {
      EXPECT_EQ(e.message().find(obeyed), std::string::npos) << e.message();
    }
    return std::nullopt;
  }
}

std::string job(const std::string& clip, const std::string& output = "\"out/a.mp4\"") {
  return R"({ "version": 1, "canvas": { "size": "64x36" }, "vars": { "v": { "default": "" } }, "clips": [ )" +
         clip + R"( ], "output": )" + output + " }";
}

bool is_clean(const std::string& text) {
  return find_invalid_utf8(text) == std::string::npos && text.find('\0') == std::string::npos;
}

TEST(HostileStrings, AreTakenAsTheyAreOrRefused) {
  const std::vector<std::string> all = hostile_strings();
  ASSERT_GE(all.size(), 200U);
  int taken = 0, refused = 0;
  auto check = [&](const std::optional<Job>& found, auto value_of, const std::string& wanted) {
    ++(found ? taken : refused);
    if (!found) return;
    EXPECT_TRUE(is_clean(wanted));
    EXPECT_EQ(value_of(found->tracks.at(0).clips.at(0).media), wanted);
  };
  auto words = [](const MediaRef& m) { return std::get<TextRef>(m).text; };
  auto body = [](const MediaRef& m) { return heygen::v3_body(std::get<AvatarRef>(m), "TAG"); };
  for (const std::string& s : all) {
    SCOPED_TRACE(shown(s));
    const std::string text = quoted(escaped(s));
    check(job_or_refusal(job(R"({ "duration": 1, "text": )" + text + " }")), words, s);
    check(job_or_refusal(job(R"({ "duration": 1, "text": "${v}" })"), s), words, s);
    const std::string avatar = R"({ "avatar": { "id": "a", "voice": "v", "say": )";
    check(
        job_or_refusal(job(avatar + text + " } }")),
        [&](const MediaRef& m) { return body(m)["script"].get<std::string>(); }, s);
    check(
        job_or_refusal(job(avatar + R"("x", "title": )" + text + " } }")),
        [&](const MediaRef& m) { return body(m)["title"].get<std::string>(); }, s + " [TAG]");
    check(
        job_or_refusal(job(R"({ "duration": 1, "file": )" + text + " }")),
        [](const MediaRef& m) { return std::get<FileRef>(m).path; }, s.starts_with('/') ? s : "base/" + s);
    check(
        job_or_refusal(job(R"({ "duration": 1, "text": "x", "font": )" + text + " }")),
        [](const MediaRef& m) { return std::get<TextRef>(m).font; }, s.starts_with('/') ? s : "base/" + s);
  }
  fmt::print("{} strings, {} places: {} taken literally, {} refused\n", all.size(), 6, taken, refused);
  EXPECT_GT(taken, 500);
  EXPECT_GT(refused, 100);
}

/// Coverage of the drawn text, in pixels.
double ink(const std::string& words) {
  TextRef ref;
  ref.text = words;
  ref.size = {24, false};
  media::FramePtr f = media::render_text(ref, 640, 360, media::default_font());
  double sum = 0;
  for (int y = 0; y < f->height; ++y) {
    for (int x = 0; x < f->width; ++x) sum += f->data[0][y * f->linesize[0] + 4 * x + 3] / 255.0;
  }
  return sum;
}

/// What letters have when each is drawn alone, where nothing can be made of them but a letter.
double ink_of_letters(const std::string& words) {
  static std::map<char, double> known{{' ', 0}};
  double sum = 0;
  for (char c : words) {
    auto [letter, is_new] = known.emplace(c, 0);
    if (is_new) letter->second = ink(std::string(1, c));
    sum += letter->second;
  }
  return sum;
}

TEST(HostileStrings, AreDrawnLetterByLetter) {
  int drawn = 0;
  for (const std::string& s : hostile_strings()) {
    bool plain =
        s.size() <= 60 && std::all_of(s.begin(), s.end(), [](char c) { return c >= 0x20 && c < 0x7f; });
    if (!plain || s.find_first_not_of(' ') == std::string::npos) continue;
    const double whole = ink(s), letters = ink_of_letters(s);
    EXPECT_NEAR(whole, letters, 1 + letters / 50) << s;  // letters may touch
    ++drawn;
  }
  fmt::print("{} strings drawn as the sum of their letters\n", drawn);
  EXPECT_GT(drawn, 130);
}

TEST(HostileStrings, OfAllAlphabetsAreDrawnOrRefused) {
  for (const std::string& s : hostile_strings()) {
    try {
      EXPECT_GT(ink(s), 0) << shown(s);
    } catch (const Error& e) {
      EXPECT_EQ(e.code(), ErrorCode::usage) << e.message();
    }
  }
}

class HostileNames : public testing::Test {
 protected:
  /// Everything in the folder but what belongs to the run, and what `out` holds.
  std::vector<std::string> outside() const {
    std::vector<std::string> found;
    for (const auto& entry : fs::recursive_directory_iterator(dir.path())) {
      const std::string name = entry.path().lexically_relative(dir.path()).string();
      if (!name.starts_with("state") && !name.starts_with("cache") && !name.starts_with("out"))
        found.push_back(name);
    }
    std::sort(found.begin(), found.end());
    return found;
  }

  /// 0, or the exit code of the refusal.
  int render_to(const std::string& path, const std::string& value) const {
    ReadOptions options{.set = {{"v", value}}};
    Settings settings;
    settings.state_dir = dir / "state";
    settings.cache_dir = dir / "cache";
    settings.sandbox = "http://127.0.0.1:1";
    settings.overwrite = true;
    try {
      render(read_job(job(R"({ "color": "#00ff00", "duration": "1f" })", quoted(path)), "job.json",
                      dir.path(), options),
             settings);
      return 0;
    } catch (const Error& e) {
      EXPECT_EQ(e.message().find_first_of("\n\x1b"), std::string::npos) << e.message();
      return e.exit_code();
    }
  }

  TempDir dir;
};

TEST_F(HostileNames, OfOutputsNeverLeadOutOfTheirFolder) {
  fs::create_directories(dir / "elsewhere");
  fs::create_directories(dir / "out");
  fs::create_directory_symlink(dir / "elsewhere", dir / "out/link");
  fs::create_directory_symlink("../elsewhere", dir / "out/up");
  write_bytes(dir / "victim.mp4", "mine");
  fs::create_symlink(dir / "victim.mp4", dir / "out/l.mp4");
  const auto before = outside();
  for (const char* value : {"../x", "a/../../x", "/etc/x", "//x", "-y", "link/x", "up/x", "a/../link/x",
                            "./link/../link/x", "a\nb", "a\x1b[0m", "x/../..", ".. /../x", "link"}) {
    const bool folder = std::string(value) == "link";
    EXPECT_EQ(render_to(folder ? "out/${v}/x.mp4" : "out/${v}.mp4", value), 2) << shown(value);
  }
  EXPECT_EQ(render_to("out/${v}.mp4", std::string("a\0b", 3)), 2);
  EXPECT_EQ(render_to("out/${v}.mp4", std::string(300, 'a')), 2);
  EXPECT_EQ(render_to("out/${v}.mp4", std::string(240, 'a')), 2) << "no room for the manifest's name";
  EXPECT_EQ(render_to("out/" + std::string(300, 'a') + "/x.mp4", ""), 2);
  for (const char* value : {"a'b", "a:b", "%d", "a,b;c", "$(id)", "%{pts}", "[x]", "\xd7\xa9", "...", "a b",
                            "sub/x", "l", "file:x"}) {
    EXPECT_EQ(render_to("out/${v}.mp4", value), 0) << value;
    EXPECT_TRUE(fs::is_regular_file(dir / ("out/" + std::string(value) + ".mp4"))) << value;
  }
  EXPECT_EQ(render_to("out/${v}.mp4", std::string(210, 'a')), 0);
  EXPECT_EQ(outside(), before);
  EXPECT_TRUE(fs::is_empty(dir / "elsewhere"));
  EXPECT_EQ(read_bytes(dir / "victim.mp4"), "mine") << "a link is replaced, not followed";
}

}  // namespace
}  // namespace avstage::test
