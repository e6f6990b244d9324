#pragma once

#include <functional>
#include <string>
#include <variant>
#include <vector>

#include "media/demuxer.h"
#include "render/bench.h"
#include "run/compose/compositor.h"

namespace avstage::test {

/// Hands over the plan of a job without avatars, resolved.
inline void with_plan(
    const Job& job,
    const std::function<void(const plan::Plan&, const plan::RenderPlan&, const run::MediaAccess&)>& use) {
  plan::AvatarWords words;
  words.clip_key = [](const AvatarRef&) { return std::string(); };
  words.background = [](const AvatarRef&) { return std::optional<Color>(); };
  const plan::Plan plan = plan::make_plan(job, words);
  plan::Facts facts(plan.clips.size());
  for (std::size_t i = 0; i < plan.clips.size(); ++i) {
    const MediaRef& ref = plan.clips[i].clip.media;
    std::string path;
    if (const auto* file = std::get_if<FileRef>(&ref)) path = file->path;
    if (const auto* image = std::get_if<ImageRef>(&ref)) path = image->path;
    if (!path.empty()) facts[i] = plan::ClipFacts{media::probe_file(path), path};
  }
  const run::MediaAccess media(plan);
  use(plan, plan::resolve(plan, facts, "test"), media);
}

/// The pictures of a job without avatars as they go to the encoder.
inline std::vector<media::FramePtr> compose(const Job& job) {
  std::vector<media::FramePtr> frames;
  with_plan(job,
            [&](const plan::Plan& plan, const plan::RenderPlan& resolved, const run::MediaAccess& media) {
              run::FilmReaders films(media);
              run::Mattes mattes;
              run::Compositor compositor(
                  {plan, resolved.timing, media, films, mattes, plan.compositions.at(0).canvas, {}});
              for (const plan::Segment& segment : resolved.compositions.at(0).segments) {
                for (const plan::Span& span : segment.spans) {
                  for (std::int64_t n = 0; n < span.frames; ++n)
                    frames.push_back(compositor.compose(span, n));
                }
              }
            });
  return frames;
}

/// Component `c` averaged over a part of the picture, given in fractions of it.
inline double mean(const AVFrame& frame, int c, double left, double top, double right, double bottom) {
  auto [width, height] = plane_size(frame, c);
  double sum = 0;
  int n = 0;
  for (int y = static_cast<int>(top * height); y < static_cast<int>(bottom * height); ++y) {
    for (int x = static_cast<int>(left * width); x < static_cast<int>(right * width); ++x, ++n) {
      sum += sample(frame, c, x, y);
    }
  }
  return sum / n;
}

/// Paints every sample of a picture: value 0–255 of component `c` at column x, row y of its plane.
inline void paint(AVFrame& frame, const std::function<double(int c, int x, int y)>& value) {
  const AVPixFmtDescriptor* d = av_pix_fmt_desc_get(static_cast<AVPixelFormat>(frame.format));
  for (int c = 0; c < std::min<int>(3, d->nb_components); ++c) {
    auto [width, height] = plane_size(frame, c);
    for (int y = 0; y < height; ++y) {
      for (int x = 0; x < width; ++x) {
        set_sample(frame, c, x, y,
                   static_cast<int>(std::lround(value(c, x, y) * (1 << (d->comp[c].depth - 8)))));
      }
    }
  }
}

}  // namespace avstage::test
