#include "plan/captions.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <optional>

#include "avstage/error.h"
#include "base/utf8.h"

namespace avstage::plan {
namespace {

constexpr std::size_t kMostBytes = std::size_t(4) << 20, kMostCues = 20'000, kMostCharacters = 1000;
constexpr std::size_t kMostBytesAtOnce = 64 << 10;  // with all markup

std::string_view trimmed(std::string_view text) {
  const auto first = text.find_first_not_of(" \t\r");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t\r") - first + 1);
}

std::vector<std::string_view> split(std::string_view text, char by) {
  std::vector<std::string_view> parts;
  for (;;) {
    const auto at = text.find(by);
    parts.push_back(text.substr(0, at));
    if (at == std::string_view::npos) return parts;
    text.remove_prefix(at + 1);
  }
}

std::vector<std::string_view> lines_of(std::string_view text) {
  std::vector<std::string_view> lines = split(text, '\n');
  for (std::string_view& line : lines) {
    if (line.ends_with('\r')) line.remove_suffix(1);
  }
  return lines;
}

std::optional<std::int64_t> whole(std::string_view text) {
  if (text.empty() || text.size() > 9 || text.find_first_not_of("0123456789") != std::string_view::npos)
    return std::nullopt;
  std::int64_t value = 0;
  for (char c : text) value = value * 10 + (c - '0');
  return value;
}

/// "01:02:03,456", "02:03.456", "0:01:02.03".
std::optional<Time> time_of(std::string_view text) {
  text = trimmed(text);
  const auto point = text.find_first_of(",.");
  if (point == std::string_view::npos) return std::nullopt;
  const std::string_view decimals = text.substr(point + 1);
  const auto fraction = whole(decimals);
  if (!fraction || decimals.size() > 6) return std::nullopt;
  Time seconds(0);
  const std::vector<std::string_view> fields = split(text.substr(0, point), ':');
  if (fields.size() > 3) return std::nullopt;
  for (std::string_view field : fields) {
    const auto number = whole(field);
    if (!number || field.size() > 3) return std::nullopt;
    seconds = seconds * Time(60) + Time(*number);
  }
  std::int64_t unit = 1;
  for (std::size_t i = 0; i < decimals.size(); ++i) unit *= 10;
  return seconds + Time(*fraction, unit);
}

bool begins_tag(char next) {
  return std::isalnum(static_cast<unsigned char>(next)) != 0 || next == '/';
}

/// Markup of SubRip and WebVTT: <…> that begins like a tag. What one removal leaves may be a tag again.
std::string without_tags(std::string_view text) {
  std::string out;
  std::vector<std::size_t> open;
  for (char c : text) {
    const bool closes = c == '>' && !open.empty() && open.back() + 1 < out.size();
    if (closes && begins_tag(out[open.back() + 1])) {
      out.resize(open.back());
      open.pop_back();
      continue;
    }
    if (c == '<') open.push_back(out.size());
    out += c;
  }
  return out;
}

/// ASS overrides, which SubRip files borrow: "{\an8}"; a drawing is no text at all.
std::string without_overrides(std::string_view text) {
  std::string out;
  bool drawing = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool begins = text[i] == '{' && i + 1 < text.size() && text[i + 1] == '\\';
    const auto end = begins ? text.find('}', i) : std::string_view::npos;
    if (end == std::string_view::npos) {
      if (!drawing) out += text[i];
      continue;
    }
    const std::string_view inside = text.substr(i, end - i);
    for (auto p = inside.find("\\p"); p != std::string_view::npos; p = inside.find("\\p", p + 1)) {
      const char digit = p + 2 < inside.size() ? inside[p + 2] : ' ';
      if (digit >= '0' && digit <= '9') drawing = digit != '0';
    }
    i = end;
  }
  return out;
}

std::string with_characters(std::string text) {
  constexpr std::array<std::pair<std::string_view, std::string_view>, 6> entities{
      {{"&lt;", "<"}, {"&gt;", ">"}, {"&nbsp;", " "}, {"&lrm;", ""}, {"&rlm;", ""}, {"&amp;", "&"}}};
  for (auto [entity, character] : entities) {
    for (auto at = text.find(entity); at != std::string::npos;
         at = text.find(entity, at + character.size())) {
      text.replace(at, entity.size(), character);
    }
  }
  return text;
}

/// Lines that can be shown: without control characters, empty ones left out.
std::string visible(std::string_view text) {
  std::string out;
  for (std::string_view line : lines_of(text)) {
    std::string clean;
    for (char c : line) {
      const auto byte = static_cast<unsigned char>(c);
      if (byte >= 0x20 && byte != 0x7f) clean += c;
      if (c == '\t') clean += ' ';
    }
    const std::string_view seen = trimmed(clean);
    if (seen.empty()) continue;
    if (!out.empty()) out += '\n';
    out += seen;
  }
  return out;
}

class Reader {
 public:
  Reader(std::string_view text, const std::string& name) : name_(name), text_(text) {}

