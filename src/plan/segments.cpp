#include "plan/segments.h"

#include <algorithm>

namespace avstage::plan {
namespace {

constexpr std::int64_t kGridSeconds = 10;
constexpr std::int64_t kShortestSeconds = 5;

bool continues(const Plan& plan, const Span& a, const Span& b) {
  return std::equal(a.layers.begin(), a.layers.end(), b.layers.begin(), b.layers.end(),
                    [&](const Layer& x, const Layer& y) {
                      if (x.clip != y.clip) return false;
                      return looks_constant(plan.clips[x.clip].clip) || x.first + a.frames == y.first;
                    });
}

int bottom_clip(const Span& span) {
  return span.layers.empty() ? -1 : span.layers.front().clip;
}

/// How far behind the last line of the grid the span begins, in frames of the bottom layer's source.
std::int64_t behind_grid(const Plan& plan, const Timing& timing, const Span& span, std::int64_t grid) {
  if (span.layers.empty()) return 0;
  const Layer& bottom = span.layers.front();
  return (bottom.first + (timing.clips[bottom.clip].in * plan.job.canvas.fps).round()) % grid;
}

/// Cuts a span where the bottom layer's source crosses the grid, so that the cuts move with the source.
std::vector<Span> on_grid(const Plan& plan, const Timing& timing, const Span& span, std::int64_t grid) {
  const std::int64_t behind = behind_grid(plan, timing, span, grid);
  std::vector<Span> parts;
  for (std::int64_t done = 0; done < span.frames;) {
    std::int64_t to_grid = grid - (behind + done) % grid;
    std::int64_t frames = std::min(to_grid, span.frames - done);
    parts.push_back(part_of_span(plan, span, done, frames));
    done += frames;
  }
  return parts;
}

struct Piece {
  std::vector<Span> spans;
  std::int64_t frames = 0;
};

/// Pieces end at every allowed cut; the edge of an overlay is none.
std::vector<Piece> pieces_of(const Plan& plan, const Timing& timing, const Run& run) {
  const std::int64_t grid = segment_grid(plan.job.canvas.fps);
  std::vector<Piece> pieces(1);
  for (std::size_t i = 0; i < run.spans.size(); ++i) {
    const Span& span = run.spans[i];
    const bool other_source = i > 0 && bottom_clip(run.spans[i - 1]) != bottom_clip(span);
    const bool moving = bottom_clip(span) >= 0 && !is_still(plan.clips[bottom_clip(span)].clip);
    const bool on_line = i > 0 && moving && behind_grid(plan, timing, span, grid) == 0;
    if (other_source || on_line) pieces.emplace_back();
    std::vector<Span> parts = on_grid(plan, timing, span, grid);
    for (std::size_t k = 0; k < parts.size(); ++k) {
      if (k > 0) pieces.emplace_back();
      append_span(plan, pieces.back().spans, parts[k]);
      pieces.back().frames += parts[k].frames;
    }
  }
  return pieces;
}

}  // namespace

std::int64_t segment_grid(Rational fps) {
  return std::max<std::int64_t>(1, (Rational(kGridSeconds) * fps).round());
}

Span part_of_span(const Plan& plan, const Span& span, std::int64_t offset, std::int64_t frames) {
  Span part = span;
  part.start = span.start + offset;
  part.frames = frames;
  for (Layer& layer : part.layers) {
    if (!looks_constant(plan.clips[layer.clip].clip)) layer.first += offset;
  }
  return part;
}

void append_span(const Plan& plan, std::vector<Span>& spans, const Span& span) {
  if (!spans.empty() && continues(plan, spans.back(), span)) {
    spans.back().frames += span.frames;
  } else {
    spans.push_back(span);
  }
}

std::vector<std::vector<Span>> cut_segments(const Plan& plan, const Timing& timing, const Run& run) {
  const std::int64_t shortest = (Rational(kShortestSeconds) * plan.job.canvas.fps).ceil();
  std::vector<std::vector<Span>> segments;
  std::vector<Span> current;
  std::int64_t length = 0, left = run.frames();
  for (const Piece& piece : pieces_of(plan, timing, run)) {
    if (length >= shortest && left >= shortest) {
      segments.push_back(std::move(current));
      current.clear();
      length = 0;
    }
    for (const Span& span : piece.spans) append_span(plan, current, span);
    length += piece.frames;
    left -= piece.frames;
  }
  segments.push_back(std::move(current));
  return segments;
}

}  // namespace avstage::plan
