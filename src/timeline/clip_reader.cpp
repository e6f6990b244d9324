#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "base/suggest.h"
#include "timeline/fields.h"
#include "timeline/message.h"
#include "timeline/readers.h"
#include "timeline/time_expr.h"
#include "timeline/words.h"

namespace avstage {
namespace {

constexpr std::string_view media_words[] = {"file", "image", "color", "text", "avatar", "source"};
constexpr std::string_view fit_words[] = {"contain", "cover", "fill", "none"};
constexpr std::string_view align_words[] = {"left", "center", "right"};
constexpr std::string_view at_words[] = {"top-left", "top",         "top-right", "left",        "center",
                                         "right",    "bottom-left", "bottom",    "bottom-right"};

struct ClipDraft {
  const Context& context;
  Clip clip;
  TextRef text;  ///< gathered key by key; part of the clip when "text" is given
};

MediaRef read_source_name(const Value& value, const Context& context) {
  const std::string& name = value.name("the name of one of the job's sources");
  if (auto source = context.sources.find(name); source != context.sources.end()) return source->second;
  std::vector<std::string_view> names;
  for (const auto& [known, media] : context.sources) names.push_back(known);
  value.refuse(names.empty() ? "a name in \"sources\", which the job does not have" : joined(names),
               suggest(name, names));
}

void read_at(const Value& value, Placement& place) {
  const std::string& word = value.choice(at_words);
  auto index = std::find(std::begin(at_words), std::end(at_words), word) - std::begin(at_words);
  place.at_given = true;
  place.at_x = static_cast<double>(index % 3) / 2;
  place.at_y = static_cast<double>(index / 3) / 2;
}

Fit read_fit(const Value& value) {
  const std::string& word = value.choice(fit_words);
  return static_cast<Fit>(std::find(std::begin(fit_words), std::end(fit_words), word) -
                          std::begin(fit_words));
}

constexpr Field<KeySpec> key_fields[] = {
    {"color",
     [](const Value& v, KeySpec& k) {
       if (!v.is_text("auto")) k.color = read_color(v);
     }},
    {"similarity", [](const Value& v, KeySpec& k) { k.similarity = v.number(0.01, 1); }},
    {"blend", [](const Value& v, KeySpec& k) { k.blend = v.number(0, 1); }},
};

KeySpec read_key(const Value& value) {
  KeySpec key;
  key.mark = value.mark();
  if (value.is(Value::Type::object)) {
    read_fields<KeySpec>(value, "a key", {key_fields}, key);
    if (!value.find("color")) value.refuse_missing("\"color\"", "\"auto\" or a colour such as \"#00ff00\"");
  } else if (value.is(Value::Type::string) && value.node().text.starts_with('#')) {
    key.color = read_color(value);
  } else if (!value.is_text("auto")) {
    value.refuse("\"auto\", a colour such as \"#00ff00\", or { color, similarity, blend }");
  }
  return key;
}

constexpr Field<DuckSpec> duck_fields[] = {
    {"under", [](const Value& v, DuckSpec& d) { d.under = v.name("the id of a clip"); }},
    {"by", [](const Value& v, DuckSpec& d) { d.by = v.number(-60, 0); }},
};

DuckSpec read_duck(const Value& value) {
  DuckSpec duck;
  duck.mark = value.mark();
  read_fields<DuckSpec>(value, "a duck", {duck_fields}, duck);
  if (duck.under.empty())
    value.refuse_missing("\"under\"", "\"under\": the id of the clip that is to be heard");
  return duck;
}

constexpr Field<ClipDraft> media_fields[] = {
    {"file",
     [](const Value& v, ClipDraft& d) { d.clip.media = FileRef{read_input_path(v, d.context.base_dir)}; }},
    {"image",
     [](const Value& v, ClipDraft& d) { d.clip.media = ImageRef{read_input_path(v, d.context.base_dir)}; }},
    {"color", [](const Value& v, ClipDraft& d) { d.clip.media = ColorRef{read_color(v)}; }},
    {"avatar", [](const Value& v, ClipDraft& d) { d.clip.media = read_avatar(v, d.context.base_dir); }},
    {"text", [](const Value& v, ClipDraft& d) { d.text.text = v.prose("a text", max_text); }},
};

constexpr Field<ClipDraft> text_fields[] = {
    {"font", [](const Value& v, ClipDraft& d) { d.text.font = read_input_path(v, d.context.base_dir); }},
    {"font_size", [](const Value& v, ClipDraft& d) { d.text.size = read_length_on_canvas(v, false); }},
    {"font_color", [](const Value& v, ClipDraft& d) { d.text.color = read_color(v); }},
    {"box_color", [](const Value& v, ClipDraft& d) { d.text.box = read_color(v); }},
    {"padding", [](const Value& v, ClipDraft& d) { d.text.padding = read_length_on_canvas(v, true); }},
    {"align", [](const Value& v, ClipDraft& d) { d.text.align = v.choice(align_words); }},
};

constexpr Field<ClipDraft> clip_fields[] = {
    {"source", [](const Value& v, ClipDraft& d) { d.clip.media = read_source_name(v, d.context); }},
    {"id", [](const Value& v, ClipDraft& d) { d.clip.id = v.name("an id"); }},
    {"start", [](const Value& v, ClipDraft& d) { d.clip.start = read_start(v, d.context.fps); }},
    {"in", [](const Value& v, ClipDraft& d) { d.clip.in = read_length(v, d.context.fps); }},
    {"out", [](const Value& v, ClipDraft& d) { d.clip.out = read_length(v, d.context.fps); }},
    {"duration", [](const Value& v, ClipDraft& d) { d.clip.duration = read_duration(v, d.context.fps); }},
    {"at", [](const Value& v, ClipDraft& d) { read_at(v, d.clip.place); }},
    {"margin", [](const Value& v, ClipDraft& d) { d.clip.place.margin = read_length_on_canvas(v, true); }},
    {"width", [](const Value& v, ClipDraft& d) { d.clip.place.width = read_length_on_canvas(v, false); }},
    {"height", [](const Value& v, ClipDraft& d) { d.clip.place.height = read_length_on_canvas(v, false); }},
    {"fit", [](const Value& v, ClipDraft& d) { d.clip.place.fit = read_fit(v); }},
    {"opacity", [](const Value& v, ClipDraft& d) { d.clip.opacity = v.number(0, 1); }},
    {"fade",
     [](const Value& v, ClipDraft& d) { d.clip.fade_in = d.clip.fade_out = read_fade(v, d.context.fps); }},
    {"fade_in", [](const Value& v, ClipDraft& d) { d.clip.fade_in = read_fade(v, d.context.fps); }},
    {"fade_out", [](const Value& v, ClipDraft& d) { d.clip.fade_out = read_fade(v, d.context.fps); }},
    {"volume", [](const Value& v, ClipDraft& d) { d.clip.volume = v.number(0, 16); }},
    {"duck", [](const Value& v, ClipDraft& d) { d.clip.duck = read_duck(v); }},
    {"key", [](const Value& v, ClipDraft& d) { d.clip.key = read_key(v); }},
    {"filters", [](const Value& v, ClipDraft& d) { d.clip.filters = read_filters(v); }},
};

/// `found` beside `other`: one of the two says too much.
[[noreturn]] void refuse_beside(const Value& object, std::string_view found, std::string_view other,
                                const std::string& allowed) {
  fail(object.find(found)->mark(), "value", fmt::format("\"{}\" beside \"{}\"", found, other), allowed);
}

/// Exactly one kind of media, and the keys of a text only with a text. Returns the kind.
std::string_view check_media(const Value& value, Choices kinds) {
  std::string_view kind;
  for (std::string_view word : kinds) {
    if (!value.find(word)) continue;
    if (!kind.empty()) refuse_beside(value, word, kind, "exactly one of " + joined(kinds));
    kind = word;
  }
  if (kind.empty()) value.refuse_missing("media", "exactly one of " + joined(kinds));
  for (const Field<ClipDraft>& field : text_fields) {
    if (kind != "text" && value.find(field.key)) {
      refuse_beside(value, field.key, kind, fmt::format("\"{}\" only with \"text\"", field.key));
    }
  }
  return kind;
}

/// What makes no sense for this kind of media would be ignored: it is refused instead.
void check_fitting_keys(const Value& value, const MediaRef& media, std::string_view kind) {
  bool moving = std::holds_alternative<FileRef>(media) || std::holds_alternative<AvatarRef>(media);
  bool made = std::holds_alternative<ColorRef>(media) || std::holds_alternative<TextRef>(media);
  for (std::string_view key : {"in", "out", "volume", "duck"}) {
    if (!moving && value.find(key)) {
      refuse_beside(value, key, kind, fmt::format("\"{}\" only with a film: file or avatar", key));
    }
  }
  if (made && value.find("key")) refuse_beside(value, "key", kind, "\"key\" only with file, image or avatar");
}

void check_combinations(const Value& value, const Clip& clip) {
  if (clip.in && clip.out && clip.duration) {
    refuse_beside(value, "duration", "in\" and \"out", "at most two of in, out, duration");
  }
  for (std::string_view key : {"fade_in", "fade_out"}) {
    if (value.find("fade") && value.find(key))
      refuse_beside(value, key, "fade", "\"fade\", or fade_in and fade_out");
  }
  bool touches_edge = clip.place.at_x != 0.5 || clip.place.at_y != 0.5;
  if (auto margin = value.find("margin"); margin && !touches_edge) {
    fail(margin->mark(), "value", "\"margin\" of a clip that touches no edge",
         "\"margin\" only with \"at\" an edge or a corner, such as \"bottom-right\"");
  }
}

/// "auto" takes the colour that the job itself asked the vendor for; in scenes and in the vendor's
/// own body the planner looks for it.
void check_key_color(const Clip& clip) {
  if (!clip.key) return;
  const auto* avatar = std::get_if<AvatarRef>(&clip.media);
  if (avatar != nullptr && avatar->transparent == Transparent::require) {
    fail(clip.key->mark, "value", "a key for a clip with \"transparent\": \"require\"",
         "no key: it comes without a background");
  }
  if (clip.key->color || (avatar != nullptr && avatar->transparent == Transparent::prefer)) return;
  bool planner_looks = avatar != nullptr && (!avatar->request.empty() || !avatar->scenes.empty());
  if (planner_looks || (avatar != nullptr && avatar->background)) return;
  fail(clip.key->mark, "value", "\"auto\" where the job asks for no background colour",
       "a colour such as \"#00ff00\", or \"auto\" with an avatar that has a \"background\"");
}

Clip read_clip(const Value& value, const Context& context) {
  ClipDraft draft{context, {}, {}};
  read_fields<ClipDraft>(value, "a clip", {media_fields, text_fields, clip_fields}, draft);
  draft.clip.mark = value.mark();
  std::string_view kind = check_media(value, media_words);
  if (kind == "text") draft.clip.media = draft.text;
  check_fitting_keys(value, draft.clip.media, kind);
  check_combinations(value, draft.clip);
  check_key_color(draft.clip);
  return draft.clip;
}

}  // namespace

std::map<std::string, MediaRef, std::less<>> read_sources(const Value& value, const Context& context) {
  std::map<std::string, MediaRef, std::less<>> sources;
  value.expect_object("an object with a source under each name");
  for (const json_text::Member& member : value.node().members) {
    Value source = value.child(member);
    if (!is_name(member.key)) {
      fail(value.document().key_mark(value.node(), member), "value", "the name " + in_quotes(member.key),
           "a letter or \"_\", then letters, digits, \"_\" and \"-\"");
    }
    ClipDraft draft{context, {}, {}};
    read_fields<ClipDraft>(source, "a source", {media_fields, text_fields}, draft);
    std::string_view kind = check_media(source, Choices(media_words).first(std::size(media_words) - 1));
    sources[member.key] = kind == "text" ? MediaRef(draft.text) : draft.clip.media;
  }
  return sources;
}

std::vector<Clip> read_clips(const Value& list, const Context& context) {
  std::vector<Clip> clips;
  for (const Value& item : list.items("clips", max_clips)) clips.push_back(read_clip(item, context));
  return clips;
}

}  // namespace avstage
