#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <optional>

#include "avstage/error.h"
#include "base/suggest.h"
#include "filters/filter.h"

namespace avstage::filters {

extern const Filter blur, chroma_key, crop, fade, flip, grade, grayscale, mask, rotate, sharpen, vignette;

namespace {

constexpr std::array kAll{&blur,      &chroma_key, &crop,   &fade,    &flip,    &grade,
                          &grayscale, &mask,       &rotate, &sharpen, &vignette};

// Longer numbers mean nothing in a job and would overflow later arithmetic.
constexpr double kLargest = 1e9;

std::optional<double> parse_number(std::string_view text) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || !std::isfinite(value)) return {};
  return value;
}

/// The number before `suffix`, as in "10%" or "12f".
std::optional<double> parse_suffixed(std::string_view text, char suffix) {
  if (text.empty() || text.back() != suffix) return {};
  return parse_number(text.substr(0, text.size() - 1));
}

std::optional<Color> parse_color(std::string_view text) {
  if ((text.size() != 7 && text.size() != 9) || text.front() != '#') return {};
  std::array<std::uint8_t, 4> parts{0, 0, 0, 255};
  for (std::size_t i = 1; i < text.size(); i += 2) {
    const char* begin = text.data() + i;
    const auto [end, error] = std::from_chars(begin, begin + 2, parts[i / 2], 16);
    if (error != std::errc() || end != begin + 2) return {};
  }
  return Color{parts[0], parts[1], parts[2], parts[3]};
}

std::string range_of(const Param& p) {
  return p.min == p.max ? std::string() : fmt::format(" {}–{}", p.min, p.max);
}

std::string allowed_kind(const Param& p) {
  const std::string unit = p.unit.empty() ? "" : fmt::format(" {}", p.unit);
  switch (p.type) {
    case ParamType::number:
      return fmt::format("allowed{}{}", range_of(p), unit);
    case ParamType::integer:
      return fmt::format("allowed: whole numbers{}{}", range_of(p), unit);
    case ParamType::boolean:
      return "allowed: true or false";
    case ParamType::string:
      return "allowed: a text";
    case ParamType::color:
      return "allowed: a colour as \"#rrggbb\"";
    case ParamType::choice:
      return fmt::format("allowed: \"{}\"", fmt::join(p.choices, "\", \""));
    case ParamType::length:
      return fmt::format("allowed{} px, or \"0%\"–\"100%\"", range_of(p));
    case ParamType::duration:
      return fmt::format("allowed{} s, or frames as \"12f\"", range_of(p));
  }
  return "";
}

bool may_be_auto(const Param& p) {
  return p.default_value == "auto";
}

/// What a parameter may be, for messages.
std::string allowed_values(const Param& p) {
  return allowed_kind(p) + (may_be_auto(p) ? ", or \"auto\"" : "");
}

std::string shown(const ParamValue& value) {
  if (const bool* b = std::get_if<bool>(&value)) return *b ? "true" : "false";
  if (const double* d = std::get_if<double>(&value)) return fmt::format("{}", *d);
  return in_quotes(std::get<std::string>(value));
}

bool in_range(const Param& p, double value) {
  if (!std::isfinite(value) || std::abs(value) > kLargest) return false;
  return p.min == p.max || (value >= p.min && value <= p.max);
}

bool valid_text(const Param& p, const std::string& text) {
  switch (p.type) {
    case ParamType::string:
      return true;
    case ParamType::color:
      return parse_color(text).has_value();
    case ParamType::choice:
      return std::ranges::find(p.choices, text) != p.choices.end();
    case ParamType::length: {
      const auto percent = parse_suffixed(text, '%');
      return percent && *percent >= 0 && *percent <= 100;
    }
    case ParamType::duration: {
      const auto frames = parse_suffixed(text, 'f');
      return frames && *frames >= 0 && *frames <= kLargest && *frames == std::floor(*frames);
    }
    default:
      return false;
  }
}

