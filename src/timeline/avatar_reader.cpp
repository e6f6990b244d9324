#include <fmt/format.h>

#include <algorithm>
#include <string_view>

#include "base/suggest.h"
#include "timeline/avatar_fields.h"
#include "timeline/message.h"
#include "timeline/readers.h"
#include "timeline/words.h"

namespace avstage {
namespace {

constexpr std::size_t max_title = 200, max_scenes = 50;
constexpr std::string_view identity_words[] = {"id", "photo", "scenes", "template", "request", "video_id"};

/// It becomes part of a URL.
std::string read_url_id(const Value& value, std::string_view what) {
  std::string allowed = fmt::format("a {}: letters, digits, \"_\" and \"-\", at most 200", what);
  const std::string& id = value.text(allowed);
  bool good = !id.empty() && id.size() <= max_identifier && std::all_of(id.begin(), id.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
  });
  if (!good) value.refuse(allowed);
  return id;
}

/// A scene has the words of the avatar around it, and its own instead where it gives any.
void read_scenes(const Value& value, AvatarDraft& draft) {
  for (const Value& item : value.items("scenes", max_scenes)) draft.scenes.push_back(item);
}

Transparent read_transparent(const Value& value) {
  constexpr std::string_view words[] = {"no", "prefer", "require"};
  const std::string& word = value.choice(words);
  return static_cast<Transparent>(std::find(std::begin(words), std::end(words), word) - std::begin(words));
}

constexpr Field<AvatarDraft> avatar_fields[] = {
    {"scenes", read_scenes},
    {"size", [](const Value& v, AvatarDraft& d) { d.avatar.size = read_size(v, 128, 4096); }},
    {"fps", [](const Value& v, AvatarDraft& d) { d.avatar.fps = v.number(1, 120); }},
    {"title", [](const Value& v, AvatarDraft& d) { d.avatar.title = v.line("a title", max_title); }},
    {"callback_id",
     [](const Value& v, AvatarDraft& d) { d.avatar.callback_id = v.line("a callback id", max_identifier); }},
    {"caption", [](const Value& v, AvatarDraft& d) { d.avatar.caption = v.boolean(); }},
    {"test", [](const Value& v, AvatarDraft& d) { d.avatar.test = v.boolean(); }},
    {"transparent", [](const Value& v, AvatarDraft& d) { d.avatar.transparent = read_transparent(v); }},
    {"take",
     [](const Value& v, AvatarDraft& d) { d.avatar.take = static_cast<int>(v.integer(1, 1'000'000)); }},
    {"template",
     [](const Value& v, AvatarDraft& d) { d.avatar.template_id = read_url_id(v, "template id"); }},
    {"variables",
     [](const Value& v, AvatarDraft& d) { d.avatar.variables = read_template_variables(v, d.base_dir); }},
    {"request", [](const Value& v, AvatarDraft& d) { d.avatar.request = read_request(v); }},
    {"video_id", [](const Value& v, AvatarDraft& d) { d.avatar.video_id = read_url_id(v, "video id"); }},
};

/// What the avatar is given by. "id" and "photo" beside "scenes" are their scenes' default.
std::string_view identity(const Value& value) {
  std::string_view found;
  for (std::string_view word : identity_words) {
    if (!value.find(word)) continue;
    bool default_of_scenes = word == "scenes" && (found == "id" || found == "photo");
    if (!found.empty() && !default_of_scenes) {
      fail(value.mark(), "value", fmt::format("both \"{}\" and \"{}\"", found, word),
           "exactly one of " + joined(identity_words));
    }
    found = word;
  }
  if (found.empty()) {
    value.refuse_missing("\"id\"", "exactly one of " + joined(identity_words));
  }
  return found;
}

void check_words_beside(const Value& value, std::string_view given_by,
                        std::initializer_list<std::string_view> allowed) {
  for (const json_text::Member& member : value.node().members) {
    if (member.key == given_by) continue;
    if (std::find(allowed.begin(), allowed.end(), member.key) != allowed.end()) continue;
    fail(value.document().key_mark(value.node(), member), "value",
         fmt::format("{} beside \"{}\"", in_quotes(member.key), given_by),
         fmt::format("only {}; the other words go with \"id\" or \"photo\"",
                     joined(std::vector<std::string_view>(allowed))));
  }
}

/// Each scene is made complete: what stands around the scenes is repeated in them.
void complete_scenes(const Value& value, AvatarDraft& draft) {
  for (std::string_view word : speech_words) {
    if (auto speech = value.find(word)) {
      fail(speech->mark(), "value", fmt::format("\"{}\" beside \"scenes\"", word),
           fmt::format("\"{}\" inside each scene", word));
    }
  }
  for (const Value& item : draft.scenes) {
    AvatarDraft scene{draft.base_dir, draft.avatar, {}};
    read_fields<AvatarDraft>(item, "a scene", {scene_fields()}, scene);
    check_scene(item, scene.avatar);
    draft.avatar.scenes.push_back(scene.avatar);
  }
  static_cast<AvatarScene&>(draft.avatar) = {};
}

/// What would be ignored beside "transparent" is refused instead.
void check_transparent(const Value& value, const AvatarRef& avatar) {
  if (avatar.transparent == Transparent::no) return;
  if (!avatar.scenes.empty()) {
    value.find("transparent")->refuse("\"transparent\" only with one scene: the vendor joins scenes as mp4");
  }
  auto background = value.find("background");
  if (!background) return;
  if (avatar.transparent == Transparent::require) {
    background->refuse("no \"background\" with \"transparent\": \"require\"");
  }
  if (avatar.backdrop) {
    background->refuse("a colour: with \"transparent\": \"prefer\" it is what the fallback stands before");
  }
}

}  // namespace

AvatarRef read_avatar(const Value& value, const std::string& base_dir) {
  AvatarDraft draft{base_dir, {}, {}};
  read_fields<AvatarDraft>(value, "an avatar", {scene_fields(), avatar_fields}, draft);
  draft.avatar.mark = value.mark();
  std::string_view given_by = identity(value);
  if (value.find("variables") && given_by != "template") {
    value.find("variables")->refuse("\"variables\" only with \"template\"");
  }
  if (given_by == "template") {
    check_words_beside(value, given_by,
                       {"variables", "size", "fps", "title", "callback_id", "caption", "test", "take"});
  } else if (given_by == "request" || given_by == "video_id") {
    check_words_beside(value, given_by, {"take"});
  } else if (given_by == "scenes") {
    complete_scenes(value, draft);
  } else {
    check_scene(value, draft.avatar);
  }
  check_transparent(value, draft.avatar);
  return draft.avatar;
}

}  // namespace avstage
