#include <set>

#include "render/composed.h"
#include "run/compose/layer_renderer.h"

/// What one clip looks like, frame by frame.
namespace avstage::test {
namespace {

class LayerRenderer : public Bench {
 protected:
  /// How many pictures were made for one clip's 50 frames. All are held: none is made in another's memory.
  std::size_t pictures_of(const std::string& clip) {
    const Job j = job(R"({ "version": 1, "canvas": { "size": "160x90", "fps": 50 },
      "tracks": [ { "clips": [ )" +
                      clip + R"( ] } ], "outputs": [ { "path": "a.mp4" } ] })");
    std::vector<media::FramePtr> held;
    std::set<const std::uint8_t*> made;
    with_plan(j,
              [&](const plan::Plan& plan, const plan::RenderPlan& resolved, const run::MediaAccess& media) {
                run::FilmReaders films(media);
                run::Mattes mattes;
                run::LayerRenderer layer(
                    {plan, resolved.timing, media, films, mattes, plan.compositions.at(0).canvas, {}}, 0);
                for (std::int64_t n = 0; n < 50; ++n) {
                  held.push_back(media::ref_frame(layer.picture(n)));
                  made.insert(held.back()->data[0]);
                }
              });
    return made.size();
  }
};

TEST_F(LayerRenderer, MakesOnePictureOfEachThatTheSourceHas) {
  file("film.mp4", 1, Picture::testsrc);
  make_image(dir / "logo.png", 40, 40);
  EXPECT_EQ(pictures_of(R"({ "file": "film.mp4", "width": "40%", "key": "#00ff00" })"), 25U);
  EXPECT_EQ(pictures_of(R"({ "file": "film.mp4", "width": "40%", "filters": [ "grayscale" ] })"), 25U);
  // Half of the frames are seen through a fade: each of those is one more.
  EXPECT_EQ(pictures_of(R"({ "image": "logo.png", "width": "40%", "duration": 1, "fade_in": 0.5 })"), 26U);
}

TEST_F(LayerRenderer, AFilterThatKnowsTheTimeMakesEach) {
  file("film.mp4", 1, Picture::testsrc);
  EXPECT_EQ(pictures_of(R"({ "file": "film.mp4", "width": "40%", "filters": [ { "fade": { "in": 1 } } ] })"),
            50U);
  EXPECT_EQ(
      pictures_of(
          R"({ "file": "film.mp4", "width": "40%", "filters": [ { "lavfi": { "filter": "hue", "h": "90*t" } } ] })"),
      50U);
}

}  // namespace
}  // namespace avstage::test
