#include "plan/content_key.h"

#include <fmt/format.h>

#include "filters/filter.h"
#include "plan/resolve.h"

namespace avstage::plan {
namespace {

std::string text_of(const Color& c) {
  return fmt::format("{}{:02x}", c.hex(), c.a);
}
std::string text_of(const Length& l) {
  return fmt::format("{}{}", l.value, l.percent ? "%" : "px");
}
std::string text_of(const std::optional<Length>& l) {
  return l ? text_of(*l) : "-";
}
std::string text_of(const ParamValue& v) {
  return std::visit([&](const auto& x) { return fmt::format("{} {}", v.index(), x); }, v);
}

void add_text(KeyBuilder& key, const TextRef& t) {
  key.add("text", t.text).add("size", text_of(t.size)).add("color", text_of(t.color)).add("align", t.align);
  key.add("box", t.box ? text_of(*t.box) : "-").add("padding", text_of(t.padding));
}

void add_filters(KeyBuilder& key, const Clip& clip) {
  for (const FilterSpec& spec : clip.filters) {
    key.add("filter", spec.name).add("lavfi", spec.lavfi);
    if (const filters::Filter* filter = filters::find(spec.name)) {
      key.add("filter_version", filter->version);
      const filters::Values values = filters::validate(*filter, spec);
      for (const auto& [name, value] : values.all()) key.add(name, value);
    } else {
      for (const auto& [name, value] : spec.params) key.add(name, text_of(value));
    }
  }
}

void add_key(KeyBuilder& key, const PlannedClip& planned) {
  const Clip& clip = planned.clip;
  if (!clip.key) return;
  key.add("key", planned.key_color ? text_of(*planned.key_color) : "-");
  key.add("similarity", clip.key->similarity ? fmt::format("{}", *clip.key->similarity) : "-");
  key.add("blend", clip.key->blend ? fmt::format("{}", *clip.key->blend) : "-");
  if (const filters::Filter* filter = filters::find("chroma_key")) key.add("key_version", filter->version);
}

void add_placement(KeyBuilder& key, const Placement& p) {
  key.add("at", fmt::format("{} {} {}", p.at_given, p.at_x, p.at_y)).add("margin", text_of(p.margin));
  key.add("width", text_of(p.width)).add("height", text_of(p.height));
  key.add("fit", p.fit ? static_cast<int>(*p.fit) : -1);
}

void add_layer(KeyBuilder& key, const Plan& plan, const Facts& facts, const Timing& timing, const Span& span,
               const Layer& layer) {
  const PlannedClip& planned = plan.clips[layer.clip];
  const Clip& clip = planned.clip;
  const Position& position = timing.clips[layer.clip];
  key.add("layer", facts[layer.clip] ? facts[layer.clip]->identity : "");
  if (const auto* color = std::get_if<ColorRef>(&clip.media)) key.add("color", text_of(color->color));
  if (const auto* text = std::get_if<TextRef>(&clip.media)) add_text(key, *text);
  if (const auto* captions = std::get_if<CaptionsRef>(&clip.media)) add_text(key, captions->look);
  if (!is_still(clip)) key.add("source_time", source_time(position, layer.first, plan.job.canvas.fps));
  FadeFrames fades = active_fades(plan, position, layer.clip, layer.first, span.frames);
  if (fades.in > 0) key.add("fade_in", fades.in).add("fade_in_at", layer.first);
  if (fades.out > 0) key.add("fade_out", fades.out).add("to_end", position.count.known - layer.first);
  // A clip that fades anywhere is composed with alpha everywhere.
  key.add("fades", clip.fade_in || clip.fade_out ? 1 : 0);
  // Filters without clip time look the same wherever the clip begins and ends.
  if (has_timed_filter(clip)) key.add("clip_frames", position.count.known).add("clip_first", layer.first);
  key.add("opacity", fmt::format("{}", clip.opacity));
  add_placement(key, clip.place);
  add_key(key, planned);
  add_filters(key, clip);
}

}  // namespace

KeyBuilder& KeyBuilder::add(std::string_view name, std::string_view value) {
  hash_.update(fmt::format("{}:{}:", name.size(), value.size()));
  hash_.update(name);
  hash_.update(value);
  return *this;
}

std::string segment_key(const Plan& plan, const Facts& facts, const Timing& timing,
                        const std::vector<Span>& spans, const std::vector<std::int64_t>& groups,
                        const Canvas& canvas, const OutputSpec& output, const std::string& beside,
                        const std::string& toolchain) {
  KeyBuilder key("avstage segment 2");
  key.add("toolchain", toolchain).add("fps", canvas.fps).add("background", text_of(canvas.background));
  key.add("canvas", fmt::format("{}x{} {}", canvas.width, canvas.height, canvas.unit));
  auto size = output.size.value_or(std::pair(plan.job.canvas.width, plan.job.canvas.height));
  key.add("size", fmt::format("{}x{}", size.first, size.second)).add("codec", output.codec);
  key.add("preset", output.preset).add("crf", output.crf ? fmt::format("{}", *output.crf) : "-");
  key.add("bitrate", output.bitrate.value_or(0));
  if (!beside.empty()) key.add("beside", beside).add("last_key_seconds", 1);
  if (!output.rendition.empty()) {
    key.add("media_segment", output.media_segment);
    for (std::int64_t first : groups) key.add("group", first);
  }
  for (const Span& span : spans) {
    key.add("span", span.frames);
    for (const Layer& layer : span.layers) add_layer(key, plan, facts, timing, span, layer);
  }
  return key.hex();
}

std::string copy_key(const Plan& plan, const Facts& facts, const Copy& copy, const std::string& toolchain) {
  KeyBuilder key("avstage copy 1");
  key.add("toolchain", toolchain).add("fps", plan.job.canvas.fps);
  key.add("source", facts[copy.clip]->identity).add("first", copy.first).add("frames", copy.frames);
  return key.hex();
}

void add_audio(KeyBuilder& key, const Plan& plan, const Facts& facts, const Timing& timing, int clip) {
  const Clip& c = plan.clips[clip].clip;
  const Position& p = timing.clips[clip];
  FadeFrames fades = active_fades(plan, p, clip, 0, p.count.known);
  key.add("audio", facts[clip] ? facts[clip]->identity : "").add("start", p.start.known);
  key.add("frames", p.count.known).add("in", p.in).add("volume", fmt::format("{}", c.volume));
  key.add("fade_in", fades.in).add("fade_out", fades.out);
  if (!c.duck) return;
  // What is heard of the other clip is in the key as a part of its own; here is which of them it is.
  for (std::size_t i = 0; i < plan.clips.size(); ++i) {
    if (plan.clips[i].clip.id == c.duck->under) key.add("duck_under", static_cast<std::int64_t>(i));
  }
  key.add("duck_by", fmt::format("{}", c.duck->by)).add("duck_version", 2);
}

void add_loudness(KeyBuilder& key, const OutputSpec& output) {
  if (!output.loudness) return;
  key.add("loudness", fmt::format("{}", output.loudness->target));
  key.add("true_peak", fmt::format("{}", output.loudness->true_peak)).add("loudness_version", 1);
}

}  // namespace avstage::plan
