#include "timeline/fields.h"
#include "timeline/message.h"
#include "timeline/readers.h"
#include "timeline/words.h"

namespace avstage {
namespace {

constexpr std::string_view sidecar_words[] = {"srt", "vtt"};
constexpr std::string_view look_words[] = {"font", "font_size", "font_color", "box_color", "padding"};

struct CaptionsDraft {
  const Context& context;
  CaptionsRef captions;
};

void read_sidecars(const Value& value, CaptionsDraft& draft) {
  for (const Value& item : value.items("endings", std::size(sidecar_words))) {
    draft.captions.sidecar.push_back(item.choice(sidecar_words));
  }
}

constexpr Field<CaptionsDraft> captions_fields[] = {
    {"from", [](const Value& v, CaptionsDraft& d) { d.captions.from = v.name("the id of an avatar clip"); }},
    {"burn", [](const Value& v, CaptionsDraft& d) { d.captions.burn = v.boolean(); }},
    {"sidecar", read_sidecars},
    {"font",
     [](const Value& v, CaptionsDraft& d) { d.captions.look.font = read_input_path(v, d.context.base_dir); }},
    {"font_size",
     [](const Value& v, CaptionsDraft& d) { d.captions.look.size = read_length_on_canvas(v, false); }},
    {"font_color", [](const Value& v, CaptionsDraft& d) { d.captions.look.color = read_color(v); }},
    {"box_color", [](const Value& v, CaptionsDraft& d) { d.captions.look.box = read_color(v); }},
    {"padding",
     [](const Value& v, CaptionsDraft& d) { d.captions.look.padding = read_length_on_canvas(v, true); }},
};

/// White on a dark, half transparent box.
TextRef usual_look() {
  TextRef look;
  look.size = {5.5, true};
  look.box = Color{0, 0, 0, 160};
  look.align = "center";
  return look;
}

}  // namespace

Clip read_captions(const Value& value, const Context& context) {
  CaptionsDraft draft{context, {}};
  draft.captions.look = usual_look();
  read_fields<CaptionsDraft>(value, "captions", {captions_fields}, draft);
  if (draft.captions.from.empty())
    value.refuse_missing("\"from\"", "the id of an avatar clip under \"from\"");
  if (!draft.captions.burn && draft.captions.sidecar.empty()) {
    value.refuse_missing("\"burn\" and \"sidecar\"",
                         "at least one of \"burn\": true, \"sidecar\": [ \"srt\", \"vtt\" ]");
  }
  for (std::string_view word : look_words) {
    if (!draft.captions.burn && value.find(word)) value.find(word)->refuse("only with \"burn\": true");
  }
  Clip clip;
  clip.mark = value.mark();
  clip.start = TimeExpr{TimeExpr::Kind::anchor, draft.captions.from, TimeExpr::Edge::start, {}, clip.mark};
  clip.opacity = draft.captions.burn ? 1 : 0;  // what is only written is no layer
  clip.place.at_given = true;
  clip.place.at_y = 1;
  clip.place.margin = {6, true};
  clip.media = draft.captions;
  return clip;
}

}  // namespace avstage
