#include "cli/message_bench.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <atomic>
#include <cstdlib>
#include <fstream>

#include "base/log.h"
#include "support/log_guard.h"
#include "support/media_fixtures.h"

namespace avstage::test {
namespace {

namespace fs = std::filesystem;

constexpr const char* kCanary = "canary-key-1234567890";

void make_media(const TempDir& dir) {
  make_video(dir / "a.mp4", {});
  make_audio(dir / "a.wav", {});
  make_image(dir / "a.png", 64, 48);
  write_bytes(dir / "empty.mp4", "");
  write_bytes(dir / "text.mp4", "this is no film\n");
  write_bytes(dir / "playlist.mp4", "#EXTM3U\n#EXTINF:1,\na.mp4\n");
  std::string film = read_bytes(dir / "a.mp4");
  write_bytes(dir / "short.mp4", film.substr(0, film.size() - 500));
  write_bytes(dir / "half.mp4", film.substr(0, film.size() / 2));
  write_bytes(dir / "index.mp4", film.substr(0, 40));
  write_bytes(dir / "bad.ttf", "no font");
  write_bytes(dir / "out.mp4", "mine");
  write_bytes(dir / "out.mp4.manifest.json", "{\"mine\": true}");
  fs::create_directory(dir / "folder.mp4");
  write_bytes(dir / "folder.mp4/x", "x");
  ::mkfifo((dir / "pipe.mp4").c_str(), 0600);
}

class ScriptedVendor {
 public:
  explicit ScriptedVendor(Answers answers)
      : answers_(std::move(answers)),
        server_([this](const HttpRequest& r, Connection& c) { answer(r, c); }) {}
  std::string url() const { return server_.url(""); }
  int posts() const { return posts_; }

 private:
  void answer(const HttpRequest& r, Connection& c) {
    if (r.target.starts_with("/clip")) return give(answers_.clip, c);
    if (r.method == "POST") {
      ++posts_;
      return give(answers_.create, c);
    }
    if (r.target.find("list") != std::string::npos) {
      return give({200, R"({"code":100,"data":{"videos":[],"token":null}})"}, c);
    }
    give(answers_.status, c);
  }
  void give(Answers::Answer a, Connection& c) const {
    if (auto at = a.body.find("CLIP"); at != std::string::npos) {
      a.body.replace(at, 4, server_.url("/clip.mp4?Signature=canary-signature"));
    }
    c.respond(a.status, a.body, a.headers);
  }

  Answers answers_;
  std::atomic<int> posts_ = 0;
  FaultServer server_;
};

}  // namespace

TempDir* MessageBench::dir_ = nullptr;

void MessageBench::SetUpTestSuite() {
  dir_ = new TempDir;
  make_media(*dir_);
}

void MessageBench::TearDownTestSuite() {
  delete dir_;
  dir_ = nullptr;
}

void MessageBench::expect_message(const Row& row, const Answers& answers) {
  SCOPED_TRACE(row.name);
  ScriptedVendor vendor(answers);
  log::add_secret(kCanary);
  write_bytes(*dir_ / "job.json", row.job);
  Settings settings;
  const std::string runs = *dir_ / fmt::format("runs/{}", ++number_);
  settings.state_dir = runs + "/state";
  settings.cache_dir = runs + "/cache";
  settings.sandbox = vendor.url();
  settings.overwrite = true;
  if (row.with) row.with(settings);
  const auto files = files_of(*dir_);
  if (row.before) row.before(dir_->path());
  int code = 0;
  std::string message = "no error";
  try {
    render(load_job(*dir_ / "job.json"), settings);
  } catch (const Error& e) {
    code = e.exit_code();
    message = log::redact(e.message());
  }
  if (row.after) row.after(dir_->path());
  if (std::getenv("AVSTAGE_SHOW_MESSAGES") != nullptr)
    fmt::print(stderr, "{:<28} {} {}\n", row.name, code, message);
  EXPECT_EQ(code, row.exit_code) << message;
  for (const std::string& part : row.says)
    EXPECT_NE(message.find(part), std::string::npos) << part << "\nin " << message;
  EXPECT_EQ(message.find_first_of("\n\r\x1b"), std::string::npos) << message;
  EXPECT_LT(message.size(), 1000u);
  EXPECT_EQ(vendor.posts(), row.posts) << message;
  EXPECT_EQ(files_of(*dir_), files) << "a file was changed, made or left";
  for (const std::string& f : dir_->files()) EXPECT_FALSE(f.ends_with(".part")) << f;
  for (const std::string& line : logged_lines()) message += "\n" + line;
  for (const char* secret : {kCanary, "canary-signature", "Signature="}) {
    EXPECT_EQ(message.find(secret), std::string::npos) << message;
  }
}

std::map<std::string, std::string> files_of(const TempDir& dir) {
  std::map<std::string, std::string> out;
  for (const std::string& name : dir.files()) {
    if (name.starts_with("runs/") || name == "job.json" || name.starts_with("process")) continue;
    out[name] = fs::is_regular_file(dir / name) ? read_bytes(dir / name) : "";
  }
  return out;
}

std::string job_of(const std::string& clips, const std::string& more, const std::string& output) {
  return fmt::format(R"({{ "version": 1, "canvas": {{ "size": "160x90", "fps": 25 }}, {}
  "clips": [ {} ],
  "output": "{}" }})",
                     more, clips, output);
}

std::string avatar_job(const std::string& more) {
  return job_of(R"({ "id": "h", "avatar": { "id": "a", "voice": "v", "say": "Hello.", "size": "160x128" } })",
                more);
}

}  // namespace avstage::test
