#include <filesystem>

#include "media/demuxer.h"
#include "render/composed.h"
#include "run/work_list.h"

/// Several shapes of one programme, rendered in step.
namespace avstage::test {
namespace {

using run::Place;
using run::Standing;

struct Piece {
  std::int64_t start, frames;
  std::vector<int> shows = {};
  bool open = true;
};

plan::CompositionPlan composition(const std::vector<Piece>& pieces) {
  plan::CompositionPlan c;
  for (const Piece& piece : pieces) {
    plan::Segment segment;
    segment.spans.push_back({plan::Frames(piece.start), piece.frames, {}, ""});
    segment.frames = piece.frames;
    segment.shows = piece.shows;
    segment.keys = {piece.open ? "open" : "out"};
    c.segments.push_back(segment);
  }
  return c;
}

std::vector<Place> beside_first(const std::vector<std::vector<Piece>>& compositions) {
  plan::RenderPlan render;
  for (const auto& pieces : compositions) render.compositions.push_back(composition(pieces));
  return run::in_step(render, {0, 0}, [](const plan::Segment& segment) {
    return segment.keys.front() == "open" ? Standing::open : Standing::out;
  });
}

TEST(InStep, SegmentsOfTheSameTimeGoTogether) {
  EXPECT_EQ(beside_first({{{0, 250}}}), (std::vector<Place>{{0, 0}}));
  EXPECT_EQ(beside_first({{{250, 100}}, {{0, 250}, {250, 100}}, {{250, 100}}}),
            (std::vector<Place>{{0, 0}, {1, 1}, {2, 0}}));
  EXPECT_EQ(beside_first({{{0, 250, {3}}}, {{0, 250, {3}}}}), (std::vector<Place>{{0, 0}, {1, 0}}));
}

TEST(InStep, OthersDoNot) {
  const std::vector<Place> alone = {{0, 0}};
  EXPECT_EQ(beside_first({{{0, 250}, {250, 250}}}), alone) << "of the same composition";
  EXPECT_EQ(beside_first({{{0, 250}}, {{0, 200}}}), alone) << "of another length";
  EXPECT_EQ(beside_first({{{0, 250}}, {{1, 250}}}), alone) << "of another time";
  EXPECT_EQ(beside_first({{{0, 250}}, {{0, 250, {3}}}}), alone) << "one may wait for what the other does not";
  EXPECT_EQ(beside_first({{{0, 250}}, {{0, 250, {}, false}}}), alone) << "done or taken";
}

class InStepFilm : public Bench {};

TEST_F(InStepFilm, IsDecodedOnceForAllShapes) {
  file("film.mp4", 2);
  const Job j = job(R"({ "version": 1, "canvas": { "size": "160x90", "fps": 25 },
    "tracks": [ { "clips": [ { "file": "film.mp4", "fit": "cover" } ] } ], "outputs": [ { "path": "a.mp4" } ] })");
  with_plan(j, [&](const plan::Plan& plan, const plan::RenderPlan& resolved, const run::MediaAccess& media) {
    run::FilmReaders films(media);
    run::Mattes mattes;
    Canvas tall = plan.compositions.at(0).canvas;
    std::swap(tall.width, tall.height);
    run::Compositor one({plan, resolved.timing, media, films, mattes, plan.compositions.at(0).canvas, {}});
    run::Compositor other({plan, resolved.timing, media, films, mattes, tall, {}});
    const plan::Span& span = resolved.compositions.at(0).segments.at(0).spans.at(0);
    ASSERT_EQ(span.frames, 50);
    for (std::int64_t n = 0; n < span.frames; ++n) {
      EXPECT_EQ(one.compose(span, n)->width, 160);
      EXPECT_EQ(other.compose(span, n)->width, 90);
    }
    EXPECT_EQ(films.open(0)->decoded(), 50);
    one.keep_only({});
    EXPECT_EQ(films.open(0)->decoded(), 50) << "the other one has it open";
    other.keep_only({});
    EXPECT_EQ(films.open(0)->decoded(), 0) << "nobody had it open";
  });
}

// As ProRes: of pictures as small x264 does not always make the same bytes.
TEST_F(InStepFilm, EachShapeIsWhatItIsAlone) {
  file("film.mp4", 12, Picture::testsrc);
  const std::string wide = R"({ "path": "wide.mov", "codec": "prores" })";
  const std::string tall = R"({ "path": "tall.mov", "size": "90x160", "codec": "prores" })";
  auto render = [&](const std::string& outputs, const std::string& cache) {
    Settings s = settings();
    s.cache_dir = dir / cache;
    run(R"({ "version": 1, "canvas": { "size": "160x90", "fps": 25 }, "tracks": [
      { "clips": [ { "file": "film.mp4", "fit": "cover", "fade_in": 1 } ] },
      { "clips": [ { "file": "film.mp4", "start": 3, "out": 4, "width": "40%", "at": "bottom-right" } ] } ],
      "outputs": [ )" +
            outputs + " ] }",
        s);
  };
  render(wide + "," + tall, "together");
  for (const auto& [output, name] : {std::pair(wide, "wide.mov"), std::pair(tall, "tall.mov")}) {
    const std::string together = read_bytes(dir / name);
    std::filesystem::remove(dir / name);
    render(output, std::string("alone-") + name);
    EXPECT_TRUE(read_bytes(dir / name) == together) << name;
  }
}

}  // namespace
}  // namespace avstage::test