  Cues read() {
    if (text_.size() > kMostBytes)
      refuse(fmt::format("{} bytes; allowed: at most {}", text_.size(), kMostBytes));
    if (auto at = find_invalid_utf8(text_); at != std::string_view::npos) {
      refuse(fmt::format("no UTF-8 at byte {}; allowed: SubRip, WebVTT or ASS in UTF-8", at));
    }
    if (text_.starts_with("\xEF\xBB\xBF")) text_.remove_prefix(3);
    if (text_.find("[Events]") != std::string_view::npos) {
      read_ass();
    } else {
      read_blocks();
    }
    if (cues_.empty()) refuse("no cue; allowed: SubRip, WebVTT or ASS");
    sort_cues(cues_);
    return std::move(cues_);
  }

 private:
  [[noreturn]] void refuse(const std::string& found) const {
    throw Error(ErrorCode::input, fmt::format("{}: a caption file was expected: found {}", name_, found),
                "captions");
  }

  void require_few(std::string_view words) const {
    if (words.size() <= kMostBytesAtOnce) return;
    refuse(fmt::format("{} bytes at once; allowed: at most {}", words.size(), kMostBytesAtOnce));
  }

  void add(const std::optional<Time>& start, const std::optional<Time>& end, const std::string& words) {
    if (!start || !end || *end <= *start || words.empty()) return;
    if (count_characters(words) > kMostCharacters) {
      refuse(fmt::format("{} characters at once; allowed: at most {}", count_characters(words),
                         kMostCharacters));
    }
    if (cues_.size() == kMostCues) refuse(fmt::format("more than {} cues", kMostCues));
    cues_.push_back({*start, *end, words});
  }

  /// SubRip and WebVTT: a line with an arrow, then the words up to an empty line.
  void read_blocks() {
    const bool vtt = text_.starts_with("WEBVTT");
    const std::vector<std::string_view> lines = lines_of(text_);
    for (std::size_t i = 0; i < lines.size(); ++i) {
      const auto arrow = lines[i].find("-->");
      if (arrow == std::string_view::npos) continue;
      std::string_view after = trimmed(lines[i].substr(arrow + 3));
      after = after.substr(0, after.find_first_of(" \t"));  // WebVTT's settings
      std::string words;
      std::size_t next = i + 1;
      for (; next < lines.size() && !trimmed(lines[next]).empty(); ++next) {
        words.append(lines[next]).append("\n");
      }
      require_few(words);
      words = without_overrides(without_tags(words));
      add(time_of(lines[i].substr(0, arrow)), time_of(after), visible(vtt ? with_characters(words) : words));
      i = next - 1;
    }
  }

  void read_ass() {
    std::size_t start = 1, end = 2, text = 9;  // ASS 4+ without a "Format" line
    for (std::string_view line : lines_of(text_)) {
      if (line.starts_with("[")) in_events_ = line.starts_with("[Events]");
      if (!in_events_) continue;
      if (line.starts_with("Format:")) {
        const std::vector<std::string_view> fields = split(line.substr(7), ',');
        for (std::size_t i = 0; i < fields.size(); ++i) {
          if (trimmed(fields[i]) == "Start") start = i;
          if (trimmed(fields[i]) == "End") end = i;
          if (trimmed(fields[i]) == "Text") text = i;
        }
      }
      if (line.starts_with("Dialogue:")) read_dialogue(line.substr(9), start, end, text);
    }
  }

