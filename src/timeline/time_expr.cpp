#include "timeline/time_expr.h"

#include <fmt/format.h>

#include <vector>

#include "base/suggest.h"
#include "timeline/message.h"

namespace avstage {
namespace {

constexpr std::int64_t max_seconds = 360'000;  // 100 hours
constexpr std::int64_t max_deadline = 86'400;
constexpr std::size_t max_decimals = 6;  // keeps every sum and product of times and rates far inside 64 bits
constexpr auto npos = std::string_view::npos;

std::vector<std::string_view> split(std::string_view text, char by) {
  std::vector<std::string_view> parts;
  for (std::size_t at = text.find(by); at != npos; at = text.find(by)) {
    parts.push_back(text.substr(0, at));
    text.remove_prefix(at + 1);
  }
  parts.push_back(text);
  return parts;
}

std::optional<Rational> unsigned_decimal(std::string_view text) {
  std::size_t point = text.find('.');
  if (text.substr(0, 1) == "-" || (point != npos && text.size() - point - 1 > max_decimals))
    return std::nullopt;
  return parse_decimal(text);
}

std::optional<std::int64_t> whole(std::string_view text) {
  auto value = unsigned_decimal(text);
  if (!value || text.find('.') != npos) return std::nullopt;
  return value->num;
}

/// One or two digits, two after another field, and less than `limit`.
std::optional<std::int64_t> clock_field(std::string_view text, bool first, std::int64_t limit) {
  auto value = whole(text);
  bool width = first ? text.size() <= 2 : text.size() == 2;
  if (!value || !width || *value >= limit) return std::nullopt;
  return value;
}

/// "1:02.5" and "01:02:03.25"; the last field may have decimals.
std::optional<Rational> clock_time(const std::vector<std::string_view>& parts) {
  std::string_view last = parts.back();
  auto seconds = unsigned_decimal(last);
  bool two_digits = last.substr(0, last.find('.')).size() == 2;
  if (!seconds || !two_digits || *seconds >= Rational(60)) return std::nullopt;
  std::int64_t minutes = 0;
  for (std::size_t i = 0; i + 1 < parts.size(); ++i) {
    auto field = clock_field(parts[i], i == 0, i == 0 ? 100 : 60);
    if (!field) return std::nullopt;
    minutes = minutes * 60 + *field;
  }
  return Rational(minutes * 60) + *seconds;
}

std::optional<TimeValue> timecode(const std::vector<std::string_view>& parts, Rational fps) {
  std::int64_t rate = fps.ceil();
  auto hours = clock_field(parts[0], true, 100), minutes = clock_field(parts[1], false, 60),
       seconds = clock_field(parts[2], false, 60), frames = whole(parts[3]);
  bool width = parts[3].size() == 2 || (rate > 100 && parts[3].size() == 3);
  if (!hours || !minutes || !seconds || !frames || !width || *frames >= rate) return std::nullopt;
  return TimeValue{Rational(0), (*hours * 3600 + *minutes * 60 + *seconds) * rate + *frames};
}

TimeExpr constant(TimeExpr::Kind kind) {
  TimeExpr expr;
  expr.kind = kind;
  return expr;
}

/// "", "+1" or "-0.5" after an anchor or "end".
bool read_offset(std::string_view text, Rational fps, TimeExpr& expr) {
  if (text.empty()) return true;
  if (text[0] != '+' && text[0] != '-') return false;
  auto offset = parse_time_value(text.substr(1), fps);
  if (!offset) return false;
  bool negative = text[0] == '-';
  expr.offset = negative ? TimeValue{-offset->seconds, -offset->frames} : *offset;
  return true;
}

std::optional<TimeExpr> anchor(std::string_view text, Rational fps) {
  TimeExpr expr = constant(TimeExpr::Kind::anchor);
  std::size_t point = text.find('.');
  if (point == npos || !is_name(text.substr(0, point))) return std::nullopt;
  expr.clip = text.substr(0, point);
  std::string_view rest = text.substr(point + 1);
  if (rest.starts_with("start")) {
    rest.remove_prefix(5);
  } else if (rest.starts_with("end")) {
    expr.edge = TimeExpr::Edge::end;
    rest.remove_prefix(3);
  } else {
    return std::nullopt;
  }
  if (!read_offset(rest, fps, expr)) return std::nullopt;
  return expr;
}

std::string time_words(Rational fps) {
  return fmt::format(
      "seconds such as 12.5 (at most {} decimals), \"1:02.5\", a timecode such as \"00:00:10:12\" "
      "(frames below {}), \"125f\"; at most 100 hours",
      max_decimals, fps.ceil());
}

/// A number or a string as text; refuses everything else, and exponents, which are never exact here.
const std::string& time_text(const Value& value, const std::string& allowed) {
  if (!value.is(Value::Type::number) && !value.is(Value::Type::string)) value.refuse(allowed);
  return value.node().text;
}

/// Why a text is no time, where that can be said in a few words; else "".
std::string clock_fault(const std::vector<std::string_view>& parts, Rational fps) {
  const bool has_frames = parts.size() == 4;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    std::string_view part = parts[i], whole_part = part.substr(0, part.find('.'));
    const bool is_frames = has_frames && i == 3;
    auto value = unsigned_decimal(part);
    if (!value) return fmt::format("{} is no number", in_quotes(part));
    if (is_frames && *value >= Rational(fps.ceil()))
      return fmt::format("frames in a timecode end at {}", fps.ceil() - 1);
    const bool seconds = i == (has_frames ? 2 : parts.size() - 1);
    if (i > 0 && !is_frames && *value >= Rational(60))
      return fmt::format("{} after a \":\" end at 59", seconds ? "seconds" : "minutes");
    if (i > 0 && whole_part.size() != 2 && !is_frames)
      return fmt::format("two digits stand after a \":\", not {}", in_quotes(part));
  }
  return parts.size() > 4 ? "a timecode has four fields" : "";
}

std::string time_fault(std::string_view text, Rational fps) {
  if (text.find_first_of(" \t") != npos) return "a time has no blanks";
  if (text.starts_with('-')) return "no time is negative";
  if (text.find(',') != npos) return "decimals stand after a point";
  if (text.starts_with('@')) {
    std::size_t point = text.find('.');
    if (point == npos) return "after the id stands \".start\" or \".end\"";
    if (!is_name(text.substr(1, point - 1))) return in_quotes(text.substr(1, point - 1)) + " is no id";
    std::string_view edge = text.substr(point + 1);
    if (!edge.starts_with("start") && !edge.starts_with("end")) return "a clip has \".start\" and \".end\"";
    edge.remove_prefix(edge.starts_with("start") ? 5 : 3);
    if (!edge.starts_with('+') && !edge.starts_with('-')) return "an offset begins with \"+\" or \"-\"";
    return time_fault(edge.substr(1), fps);
  }
  if (text.find(':') != npos) return clock_fault(split(text, ':'), fps);
  for (std::string_view unit : {"frames", "ms", "sec", "s", "m", "h"}) {
    if (!text.ends_with(unit) || !unsigned_decimal(text.substr(0, text.size() - unit.size()))) continue;
    return fmt::format("without \"{}\": {}", unit,
                       unit == "frames" ? "frames are written \"125f\""
                       : unit == "ms"   ? "a time is seconds, such as 0.25"
                       : unit == "m"    ? "minutes are written \"40:00\""
                       : unit == "h"    ? "hours are written \"1:00:00\""
                                        : "a number is seconds");
  }
  return "";
}

/// The fault beside what was found, if there is a word for it.
[[noreturn]] void refuse_time(const Value& value, Rational fps, const std::string& allowed) {
  const std::string& text = value.node().text;
  std::string fault = parse_time_expr(text, fps) ? "" : time_fault(text, fps);
  fail(value.mark(), "value", fault.empty() ? value.found() : fmt::format("{} ({})", value.found(), fault),
       allowed);
}

TimeExpr read_expr(const Value& value, Rational fps, const std::string& allowed,
                   std::initializer_list<TimeExpr::Kind> kinds) {
  auto expr = parse_time_expr(time_text(value, allowed), fps);
  bool fits = false;
  for (TimeExpr::Kind kind : kinds) fits = fits || (expr && expr->kind == kind);
  if (!fits) refuse_time(value, fps, allowed);
  expr->mark = value.mark();
  return *expr;
}

}  // namespace

