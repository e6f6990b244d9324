#include "plan/segments.h"

#include <algorithm>

namespace avstage::plan {
namespace {

constexpr std::int64_t kGridSeconds = 10;
constexpr std::int64_t kShortestSeconds = 5;
/// Behind an avatar clip, whose end nobody knows before it is there, the grid is finer up to its next line:
/// so what lies behind can be rendered before, and little of it is lost where the clip ends elsewhere.
constexpr std::int64_t kFineGridSeconds = 2;
constexpr std::int64_t kFineShortestSeconds = 1;

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

struct Piece {
  std::vector<Span> spans;
  std::int64_t frames = 0;
  std::int64_t shortest = 0;  ///< a segment that ends with it has at least so many frames
};

/// Cuts a run where the bottom layer's source crosses the grid, so that the cuts move with the source, and
/// where the source changes. The edge of an overlay is no place to cut.
class PieceCutter {
 public:
  PieceCutter(const Plan& plan, const Timing& timing, const Run& run)
      : plan_(plan),
        timing_(timing),
        grid_(segment_grid(plan.job.canvas.fps)),
        fine_(is_behind_avatars(run)) {}

  std::vector<Piece> cut(const Run& run) {
    begin();
    for (std::size_t i = 0; i < run.spans.size(); ++i) {
      const Span& span = run.spans[i];
      const bool other_source = i > 0 && bottom_clip(run.spans[i - 1]) != bottom_clip(span);
      const bool moving = bottom_clip(span) >= 0 && !is_still(plan_.clips[bottom_clip(span)].clip);
      const bool on_line = i > 0 && moving && behind_grid(plan_, timing_, span, grid_) == 0;
      if (other_source || on_line) fine_ = false;
      if (other_source || on_line) begin();
      add(span);
    }
    return std::move(pieces_);
  }

 private:
  void begin() {
    const std::int64_t seconds = fine_ ? kFineShortestSeconds : kShortestSeconds;
    pieces_.push_back({{}, 0, (Rational(seconds) * plan_.job.canvas.fps).ceil()});
  }

  void add(const Span& span) {
    std::int64_t behind = behind_grid(plan_, timing_, span, grid_);
    const std::int64_t fine_grid =
        std::max<std::int64_t>(1, (Rational(kFineGridSeconds) * plan_.job.canvas.fps).round());
    for (std::int64_t done = 0; done < span.frames;) {
      if (done > 0) begin();
      const std::int64_t to_line =
          fine_ ? std::min(fine_grid - behind % fine_grid, grid_ - behind) : grid_ - behind;
      const std::int64_t frames = std::min(to_line, span.frames - done);
      append_span(plan_, pieces_.back().spans, part_of_span(plan_, span, done, frames));
      pieces_.back().frames += frames;
      done += frames;
      behind = (behind + frames) % grid_;
      if (behind == 0) fine_ = false;
    }
  }

  const Plan& plan_;
  const Timing& timing_;
  const std::int64_t grid_;
  bool fine_;
  std::vector<Piece> pieces_;
};

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
  std::vector<std::vector<Span>> segments;
  std::vector<Span> current;
  std::int64_t length = 0, shortest = 0, left = run.frames();
  for (const Piece& piece : PieceCutter(plan, timing, run).cut(run)) {
    if (length > 0 && length >= shortest && left >= piece.shortest) {
      segments.push_back(std::move(current));
      current.clear();
      length = 0;
    }
    for (const Span& span : piece.spans) append_span(plan, current, span);
    length += piece.frames;
    shortest = piece.shortest;
    left -= piece.frames;
  }
  segments.push_back(std::move(current));
  return segments;
}

}  // namespace avstage::plan
