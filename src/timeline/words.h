#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "avstage/job.h"
#include "timeline/value.h"

/// The small words of the job language. Each reader throws Error{usage} with what is allowed.
namespace avstage {

/// Longer ones are a mistake; in characters.
inline constexpr std::size_t max_identifier = 200, max_text = 10'000;

Color read_color(const Value& value);  ///< "#rrggbb"
/// "WxH", both even and from `min` to `max`.
std::pair<int, int> read_size(const Value& value, int min, int max);
Rational read_frame_rate(const Value& value);  ///< 25, 29.97 or "30000/1001", from 1 to 1000
/// Pixels up to 16384 or "28%" up to 1000 %; with `zero` also 0.
Length read_length_on_canvas(const Value& value, bool zero);
std::int64_t read_bitrate(const Value& value, std::int64_t min,
                          std::int64_t max);  ///< 800000, "800k" or "5M"
/// A local file's path, relative ones to `base_dir`.
std::string read_input_path(const Value& value, const std::string& base_dir);
/// The same for a file to write: its ending must be one of mp4, mov, mkv, m3u8, and the value of a variable
/// must not lead out of the folder that the job's author wrote before it. Sets `path` and `root`.
void read_output_path(const Value& value, const std::string& base_dir, OutputSpec& output);

}  // namespace avstage
