#include <fmt/format.h>

#include <algorithm>
#include <string_view>

#include "base/suggest.h"
#include "timeline/fields.h"
#include "timeline/message.h"
#include "timeline/readers.h"
#include "timeline/words.h"

namespace avstage {
namespace {

constexpr std::size_t max_identifier = 200, max_text = 10'000, max_title = 200;
constexpr std::string_view style_words[] = {"normal", "closeUp", "circle"};
constexpr std::string_view emotion_words[] = {"Excited", "Friendly", "Serious", "Soothing", "Broadcaster"};
constexpr std::string_view identity_words[] = {"id", "request", "video_id"};

/// It becomes part of a URL.
std::string read_video_id(const Value& value) {
  std::string allowed = "a video id: letters, digits, \"_\" and \"-\", at most 200";
  const std::string& id = value.text(allowed);
  bool good = !id.empty() && id.size() <= max_identifier && std::all_of(id.begin(), id.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
  });
  if (!good) value.refuse(allowed);
  return id;
}

std::string read_locale(const Value& value) {
  std::string allowed = "a locale such as \"en-US\"";
  const std::string& text = value.text(allowed);
  bool letters =
      text.size() >= 2 && text.size() <= 20 && std::all_of(text.begin(), text.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-';
      });
  if (!letters || text.front() == '-' || text.back() == '-') value.refuse(allowed);
  return text;
}

std::pair<double, double> read_offset(const Value& value) {
  bool pair = value.is(Value::Type::array) && value.node().members.size() == 2;
  if (!pair) value.refuse("[x, y], as fractions of the canvas");
  std::vector<Value> items = value.items("fractions", 2);
  return {items[0].number(-10, 10), items[1].number(-10, 10)};
}

constexpr Field<AvatarRef> avatar_fields[] = {
    {"id", [](const Value& v, AvatarRef& a) { a.avatar_id = v.line("an avatar id", max_identifier); }},
    {"voice", [](const Value& v, AvatarRef& a) { a.voice_id = v.line("a voice id", max_identifier); }},
    {"say", [](const Value& v, AvatarRef& a) { a.say = v.prose("the words to say", max_text); }},
    {"style", [](const Value& v, AvatarRef& a) { a.style = v.choice(style_words); }},
    {"speed", [](const Value& v, AvatarRef& a) { a.speed = v.number(0.5, 1.5); }},
    {"pitch", [](const Value& v, AvatarRef& a) { a.pitch = static_cast<int>(v.integer(-50, 50)); }},
    {"emotion", [](const Value& v, AvatarRef& a) { a.emotion = v.choice(emotion_words); }},
    {"locale", [](const Value& v, AvatarRef& a) { a.locale = read_locale(v); }},
    {"scale", [](const Value& v, AvatarRef& a) { a.scale = v.number(0.01, 5); }},
    {"offset", [](const Value& v, AvatarRef& a) { a.offset = read_offset(v); }},
    {"background", [](const Value& v, AvatarRef& a) { a.background = read_color(v); }},
    {"size", [](const Value& v, AvatarRef& a) { a.size = read_size(v, 128, 4096); }},
    {"fps", [](const Value& v, AvatarRef& a) { a.fps = v.number(1, 120); }},
    {"title", [](const Value& v, AvatarRef& a) { a.title = v.line("a title", max_title); }},
    {"test", [](const Value& v, AvatarRef& a) { a.test = v.boolean(); }},
    {"take", [](const Value& v, AvatarRef& a) { a.take = static_cast<int>(v.integer(1, 1'000'000)); }},
    {"request", [](const Value& v, AvatarRef& a) { a.request = read_request(v); }},
    {"video_id", [](const Value& v, AvatarRef& a) { a.video_id = read_video_id(v); }},
};

/// The one of id, request and video_id that the avatar is given by.
std::string_view identity(const Value& value) {
  std::string_view found;
  for (std::string_view word : identity_words) {
    if (!value.find(word)) continue;
    if (!found.empty()) {
      fail(value.mark(), "value", fmt::format("both \"{}\" and \"{}\"", found, word),
           "exactly one of " + joined(identity_words));
    }
    found = word;
  }
  if (found.empty()) {
    value.refuse_missing("\"id\"",
                         "exactly one of \"id\" (with voice and say), \"request\" and \"video_id\"");
  }
  return found;
}

void check_words_beside(const Value& value, std::string_view given_by) {
  for (const json_text::Member& member : value.node().members) {
    if (member.key == given_by || member.key == "take") continue;
    fail(value.document().key_mark(value.node(), member), "value",
         fmt::format("{} beside \"{}\"", in_quotes(member.key), given_by),
         fmt::format("only \"{}\" and \"take\"; the other words go with \"id\"", given_by));
  }
}

}  // namespace

AvatarRef read_avatar(const Value& value) {
  AvatarRef avatar;
  read_fields<AvatarRef>(value, "an avatar", {avatar_fields}, avatar);
  avatar.mark = value.mark();
  std::string_view given_by = identity(value);
  if (given_by != "id") {
    check_words_beside(value, given_by);
  } else if (!value.find("voice")) {
    value.refuse_missing("\"voice\"", "a voice id under \"voice\", with \"id\" and \"say\"");
  } else if (!value.find("say")) {
    value.refuse_missing("\"say\"", "the words to speak under \"say\", with \"id\" and \"voice\"");
  }
  return avatar;
}

}  // namespace avstage
