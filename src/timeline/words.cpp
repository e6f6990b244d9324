#include "timeline/words.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "timeline/message.h"

namespace avstage {
namespace {

constexpr std::size_t max_path = 4096, max_file_name = 255;
constexpr std::size_t name_room = 35;  // for the endings of part files and of the manifest beside an output
constexpr double max_pixels = 16384, max_percent = 1000;

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

/// A whole number of at most 5 digits; −1 when it is none.
int small_whole(std::string_view text) {
  if (text.empty() || text.size() > 5 || text.find_first_not_of("0123456789") != std::string_view::npos)
    return -1;
  int value = 0;
  for (char c : text) value = value * 10 + (c - '0');
  return value;
}

const std::string& number_or_text(const Value& value, const std::string& allowed) {
  if (!value.is(Value::Type::number) && !value.is(Value::Type::string)) value.refuse(allowed);
  return value.node().text;
}

std::string joined_path(const std::string& base_dir, const std::string& path) {
  if (path.starts_with('/') || base_dir.empty()) return path;
  return base_dir.ends_with('/') ? base_dir + path : base_dir + "/" + path;
}

const std::string& local_path(const Value& value, std::string_view what) {
  const std::string& path = value.line(what, max_path);
  if (path.find("://") != std::string::npos)
    value.refuse("the path of a local file; addresses are not supported");
  return path;
}

/// What a file system takes, known before anything is bought.
void check_path_length(const Value& value, std::size_t room) {
  const std::filesystem::path path(value.node().text);
  for (const std::filesystem::path& part : path) {
    const std::size_t most = part == path.filename() ? max_file_name - room : max_file_name;
    if (part.native().size() <= most) continue;
    fail(value.mark(), "too_long", fmt::format("a name of {} bytes in a path", part.native().size()),
         fmt::format("at most {} bytes", most));
  }
}

/// What the author wrote up to the last "/" before the first variable is trusted, the rest is not. Returns
/// that part: "" without a variable.
std::string trusted_folder(const Value& value) {
  if (!value.node().variable_at) return "";
  const std::string& path = value.node().text;
  std::size_t slash = path.substr(0, *value.node().variable_at).rfind('/');
  std::string rest = slash == std::string::npos ? path : path.substr(slash + 1);
  std::string allowed =
      "with ${…}, a path that stays in the folder written before it: no \"..\", no \"/\" or \"-\" first";
  if (rest.starts_with('-') || rest.starts_with('/')) value.refuse(allowed);
  for (const std::filesystem::path& part : std::filesystem::path(rest)) {
    if (part == "..") value.refuse(allowed);
  }
  return slash == std::string::npos ? "./" : path.substr(0, slash + 1);
}

}  // namespace

Color read_color(const Value& value) {
  std::string allowed = "a colour such as \"#1a2b3c\"";
  const std::string& text = value.text(allowed);
  if (text.size() != 7 || text[0] != '#') value.refuse(allowed);
  std::uint8_t parts[3];
  for (std::size_t i = 0; i < 3; ++i) {
    int high = hex_digit(text[1 + 2 * i]), low = hex_digit(text[2 + 2 * i]);
    if (high < 0 || low < 0) value.refuse(allowed);
    parts[i] = static_cast<std::uint8_t>(high * 16 + low);
  }
  return {parts[0], parts[1], parts[2], 255};
}

std::pair<int, int> read_size(const Value& value, int min, int max) {
  std::string allowed = fmt::format("\"WIDTHxHEIGHT\", both even and from {} to {}", min, max);
  const std::string& text = value.text(allowed);
  std::size_t x = text.find('x');
  int width = x == std::string::npos ? -1 : small_whole(text.substr(0, x));
  int height = x == std::string::npos ? -1 : small_whole(text.substr(x + 1));
  for (int side : {width, height}) {
    if (side < min || side > max || side % 2 != 0) value.refuse(allowed);
  }
  return {width, height};
}

Rational read_frame_rate(const Value& value) {
  constexpr std::int64_t max_num = 1'000'000, max_den = 1001;  // keeps sums of times inside 64 bits
  std::string allowed = "a frame rate from 1 to 480 such as 25, 29.97 or \"30000/1001\", at most 3 decimals";
  auto rate = parse_frame_rate(number_or_text(value, allowed));
  if (!rate || *rate < Rational(1) || rate->num > max_num || rate->den > max_den) value.refuse(allowed);
  return *rate;
}

Length read_length_on_canvas(const Value& value, bool zero) {
  std::string allowed = fmt::format("pixels {} 0 up to {}, or \"28%\" up to {} %", zero ? "from" : "above",
                                    max_pixels, max_percent);
  std::string_view text = number_or_text(value, allowed);
  bool percent = value.is(Value::Type::string);
  if (percent && !text.ends_with('%')) value.refuse(allowed);
  if (percent) text.remove_suffix(1);
  auto number = parse_number(text);
  if (!number || *number > (percent ? max_percent : max_pixels)) value.refuse(allowed);
  if (zero ? *number < 0 : *number <= 0) value.refuse(allowed);
  return {*number, percent};
}

std::int64_t read_bitrate(const Value& value, std::int64_t min, std::int64_t max) {
  std::string allowed = fmt::format("bits per second from {} to {}, or such as \"800k\" or \"5M\"", min, max);
  std::string_view text = number_or_text(value, allowed);
  std::int64_t unit = text.ends_with('k') ? 1000 : text.ends_with('M') ? 1'000'000 : 1;
  if (unit > 1) text.remove_suffix(1);
  auto number = text.starts_with('-') ? std::nullopt : parse_decimal(text);
  if (!number) value.refuse(allowed);
  Rational bits = *number * Rational(unit);
  if (bits.den != 1 || bits.num < min || bits.num > max) value.refuse(allowed);
  return bits.num;
}

std::string read_input_path(const Value& value, const std::string& base_dir) {
  return joined_path(base_dir, local_path(value, "the path of a local file"));
}

void read_output_path(const Value& value, const std::string& base_dir, OutputSpec& output) {
  const std::string& path = local_path(value, "the path of a file");
  check_path_length(value, name_room);
  const std::string root = trusted_folder(value);
  if (!root.empty()) output.root = joined_path(base_dir, root);
  std::string name = std::filesystem::path(path).filename().string();
  std::size_t point = name.rfind('.');
  std::string ending = point == std::string::npos ? "" : name.substr(point);
  const bool known = ending == ".mp4" || ending == ".mov" || ending == ".mkv" || ending == ".m3u8";
  if (ending.size() == name.size() || !known) {
    value.refuse("a file name ending in .mp4, .mov, .mkv or .m3u8");
  }
  output.path = joined_path(base_dir, path);
}

}  // namespace avstage
