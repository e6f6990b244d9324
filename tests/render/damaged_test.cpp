#include <fmt/format.h>
#include <gmock/gmock.h>
#include <sys/stat.h>

#include <filesystem>

#include "base/sha256.h"
#include "render/bench.h"
#include "render/vendor.h"
#include "run/clips/session.h"

/// A paid clip whose copy in the archive rots.
namespace avstage::test {
namespace {

using testing::HasSubstr;
namespace fs = std::filesystem;

class Damaged : public Bench, public testing::WithParamInterface<const char*> {
 protected:
  std::string text() const {
    return fmt::format(
        R"({{ "version": 1, "canvas": {{ "size": "160x90", "fps": 25 }},
        "heygen": {{ "deadline": "20s", "api": "{}" }},
        "clips": [ {{ "id": "h", "avatar": {{ "id": "a", "voice": "v", "say": "hello" }} }} ],
        "output": "out.mp4" }})",
        GetParam());
  }
  Vendor::Script script() {
    Vendor::Script s{.clip = counter_clip(1)};
    s.duration = 1;
    return s;
  }
  std::string archived() const {
    for (const std::string& f : dir.files()) {
      if (f.starts_with("state/archive/") && f.ends_with(".mp4")) return dir / f;
    }
    return "";
  }
  /// The film has to be made anew, from a clip with zeroes from `from` to `to` of its bytes.
  void damage(double from, double to) {
    fs::remove_all(dir / "cache");
    film_ = read_bytes(dir / "out.mp4");
    fs::remove(dir / "out.mp4");
    std::string bytes = whole_ = read_bytes(archived());
    const auto begin = std::size_t(from * double(bytes.size())), end = std::size_t(to * double(bytes.size()));
    std::fill(bytes.begin() + std::ptrdiff_t(begin), bytes.begin() + std::ptrdiff_t(end), '\0');
    write_bytes(archived(), bytes);
  }
  /// As a bit that turns over on the disk: no date of the file tells of it.
  void hide_damage(const Settings& s) {
    struct stat st {};
    ASSERT_EQ(::stat(archived().c_str(), &st), 0);
    const std::string key =
        fmt::format("{}:{}:{}:{}.{}:{}.{}", st.st_dev, st.st_ino, st.st_size, st.st_mtim.tv_sec,
                    st.st_mtim.tv_nsec, st.st_ctim.tv_sec, st.st_ctim.tv_nsec);
    run::Session session(s, {});
    session.ledger().remember(key, sha256_hex(whole_));
    EXPECT_EQ(session.content_hash(archived()), sha256_hex(whole_));
  }
  void expect_healed(const Vendor& vendor) {
    EXPECT_EQ(vendor.charges(), 1);
    EXPECT_EQ(vendor.downloads(), 2);
    EXPECT_EQ(read_bytes(archived()), whole_);
    EXPECT_NE(read_bytes(archived() + ".damaged"), whole_);
    EXPECT_EQ(read_bytes(dir / "out.mp4"), film_);
  }

  std::string whole_, film_;
};

TEST_P(Damaged, AFileThatDoesNotFitItsChecksumIsFetchedAgain) {
  Vendor vendor(script());
  run(text(), settings(vendor.url()));
  damage(0.5, 0.6);
  EXPECT_EQ(run(text(), settings(vendor.url())).purchases.at(0).origin, "resumed");
  expect_healed(vendor);
  fs::remove(dir / "out.mp4");
  EXPECT_EQ(run(text(), settings(vendor.url())).purchases.at(0).origin, "archive");
  EXPECT_EQ(vendor.downloads(), 2) << "once";
}

TEST_P(Damaged, DamageThatOnlyReadingShowsIsFetchedAgainInTheSameRun) {
  for (auto [from, to] : {std::pair(0.0, 0.1), std::pair(0.5, 0.9)}) {  // the index; the pictures
    fs::remove_all(dir / "state");
    fs::remove(dir / "out.mp4");
    Vendor vendor(script());
    run(text(), settings(vendor.url()));
    damage(from, to);
    hide_damage(settings(vendor.url()));
    run(text(), settings(vendor.url()));
    expect_healed(vendor);
  }
}

TEST_P(Damaged, WhereTheVendorHasItNoLongerTheErrorSaysWhatToDo) {
  Vendor vendor(script());
  run(text(), settings(vendor.url()));
  damage(0.5, 0.6);
  Vendor forgetful(script());
  auto [code, message] = fail(text(), settings(forgetful.url()));
  EXPECT_EQ(code, 5);
  EXPECT_THAT(message,
              testing::AllOf(HasSubstr("clip 'h'"), HasSubstr("put a copy of the clip back as " + dir.path()),
                             HasSubstr("\"take\": 2")));
  EXPECT_EQ(forgetful.charges(), 0);
  fs::copy_file(dir / "vendor.mp4", message.substr(message.find(dir.path()),
                                                   message.find(".mp4") + 4 - message.find(dir.path())));
  EXPECT_EQ(run(text(), settings(forgetful.url())).purchases.at(0).origin, "archive");
}

INSTANTIATE_TEST_SUITE_P(Both, Damaged, testing::Values("v2", "v3"));

}  // namespace
}  // namespace avstage::test