  void read_dialogue(std::string_view line, std::size_t start, std::size_t end, std::size_t text) {
    std::vector<std::string_view> fields;
    while (fields.size() < text) {
      const auto comma = line.find(',');
      if (comma == std::string_view::npos) return;
      fields.push_back(line.substr(0, comma));
      line.remove_prefix(comma + 1);
    }
    if (start >= fields.size() || end >= fields.size()) return;
    require_few(line);
    std::string words = without_overrides(line);
    for (auto [mark, character] : {std::pair("\\N", "\n"), std::pair("\\n", "\n"), std::pair("\\h", " ")}) {
      for (auto at = words.find(mark); at != std::string::npos; at = words.find(mark, at + 1)) {
        words.replace(at, 2, character);
      }
    }
    add(time_of(fields[start]), time_of(fields[end]), visible(words));
  }

  const std::string& name_;
  std::string_view text_;
  bool in_events_ = false;
  Cues cues_;
};

std::string clock(Time time, char point) {
  const std::int64_t ms = (time * Time(1000)).round();
  return fmt::format("{:02}:{:02}:{:02}{}{:03}", ms / 3'600'000, ms / 60'000 % 60, ms / 1000 % 60, point,
                     ms % 1000);
}

/// SubRip has no escapes: an arrow would be a time, and a tag would be obeyed.
std::string harmless(std::string text) {
  for (auto at = text.find("-->"); at != std::string::npos; at = text.find("-->", at)) text.erase(at, 1);
  for (auto at = text.find('<'); at != std::string::npos; at = text.find('<', at + 1)) {
    const char next = at + 1 < text.size() ? text[at + 1] : ' ';
    if (std::isalpha(static_cast<unsigned char>(next)) != 0 || next == '/') text.insert(at + 1, " ");
  }
  return text;
}

std::string escaped(const std::string& text) {
  std::string out;
  for (char c : text) out += c == '&' ? "&amp;" : c == '<' ? "&lt;" : c == '>' ? "&gt;" : std::string(1, c);
  return out;
}

}  // namespace

Cues parse_captions(std::string_view text, const std::string& name) {
  return Reader(text, name).read();
}

Cues retimed(const Cues& cues, Time in, Time length, Time start) {
  Cues out;
  for (const Cue& cue : cues) {
    const Time from = std::max(cue.start, in), to = std::min(cue.end, in + length);
    if (from < to) out.push_back({from - in + start, to - in + start, cue.text});
  }
  return out;
}

void sort_cues(Cues& cues) {
  std::stable_sort(cues.begin(), cues.end(), [](const Cue& a, const Cue& b) { return a.start < b.start; });
}

std::string to_srt(const Cues& cues) {
  std::string out;
  int number = 0;
  for (const Cue& cue : cues) {
    out += fmt::format("{}\n{} --> {}\n{}\n\n", ++number, clock(cue.start, ','), clock(cue.end, ','),
                       harmless(cue.text));
  }
  return out;
}

std::string to_vtt(const Cues& cues) {
  std::string out = "WEBVTT\n\n";
  for (const Cue& cue : cues) {
    out += fmt::format("{} --> {}\n{}\n\n", clock(cue.start, '.'), clock(cue.end, '.'), escaped(cue.text));
  }
  return out;
}

std::string text_at(const Cues& cues, Time time) {
  auto after =
      std::upper_bound(cues.begin(), cues.end(), time, [](Time t, const Cue& cue) { return t < cue.start; });
  while (after != cues.begin()) {
    --after;
    if (time < after->end) return after->text;
  }
  return "";
}

std::string wrapped(const std::string& text, std::size_t most) {
  std::string out;
  std::size_t length = 0;  // of the last line of `out`
  for (std::string_view line : split(text, '\n')) {
    if (!out.empty()) out += '\n';
    length = 0;
    for (std::string_view word : split(line, ' ')) {
      const std::size_t letters = count_characters(word);
      if (length > 0 && length + 1 + letters > most) {
        out += '\n';
        length = 0;
      } else if (length > 0) {
        out += ' ';
        ++length;
      }
      for (char c : word) {  // a word that is longer than a line is broken anywhere
        const bool begins = (static_cast<unsigned char>(c) & 0xC0) != 0x80;
        if (begins && length == most) {
          out += '\n';
          length = 0;
        }
        out += c;
        length += begins ? 1 : 0;
      }
    }
  }
  return out;
}

}  // namespace avstage::plan
