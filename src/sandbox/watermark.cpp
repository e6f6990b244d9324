#include "sandbox/watermark.h"

#include <cmath>
#include <map>
#include <string_view>

namespace avstage::sandbox {
namespace {

using Strokes = std::vector<std::vector<Point>>;

/// Letters as strokes in a box 4 wide and 6 high.
const std::map<char, Strokes>& letters() {
  static const std::map<char, Strokes> table = {
      {'S',
       {{{4, 0.8},
         {3.2, 0},
         {0.8, 0},
         {0, 0.9},
         {0, 2},
         {0.8, 2.8},
         {3.2, 3.2},
         {4, 4},
         {4, 5.1},
         {3.2, 6},
         {0.8, 6},
         {0, 5.2}}}},
      {'A', {{{0, 6}, {2, 0}, {4, 6}}, {{0.8, 4}, {3.2, 4}}}},
      {'N', {{{0, 6}, {0, 0}, {4, 6}, {4, 0}}}},
      {'D', {{{0, 0}, {0, 6}, {2.4, 6}, {4, 4.4}, {4, 1.6}, {2.4, 0}, {0, 0}}}},
      {'B',
       {{{0, 3},
         {0, 0},
         {3, 0},
         {3.8, 0.8},
         {3.8, 2.2},
         {3, 3},
         {0, 3},
         {0, 6},
         {3.2, 6},
         {4, 5.2},
         {4, 3.8},
         {3, 3}}}},
      {'O', {{{1, 0}, {3, 0}, {4, 1}, {4, 5}, {3, 6}, {1, 6}, {0, 5}, {0, 1}, {1, 0}}}},
      {'X', {{{0, 0}, {4, 6}}, {{4, 0}, {0, 6}}}},
      {'T', {{{0, 0}, {4, 0}}, {{2, 0}, {2, 6}}}},
      {'E', {{{4, 0}, {0, 0}, {0, 6}, {4, 6}}, {{0, 3}, {3.2, 3}}}},
  };
  return table;
}

void write(Path& path, std::string_view words, const Transform& transform, double width) {
  double pen = 0;
  for (char letter : words) {
    if (auto found = letters().find(letter); found != letters().end()) {
      for (const auto& stroke : found->second) {
        std::vector<Point> points;
        for (Point p : stroke) points.push_back(transform({p.x + pen, p.y}));
        path.stroke(points, width);
      }
    }
    pen += 5.6;
  }
}

}  // namespace

Path watermark(int width, int height) {
  constexpr std::string_view kWords = "SANDBOX TEST";
  constexpr double kLength = 5.6 * kWords.size();
  double unit = std::hypot(width, height) * 0.42 / kLength;
  double angle = -std::atan2(height, width);
  Path path;
  for (int line = -2; line <= 2; ++line) {
    for (int column = -1; column <= 1; ++column) {
      double x = (column - 0.5 + 0.25 * (line & 1)) * (kLength + 4), y = line * 20 - 3;
      Transform turn{std::cos(angle), std::sin(angle), -std::sin(angle),
                     std::cos(angle), width / 2.0,     height / 2.0};
      write(path, kWords, turn.after(Transform::scale_then_move(unit, x * unit, y * unit)), unit * 0.9);
    }
  }
  return path;
}

}  // namespace avstage::sandbox
