#include <fmt/format.h>
#include <gmock/gmock.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <latch>
#include <set>
#include <stdexcept>
#include <thread>

#include "render/bench.h"
#include "run/crew.h"
#include "run/work_list.h"

namespace avstage::test {
namespace {

using run::choose;
using run::Place;
using run::Standing;
using testing::HasSubstr;

/// Compositions in which each letter is a segment: o open, t taken, x out. "none", or composition and index.
std::string chosen(const std::vector<std::string>& compositions, const std::optional<Place>& goes_on = {}) {
  plan::RenderPlan render;
  for (const std::string& letters : compositions) {
    plan::CompositionPlan composition;
    for (char letter : letters) {
      plan::Segment segment;
      segment.keys = {std::string(1, letter)};
      composition.segments.push_back(segment);
    }
    render.compositions.push_back(composition);
  }
  const auto place = choose(render, goes_on, [](const plan::Segment& segment) {
    const char letter = segment.keys.front().front();
    return letter == 'o' ? Standing::open : letter == 't' ? Standing::taken : Standing::out;
  });
  return place ? fmt::format("{} {}", place->composition, place->index) : "none";
}

TEST(WorkList, OneAloneGoesFromTheBeginningToTheEnd) {
  EXPECT_EQ(chosen({"oooo"}), "0 0");
  EXPECT_EQ(chosen({"xxoo"}), "0 2");
  EXPECT_EQ(chosen({"xxxx", "xo"}), "1 1");
  EXPECT_EQ(chosen({"xxxx", "x"}), "none");
  EXPECT_EQ(chosen({}), "none");
}

TEST(WorkList, WhoHasRenderedTheOneBeforeGoesOn) {
  EXPECT_EQ(chosen({"oxooo"}, Place{0, 3}), "0 3");
  EXPECT_EQ(chosen({"oxoxo"}, Place{0, 3}), "0 0") << "that one is out";
  EXPECT_EQ(chosen({"oooto"}, Place{0, 3}), "0 0") << "or taken";
  EXPECT_EQ(chosen({"xxo"}, Place{0, 3}), "0 2") << "or there is none";
  EXPECT_EQ(chosen({"o"}, Place{1, 0}), "0 0");
}

TEST(WorkList, NobodyGetsInAnothersWay) {
  EXPECT_EQ(chosen({"toooooo"}), "0 4") << "the middle of what is before the other one";
  EXPECT_EQ(chosen({"tooxoo"}), "0 4") << "nobody is on the way there";
  EXPECT_EQ(chosen({"totoooo"}), "0 5") << "of the longest stretch";
  EXPECT_EQ(chosen({"to"}), "0 1");
  EXPECT_EQ(chosen({"ttt"}), "none");
  EXPECT_EQ(chosen({"tooo", "oo"}), "1 0");
  EXPECT_EQ(chosen({"xt", "oo"}), "1 0") << "a composition begins anew";
}

TEST(Crew, HelpersDoWhatThereIsAndWhatComes) {
  std::atomic<int> left = 100, done = 0;
  std::mutex mutex;
  std::set<std::size_t> numbers;
  run::Crew crew(
      3,
      [&](std::size_t number) {
        {
          std::lock_guard lock(mutex);
          numbers.insert(number);
        }
        if (left.fetch_sub(1) <= 0) return false;
        ++done;
        return true;
      },
      [] {});
  crew.wait_until_idle();
  EXPECT_EQ(done, 100);
  EXPECT_EQ(numbers, (std::set<std::size_t>{1, 2, 3}));
  left = 50;
  crew.more_work();
  while (done < 150) std::this_thread::yield();
  crew.wait_until_idle();
  EXPECT_EQ(done, 150);
}

TEST(Crew, TheyWorkBesideEachOther) {
  std::latch both(2);
  std::atomic<int> left = 2;
  run::Crew crew(
      2,
      [&](std::size_t) {
        if (left.fetch_sub(1) <= 0) return false;
        both.arrive_and_wait();  // alone, the first would wait for ever
        return true;
      },
      [] {});
  crew.wait_until_idle();
  EXPECT_TRUE(both.try_wait());
}

TEST(Crew, TheFirstErrorIsTheCallersAndEndsTheWork) {
  std::atomic<int> done = 0, failed = 0;
  run::Crew crew(
      2,
      [&](std::size_t) -> bool {
        if (++done == 10) throw std::runtime_error("the tenth");
        return true;  // there would be work for ever
      },
      [&] { ++failed; });
  try {
    crew.wait_until_idle();
    ADD_FAILURE() << "no error";
  } catch (const std::runtime_error& e) {
    EXPECT_STREQ(e.what(), "the tenth");
  }
  EXPECT_THROW(crew.rethrow(), std::runtime_error);
  EXPECT_EQ(failed, 1);
}

TEST(Crew, WithoutHelpersThereIsNothingToWaitFor) {
  run::Crew crew(
      0, [](std::size_t) { return true; }, [] {});
  crew.more_work();
  crew.wait_until_idle();
  crew.rethrow();
}

class Workers : public Bench {
 protected:
  /// With a cache of its own.
  Settings with(int workers) const {
    Settings s = settings();
    s.workers = workers;
    s.cache_dir = dir / fmt::format("cache {}", workers);
    return s;
  }

  std::string film(const std::string& text, int workers) {
    threads.clear();
    for (const char* name : {"out.mp4", "tall.mp4"}) std::filesystem::remove(dir / name);
    run(text, with(workers), [&](const Event& e) {
      if (e.kind == Event::Kind::segment) threads.insert(std::this_thread::get_id());
    });
    return read_bytes(dir / "out.mp4") +
           (std::filesystem::exists(dir / "tall.mp4") ? read_bytes(dir / "tall.mp4") : "");
  }