std::optional<TimeValue> parse_time_value(std::string_view text, Rational fps) {
  if (text.ends_with('f')) {
    auto frames = whole(text.substr(0, text.size() - 1));
    if (!frames || Rational(*frames) / fps > Rational(max_seconds)) return std::nullopt;
    return TimeValue{Rational(0), *frames};
  }
  std::vector<std::string_view> parts = split(text, ':');
  if (parts.size() == 4) return timecode(parts, fps);
  std::optional<Rational> seconds = parts.size() == 1 ? unsigned_decimal(text) : clock_time(parts);
  if (parts.size() > 4 || !seconds || *seconds > Rational(max_seconds)) return std::nullopt;
  return TimeValue{*seconds, 0};
}

std::optional<TimeExpr> parse_time_expr(std::string_view text, Rational fps) {
  if (text == "auto") return constant(TimeExpr::Kind::automatic);
  if (text.starts_with('@')) return anchor(text.substr(1), fps);
  if (text.starts_with("end")) {
    TimeExpr expr = constant(TimeExpr::Kind::end);
    if (!read_offset(text.substr(3), fps, expr)) return std::nullopt;
    return expr;
  }
  auto value = parse_time_value(text, fps);
  if (!value) return std::nullopt;
  TimeExpr expr;
  expr.offset = *value;
  return expr;
}

