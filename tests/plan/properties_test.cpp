#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "plan/random_timelines.h"

/// What must hold for every timeline.
namespace avstage::plan {
namespace {

using namespace test;
using testing::IsSupersetOf;

constexpr int kStages = 600;

bool has_picture(const Stage& stage, int clip) {
  const Clip& c = stage.plan.clips[clip].clip;
  const MediaFacts& media = stage.all[clip]->media;
  return c.opacity > 0 && (media.video || media.image);
}

/// The layers at one frame of the programme, by looking at every clip.
std::vector<Layer> layers_at(const Stage& stage, const Timing& timing, std::int64_t frame) {
  std::vector<Layer> out;
  for (int i = 0; i < static_cast<int>(timing.clips.size()); ++i) {
    const Position& p = timing.clips[i];
    if (!has_picture(stage, i) || frame < p.start.known || frame >= p.end().known) continue;
    out.push_back({i, looks_constant(stage.plan.clips[i].clip) ? 0 : frame - p.start.known});
  }
  return out;
}

/// The layers of a span `offset` frames after its start.
std::vector<Layer> layers_in(const Stage& stage, const Span& span, std::int64_t offset) {
  std::vector<Layer> out;
  for (Layer layer : span.layers) {
    if (!looks_constant(stage.plan.clips[layer.clip].clip)) layer.first += offset;
    if (has_picture(stage, layer.clip)) out.push_back(layer);
  }
  return out;
}

bool opaque_over_the_canvas(const Stage& stage, const Timing& timing, const Layer& layer,
                            const Canvas& canvas) {
  Span one_frame{0, 1, {layer}, ""};
  return hides_all_below(stage.plan, stage.all, timing, one_frame, layer, canvas);
}

TEST(Properties, SegmentsCoverTheProgrammeWithoutGapOrOverlap) {
  for_random_stages(kStages, [](const Stage& stage) {
    RenderPlan render = stage.resolve();
    ASSERT_TRUE(render.complete);
    ASSERT_EQ(render.compositions.size(), stage.plan.compositions.size());
    for (const CompositionPlan& composition : render.compositions) {
      std::int64_t at = 0;
      for (const Segment& segment : composition.segments) {
        ASSERT_EQ(segment.at, at);
        ASSERT_GT(segment.frames, 0);
        std::int64_t inside = at;
        for (const Span& span : segment.spans) {
          ASSERT_EQ(span.start, Frames(inside));
          ASSERT_GT(span.frames, 0);
          inside += span.frames;
        }
        at += segment.frames;
        ASSERT_EQ(inside, at);
      }
      ASSERT_EQ(at, render.frames);
    }
    EXPECT_THAT(render.output_keys, testing::Each(testing::SizeIs(64)));
  });
}

TEST(Properties, ASpanShowsExactlyTheClipsThatContainItsFrames) {
  for_random_stages(kStages, [](const Stage& stage) {
    const Timing timing = stage.timing();
    for (const plan::Run& run : stage.runs()) {
      for (const Span& span : run.spans) {
        for (std::int64_t n = 0; n < span.frames; ++n) {
          ASSERT_EQ(layers_in(stage, span, n), layers_at(stage, timing, span.start.known + n));
        }
      }
    }
  });
}

TEST(Properties, ASegmentLeavesOutOnlyWhatIsHidden) {
  for_random_stages(kStages, [](const Stage& stage) {
    const RenderPlan render = stage.resolve();
    for (std::size_t c = 0; c < render.compositions.size(); ++c) {
      const Canvas& canvas = stage.plan.compositions[c].canvas;
      for (const Segment& segment : render.compositions[c].segments) {
        for (const Span& span : segment.spans) {
          for (std::int64_t n : {std::int64_t(0), span.frames / 2, span.frames - 1}) {
            std::vector<Layer> seen = layers_in(stage, span, n);
            std::vector<Layer> all = layers_at(stage, render.timing, span.start.known + n);
            ASSERT_LE(seen.size(), all.size());
            ASSERT_TRUE(std::equal(seen.rbegin(), seen.rend(), all.rbegin()));
            bool left_out = seen.size() < all.size();
            ASSERT_TRUE(!left_out || opaque_over_the_canvas(stage, render.timing, seen.front(), canvas));
          }
        }
      }
    }
  });
}

TEST(Properties, NoSegmentCrossesTheBorderOfAShownAvatar) {
  for_random_stages(kStages, [](const Stage& stage) {
    const Timing timing = stage.timing();
    for (const plan::Run& run : stage.runs()) {
      std::int64_t from = run.spans.front().start.known, to = from + run.frames();
      for (std::size_t i = 0; i < timing.clips.size(); ++i) {
        if (stage.plan.clips[i].purchase < 0 || stage.plan.clips[i].clip.opacity == 0) continue;
        const Position& p = timing.clips[i];
        for (std::int64_t edge : {p.start.known, p.end().known}) ASSERT_FALSE(from < edge && edge < to);
      }
    }
  });
}

std::set<int> members(unsigned bits) {
  std::set<int> out;
  for (int i = 0; i < 32; ++i) {
    if (bits >> i & 1U) out.insert(i);
  }
  return out;
}

/// "composition frames keys" of every segment that can be rendered.
std::vector<std::string> renderable(const Stage& stage, const RenderPlan& render,
                                    const std::set<int>& known) {
  std::vector<std::string> out;
  for (std::size_t c = 0; c < render.compositions.size(); ++c) {
    for (const Segment& segment : render.compositions[c].segments) {
      EXPECT_EQ(segment.keys.empty(), !segment.waits_for.empty());
      if (segment.keys.empty()) continue;
      for (int purchase : segment.shows) EXPECT_TRUE(known.contains(purchase));
      EXPECT_EQ(segment.keys.size(), stage.plan.compositions[c].outputs.size());
      std::string line = std::to_string(c) + " " + std::to_string(segment.frames);
      for (const std::string& key : segment.keys) line += " " + key;
      out.push_back(line);
    }
  }
  std::sort(out.begin(), out.end());
  return out;
}

/// All ways in which the avatar clips may arrive are paths from the empty set to the full one.
TEST(Properties, WhatHasOnceBeenResolvedNeverChanges) {
  constexpr int kMostPurchases = 5;
  int early = 0;
  for_random_stages(kStages, [&](const Stage& stage) {
    const int purchases = static_cast<int>(stage.plan.purchases.size());
    if (purchases > kMostPurchases) return;
    std::vector<std::vector<std::string>> by_set(1U << purchases);
    for (unsigned bits = 0; bits < by_set.size(); ++bits) {
      by_set[bits] = renderable(stage, stage.resolve(members(bits)), members(bits));
    }
    early += purchases > 0 && !by_set.front().empty();
    for (unsigned bits = 0; bits < by_set.size(); ++bits) {
      for (int next = 0; next < purchases; ++next) {
        const unsigned more = bits | 1U << next;
        ASSERT_TRUE(
            std::includes(by_set[more].begin(), by_set[more].end(), by_set[bits].begin(), by_set[bits].end()))
            << "with purchases " << bits << ", then " << next;
      }
    }
  });
  EXPECT_GT(early, kStages / 10);  // the property is not empty
}

TEST(Properties, OnOneTrackEverythingButTheAvatarsIsReadyAtOnce) {
  for (unsigned seed = 1; seed <= 500; ++seed) {
    std::mt19937 random(seed);
    std::vector<Item> track;
    std::int64_t frames = 0;
    for (unsigned n = random() % 8 + 1; n > 0; --n) {
      const std::string length = std::to_string(random() % 30 + 1);
      bool bought = random() % 3 == 0;
      track.push_back(bought ? avatar("words " + std::to_string(n), length) : film(length));
      if (random() % 3 == 0) track.back().fade_in(10).fade_out(10);
      if (!bought) frames += 25 * std::stoi(length);
    }
    std::int64_t ready = 0;
    const RenderPlan render = Stage({track}).resolve({});
    for (const Segment& segment : segments(render)) ready += segment.keys.empty() ? 0 : segment.frames;
    ASSERT_EQ(ready, frames) << "seed " << seed;
  }
}

TEST(Properties, EverythingIsReadyOnceTheAvatarsAreKnown) {
  for_random_stages(kStages, [](const Stage& stage) {
    const RenderPlan render = stage.resolve();
    for (const CompositionPlan& composition : render.compositions) {
      for (const Segment& segment : composition.segments) ASSERT_FALSE(segment.keys.empty());
    }
  });
}

TEST(Properties, IdsMarksAndPathsChangeNoKey) {
  for_random_stages(200, [](const Stage& stage) {
    Stage other = stage;
    std::map<std::string, std::string> renamed;
    for (PlannedClip& planned : other.plan.clips) renamed[planned.clip.id] = "new-" + planned.clip.id;
    for (PlannedClip& planned : other.plan.clips) {
      planned.clip.id = renamed[planned.clip.id];
      for (auto* time : {&planned.clip.start, &planned.clip.duration}) {
        if (*time) (*time)->clip = renamed[(*time)->clip];
      }
      planned.clip.mark = {"other.json", 99, 9, "/somewhere"};
      planned.label = "other";
    }
    for (OutputSpec& output : other.plan.job.outputs) output.path = "other.mkv";
    EXPECT_EQ(keys(other.resolve()), keys(stage.resolve()));
    EXPECT_EQ(other.resolve().output_keys, stage.resolve().output_keys);
  });
}

}  // namespace
}  // namespace avstage::plan