/// The value as Values keeps it; nullopt when the parameter may not be that.
std::optional<std::string> canonical(const Param& p, const ParamValue& value) {
  if (const bool* b = std::get_if<bool>(&value)) {
    if (p.type != ParamType::boolean) return {};
    return *b ? "true" : "false";
  }
  if (const std::string* text = std::get_if<std::string>(&value)) {
    if (!valid_text(p, *text) && !(may_be_auto(p) && *text == "auto")) return {};
    return *text;
  }
  const double number = std::get<double>(value);
  const bool takes_numbers = p.type == ParamType::number || p.type == ParamType::length ||
                             p.type == ParamType::duration || p.type == ParamType::integer;
  if (!takes_numbers || !in_range(p, number)) return {};
  if (p.type == ParamType::integer && number != std::floor(number)) return {};
  // A negative zero is the same value and must give the same key.
  return fmt::format("{}", number == 0 ? 0.0 : number);
}

void check_names(const Filter& filter, const FilterSpec& spec, const std::string& where) {
  std::vector<std::string_view> names;
  for (const Param& p : filter.params) names.push_back(p.name);
  for (const auto& [name, value] : spec.params) {
    if (std::ranges::find(names, name) != names.end()) continue;
    throw Error(ErrorCode::usage,
                fmt::format("{}unknown parameter {}{}; allowed: {}", where, in_quotes(name),
                            did_you_mean(name, names), fmt::join(names, ", ")),
                "unknown_parameter");
  }
}

[[noreturn]] void not_a(std::string_view name, std::string_view what) {
  throw Error(ErrorCode::bug, fmt::format("filter value \"{}\" is not {}", name, what));
}

}  // namespace

const std::string& Values::text(std::string_view name) const {
  const auto found = values_.find(name);
  if (found == values_.end()) throw Error(ErrorCode::bug, fmt::format("no filter value \"{}\"", name));
  return found->second;
}

double Values::number(std::string_view name) const {
  const auto value = parse_number(text(name));
  if (!value) not_a(name, "a number");
  return *value;
}

std::int64_t Values::integer(std::string_view name) const {
  return std::llround(number(name));
}

bool Values::boolean(std::string_view name) const {
  return text(name) == "true";
}

Color Values::color(std::string_view name) const {
  const auto value = parse_color(text(name));
  if (!value) not_a(name, "a colour");
  return *value;
}

double Values::pixels(std::string_view name, int whole) const {
  if (const auto percent = parse_suffixed(text(name), '%')) return *percent / 100 * whole;
  return number(name);
}

std::int64_t Values::frames(std::string_view name, Rational fps) const {
  if (const auto count = parse_suffixed(text(name), 'f')) return std::llround(*count);
  return std::llround(number(name) * fps.to_double());
}

void Values::set(std::string_view name, std::string value) {
  values_.insert_or_assign(std::string(name), std::move(value));
}

std::span<const Filter* const> all() {
  return kAll;
}

const Filter* find(std::string_view name) {
  const auto found = std::ranges::find(kAll, name, &Filter::name);
  return found == kAll.end() ? nullptr : *found;
}

Context context_after(const Filter& filter, const Values& values, Context context) {
  if (filter.resize != nullptr) filter.resize(values, context);
  context.alpha = context.alpha || filter.makes_alpha;
  return context;
}

Values validate(const Filter& filter, const FilterSpec& spec) {
  const std::string where = fmt::format("{}: filter \"{}\": ", spec.mark.str(), filter.name);
  check_names(filter, spec, where);
  Values values;
  for (const Param& p : filter.params) {
    const auto given = spec.params.find(std::string(p.name));
    if (given == spec.params.end()) {
      if (p.required) {
        throw Error(ErrorCode::usage,
                    fmt::format("{}\"{}\" is missing; {}", where, p.name, allowed_values(p)),
                    "missing_parameter");
      }
      values.set(p.name, std::string(p.default_value));
      continue;
    }
    auto value = canonical(p, given->second);
    if (!value) {
      throw Error(ErrorCode::usage,
                  fmt::format("{}\"{}\" is {}; {}", where, p.name, shown(given->second), allowed_values(p)),
                  "bad_parameter");
    }
    values.set(p.name, std::move(*value));
  }
  return values;
}

}  // namespace avstage::filters