std::optional<Rational> parse_duration(std::string_view text) {
  std::int64_t unit = text.ends_with('h') ? 3600 : text.ends_with('m') ? 60 : 1;
  if (unit > 1 || text.ends_with('s')) text.remove_suffix(1);
  auto value = unsigned_decimal(text);
  if (!value) return std::nullopt;
  return *value * Rational(unit);
}

TimeExpr read_start(const Value& value, Rational fps) {
  using Kind = TimeExpr::Kind;
  TimeExpr expr =
      read_expr(value, fps, "\"@id.start+1\", \"@id.end-0.5\", \"end-2\" or a time: " + time_words(fps),
                {Kind::value, Kind::anchor, Kind::end});
  if (expr.kind == Kind::end && to_seconds(expr.offset, fps) >= Rational(0)) {
    value.refuse("a start before the end of the programme, such as \"end-2\"");
  }
  return expr;
}

TimeExpr read_length(const Value& value, Rational fps) {
  return read_expr(value, fps, "a time in the media: " + time_words(fps), {TimeExpr::Kind::value});
}

TimeExpr read_duration(const Value& value, Rational fps) {
  using Kind = TimeExpr::Kind;
  TimeExpr expr =
      read_expr(value, fps,
                "\"auto\", until \"end\" or \"end-2\", until \"@id.end\" or \"@id.start-0.5\", or a length "
                "above 0: " +
                    time_words(fps),
                {Kind::value, Kind::anchor, Kind::end, Kind::automatic});
  Rational offset = to_seconds(expr.offset, fps);
  if (expr.kind == Kind::value && offset <= Rational(0)) value.refuse("a length above 0");
  if (expr.kind == Kind::end && offset > Rational(0))
    value.refuse("\"end\", or before it, such as \"end-2\"");
  return expr;
}

TimeValue read_fade(const Value& value, Rational fps) {
  return read_expr(value, fps, "a length: " + time_words(fps), {TimeExpr::Kind::value}).offset;
}

Rational read_deadline(const Value& value) {
  std::string allowed = "seconds, or a length such as \"90s\", \"40m\" or \"1h\"; above 0, at most 24 hours";
  auto deadline = parse_duration(time_text(value, allowed));
  if (!deadline || *deadline <= Rational(0) || *deadline > Rational(max_deadline)) value.refuse(allowed);
  return *deadline;
}

Rational to_seconds(const TimeValue& value, Rational fps) {
  return value.seconds + Rational(value.frames) / fps;
}

}  // namespace avstage