  std::set<std::thread::id> threads;  ///< that rendered a segment
};

/// With a preset that looks at no frames ahead: what x264 sees there of small pictures hangs on memory it has
/// not written.
TEST_F(Workers, NoByteHangsOnHowManyThereAre) {
  file("a.mp4", 60);
  file("b.mp4", 45, Picture::testsrc);
  const std::string text = R"({ "version": 1, "canvas": { "size": "160x90", "fps": 25 },
    "tracks": [ { "clips": [ { "file": "a.mp4", "in": 3 }, { "file": "b.mp4" } ] },
                { "clips": [ { "file": "b.mp4", "start": 20, "in": 1.5, "out": 41.5, "width": 60, "at": "right",
                               "opacity": 0.7, "fade_in": 1 } ] } ],
    "outputs": [ { "path": "out.mp4", "preset": "superfast" },
                 { "path": "tall.mp4", "preset": "superfast", "size": "90x160" } ] })";
  const std::string alone = film(text, 1);
  EXPECT_EQ(threads.size(), 1U);
  const std::vector<Event> events_alone = events;
  EXPECT_TRUE(film(text, 4) == alone);
  EXPECT_GT(threads.size(), 1U);
  EXPECT_EQ(count(Event::Kind::segment),
            std::count_if(events_alone.begin(), events_alone.end(),
                          [](auto& e) { return e.kind == Event::Kind::segment; }))
      << "each segment is rendered once";
  for (const Event& e : events) EXPECT_LE(e.done, e.total);
  const auto last = std::find_if(events.rbegin(), events.rend(),
                                 [](const Event& e) { return e.kind == Event::Kind::segment; });
  EXPECT_EQ(last->done, last->total);
}

TEST_F(Workers, OneSegmentInManyPlacesIsRenderedOnce) {
  file("a.mp4", 10);
  std::string clips = R"({ "file": "a.mp4" })";
  for (int i = 0; i < 7; ++i) clips += R"(, { "file": "a.mp4" })";
  const std::string text = fmt::format(
      R"({{ "version": 1, "canvas": {{ "size": "160x90", "fps": 25 }}, "clips": [ {} ], "outputs": [ {{ "path": "out.mp4", "copy": "never" }} ] }})",
      clips);
  const std::string alone = film(text, 1);
  EXPECT_EQ(count(Event::Kind::segment), 1);
  EXPECT_TRUE(film(text, 4) == alone);
  EXPECT_EQ(count(Event::Kind::segment), 1);
}

/// A figure that has left the picture where a helper begins.
TEST_F(Workers, AMatteIsJudgedByAllThatIsRenderedOfIt) {
  make_image(dir / "halves.png", 160, 90);  // red and blue
  run(R"({ "version": 1, "canvas": { "size": "160x90", "fps": 25 },
    "clips": [ { "image": "halves.png", "duration": 20 }, { "color": "#dc1e1e", "duration": 40 } ],
    "output": "film.mp4" })",
      with(1));
  const std::string text = R"({ "version": 1, "canvas": { "size": "160x90", "fps": 25 },
    "clips": [ { "file": "film.mp4", "key": { "color": "#dc1e1e" } } ], "output": "out.mp4" })";
  for (int workers : {1, 2, 4}) {
    film(text, workers);
    EXPECT_EQ(decode_all(dir / "out.mp4").frames, 60 * 25) << workers;
  }
}

TEST_F(Workers, WhatAHelperMeetsIsTheRunsError) {
  file("a.mp4", 60);
  file("b.mp4", 60, Picture::testsrc);
  {
    std::fstream damaged(dir / "b.mp4", std::ios::in | std::ios::out | std::ios::binary);
    damaged.seekp(static_cast<std::streamoff>(std::filesystem::file_size(dir / "b.mp4") / 2));
    damaged << std::string(20'000, '\xff');
  }
  const std::string text = R"({ "version": 1, "canvas": { "size": "160x90", "fps": 25 },
    "clips": [ { "file": "a.mp4" }, { "file": "b.mp4" } ], "outputs": [ { "path": "out.mp4", "copy": "never" } ] })";
  for (int workers : {1, 4}) {
    const auto [code, message] = fail(text, with(workers));
    EXPECT_EQ(code, 6) << message;
    EXPECT_THAT(message, HasSubstr("b.mp4"));
    EXPECT_FALSE(std::filesystem::exists(dir / "out.mp4"));
    EXPECT_FALSE(any_part_left());
  }
}

TEST_F(Workers, AStopReachesAll) {
  file("a.mp4", 60);
  std::stop_source stop;
  int frames = 0;
  const Job asked = job(R"({ "version": 1, "canvas": { "size": "160x90", "fps": 25 },
    "clips": [ { "file": "a.mp4" } ], "outputs": [ { "path": "out.mp4", "copy": "never" } ] })");
  try {
    render(
        asked, with(4),
        [&](const Event& e) {
          if (e.kind == Event::Kind::progress && ++frames == 20) stop.request_stop();
        },
        stop.get_token());
    ADD_FAILURE() << "it was not stopped";
  } catch (const Error& e) {
    EXPECT_EQ(e.code(), ErrorCode::interrupted) << e.message();
  }
  EXPECT_FALSE(any_part_left());
  EXPECT_FALSE(std::filesystem::exists(dir / "out.mp4"));
}

}  // namespace
}  // namespace avstage::test
