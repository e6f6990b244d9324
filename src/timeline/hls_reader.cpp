#include "timeline/hls_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/shape.h"
#include "timeline/fields.h"
#include "timeline/message.h"
#include "timeline/time_expr.h"
#include "timeline/words.h"

namespace avstage {
namespace {

constexpr std::size_t max_variants = 12;

/// Bits per second that a short side is usually given, at up to 30 frames a second.
struct Rung {
  int side;
  std::int64_t bitrate;
};
constexpr Rung ladder[] = {{2160, 16'000'000}, {1440, 9'000'000}, {1080, 6'000'000},
                           {720, 3'000'000},   {540, 2'000'000},  {360, 800'000}};

using Size = std::pair<int, int>;

Size size_of(const OutputSpec& output, const Canvas& canvas) {
  return output.size.value_or(Size(canvas.width, canvas.height));
}

/// The even number nearest to a length of another size of the same shape.
int scaled(int length, int to, int from) {
  return 2 * static_cast<int>(std::lround(double(length) * to / from / 2));
}

/// From the stream's own size down.
std::vector<OutputSpec> ladder_of(const OutputSpec& stream, const Canvas& canvas) {
  const Size top = size_of(stream, canvas);
  const int top_side = std::min(top.first, top.second);
  const std::int64_t half = canvas.fps > Rational(30) ? 3 : 2;  // half as much again for fast pictures
  std::vector<OutputSpec> out;
  auto add = [&](Size size, std::int64_t bitrate) {
    out.push_back(stream);
    out.back().size = size;
    out.back().bitrate = bitrate * half / 2;
  };
  const Rung* first = std::find_if(std::begin(ladder), std::end(ladder) - 1,
                                   [&](const Rung& rung) { return rung.side <= top_side; });
  const bool above = first != std::begin(ladder) && first->side < top_side;
  add(top, above ? (first - 1)->bitrate : first->bitrate);
  for (const Rung& rung : ladder) {
    if (rung.side >= top_side) continue;
    add({scaled(top.first, rung.side, top_side), scaled(top.second, rung.side, top_side)}, rung.bitrate);
  }
  return out;
}

constexpr Field<OutputSpec> variant_fields[] = {
    {"size", [](const Value& v, OutputSpec& o) { o.size = read_size(v, 16, 8192); }},
    {"crf", [](const Value& v, OutputSpec& o) { o.crf = v.number(0, 51); }},
    {"bitrate", [](const Value& v, OutputSpec& o) { o.bitrate = read_bitrate(v, 10'000, 500'000'000); }},
};

std::vector<OutputSpec> variants_of(const Value& list, const OutputSpec& stream, const Canvas& canvas) {
  std::vector<OutputSpec> out;
  for (const Value& item : list.items("variants", max_variants)) {
    OutputSpec variant = stream;
    read_fields<OutputSpec>(item, "a variant", {variant_fields}, variant);
    refuse_two_rates(item, variant);
    const Size size = size_of(variant, canvas), first = size_of(out.empty() ? variant : out.front(), canvas);
    if (!same_shape(size, first)) {
      fail(item.mark(), "value",
           fmt::format("a variant of {}x{} beside one of {}x{}", size.first, size.second, first.first,
                       first.second),
           "variants of one shape; another shape is a stream of its own");
    }
    out.push_back(std::move(variant));
  }
  return out;
}

void refuse_beside(const Value& value, std::string_view key, std::initializer_list<const char*> others) {
  if (!value.find(key)) return;
  for (const char* other : others) {
    auto found = value.find(other);
    if (!found) continue;
    fail(found->mark(), "value", fmt::format("\"{}\" beside \"{}\"", other, key), "one of the two");
  }
}

}  // namespace

bool is_hls(const std::string& path) {
  return path.ends_with(".m3u8");
}

std::string rendition_name(const OutputSpec& output, const Canvas& canvas) {
  const Size size = size_of(output, canvas);
  return fmt::format("{}x{}", size.first, size.second);
}

Rational read_media_segment(const Value& value) {
  const std::string allowed = "seconds from 1 to 60";
  if (!value.is(Value::Type::number)) value.refuse(allowed);
  auto seconds = parse_decimal(value.node().text);
  if (!seconds || *seconds < Rational(1) || *seconds > Rational(60)) value.refuse(allowed);
  return *seconds;
}

void refuse_two_rates(const Value& value, const OutputSpec& output) {
  auto bitrate = value.find("bitrate");
  if (!output.crf || !bitrate) return;
  fail(bitrate->mark(), "value", "\"bitrate\" beside \"crf\"", "one of \"crf\" and \"bitrate\"");
}

std::vector<OutputSpec> read_renditions(const Value& value, const OutputSpec& stream, const Canvas& canvas) {
  refuse_beside(value, "variants", {"profile", "size", "crf", "bitrate"});
  refuse_beside(value, "profile", {"crf", "bitrate"});
  if (auto codec = value.find("codec"); stream.codec != "h264") {
    fail(codec->mark(), "value", fmt::format("\"codec\": \"{}\" in an HLS stream", stream.codec), "h264");
  }
  std::vector<OutputSpec> out{stream};
  if (auto list = value.find("variants")) out = variants_of(*list, stream, canvas);
  if (value.find("profile")) out = ladder_of(stream, canvas);
  for (std::size_t i = 0; i < out.size(); ++i) {
    const std::string name = rendition_name(out[i], canvas);
    out[i].rendition = name;
    auto taken = [&](const OutputSpec& other) { return other.rendition == out[i].rendition; };
    for (int n = 2; std::any_of(out.begin(), out.begin() + static_cast<std::ptrdiff_t>(i), taken); ++n) {
      out[i].rendition = fmt::format("{}-{}", name, n);
    }
  }
  return out;
}

}  // namespace avstage
