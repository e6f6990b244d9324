#include <fmt/format.h>
#include <fmt/ranges.h>

#include <nlohmann/json.hpp>

#include "avstage/avstage.h"
#include "plan/media_cuts.h"
#include "plan/overlaps.h"
#include "run/clips/budget.h"
#include "run/clips/transparency.h"
#include "run/deliver/hls.h"
#include "run/deliver/manifest.h"
#include "run/production.h"

/// `avstage plan`: the values of the flow, printed.
namespace avstage {
namespace {

using nlohmann::ordered_json;
using run::Production;

std::string purchase_state(Production& p, const plan::Purchase& purchase) {
  if (p.facts[purchase.clips.front()]) return "in the archive, nothing to buy";
  if (!purchase.avatar.video_id.empty()) return "exists, nothing to buy";
  const bool fallback = run::fallback_is_under_way(p.session, purchase);
  const std::string& key = fallback ? purchase.fallback_key : purchase.clip_key;
  auto entry = p.session.ledger().find(p.session.realm(), key);
  if (!entry) return "will be bought";
  switch (entry->state) {
    case ledger::State::submitted:
    case ledger::State::completed:
      return "bought already (video " + entry->video_id + "), will be fetched";
    case ledger::State::intent:
    case ledger::State::rejected:
      return "will be bought";
    case ledger::State::submitting:
    case ledger::State::ambiguous:
      return "perhaps bought: will be looked for";
    case ledger::State::failed:
      return "failed by the vendor: " + entry->error;
  }
  return "";
}

std::string readiness(const Production& p, const plan::Segment& segment) {
  if (segment.waits_for.empty()) return "can be rendered now";
  std::vector<std::string> waits;
  for (int purchase : segment.waits_for)
    waits.push_back(p.plan.clips[p.plan.purchases[purchase].clips.front()].label);
  return fmt::format("waits for {}", fmt::join(waits, ", "));
}

/// The clips that a time hangs on: those that are not bought yet, or the programme's end.
std::string names_of(const Production& p, const plan::Frames& time) {
  std::vector<std::string> names;
  for (const auto& [clip, times] : time.unknown)
    names.push_back(clip == plan::kProgrammeEnd ? "the programme's end" : p.plan.clips[clip].label);
  return fmt::format("{}", fmt::join(names, ", "));
}

/// The clips whose place or length is not known yet, and why.
ordered_json waiting_json(const Production& p) {
  ordered_json list = ordered_json::array();
  for (std::size_t i = 0; i < p.plan.clips.size(); ++i) {
    const plan::Position& at = p.render.timing.clips[i];
    if (at.start.is_known() && at.count.is_known()) continue;
    const std::string& label = p.plan.clips[i].label;
    const bool itself = at.count.unknown.contains(static_cast<int>(i));
    std::string why;
    if (!at.start.is_known()) why = "its place waits for " + names_of(p, at.start);
    if (itself) {
      why += (why.empty() ? "" : ", and it ") + std::string("lasts as long as the clip that is bought");
    } else if (!at.count.is_known()) {
      why += (why.empty() ? "" : "; ") + std::string("its length waits for ") + names_of(p, at.count);
    }
    list.push_back({{"clip", label}, {"why", why}});
  }
  return list;
}

ordered_json span_json(const Production& p, const plan::Span& span) {
  ordered_json layers = ordered_json::array();
  for (const plan::Layer& l : span.layers)
    layers.push_back({{"clip", p.plan.clips[l.clip].label}, {"first", l.first}});
  return {{"start", span.start.str()}, {"frames", span.frames}, {"layers", layers}};
}

ordered_json segment_json(const Production& p, const plan::Segment& segment) {
  ordered_json j{{"frames", segment.frames}, {"state", readiness(p, segment)}, {"keys", segment.keys}};
  if (segment.copy) j["copied"] = segment.copied;
  if (segment.at) j["at"] = *segment.at;
  for (const plan::Span& span : segment.spans) j["spans"].push_back(span_json(p, span));
  return j;
}

std::string output_state(Production& p, int output) {
  const std::string& path = p.job.outputs[output].path;
  if (p.render.complete && run::up_to_date(p.session, path, run::deliverable_key(p.job, p.render, output)))
    return "up to date";
  return "will be rendered";
}

/// What `render` would refuse it for; "" where it would not.
std::string output_fault(Production& p, int output) {
  try {
    run::check_output(p.session, p.job, p.render, static_cast<std::size_t>(output));
    return "";
  } catch (const Error& e) {
    return e.message();
  }
}

/// What an output copies, and why it does not copy the rest.
ordered_json copy_json(const Production& p, const plan::CompositionPlan& composition, std::size_t k) {
  const plan::CopyChoice& choice = composition.copy;
  std::int64_t frames = 0;
  for (const plan::Segment& s : composition.segments) {
    if (s.copy && (s.copied.empty() ? choice.takes(k) : s.copied[k])) frames += s.frames;
  }
  ordered_json j{{"frames", frames}};
  if (k < choice.why_not_output.size() && !choice.why_not_output[k].empty()) {
    j["why_not"] = choice.why_not_output[k];
    return j;
  }
  j["clips"] = ordered_json::array();
  for (std::size_t i = 0; i < choice.why_not_clip.size(); ++i) {
    if (!std::holds_alternative<FileRef>(p.plan.clips[i].clip.media) || !p.facts[i]->media.video) continue;
    ordered_json clip{{"clip", p.plan.clips[i].label}};
    if (!choice.why_not_clip[i].empty()) clip["why_not"] = choice.why_not_clip[i];
    j["clips"].push_back(clip);
  }
  return j;
}

void add_rendition(ordered_json& j, const Production& p, std::size_t composition, const OutputSpec& o) {
  j["rendition"] = o.rendition;
  if (!p.render.complete) return;
  const std::vector<plan::Segment>& segments = p.render.compositions[composition].segments;
  j["media_segments"] = plan::media_segments(segments, o.media_segment, p.job.canvas.fps).size() - 1;
}

ordered_json composition_json(Production& p, std::size_t index) {
  const plan::Composition& c = p.plan.compositions[index];
  ordered_json j{{"canvas", fmt::format("{}x{}", c.canvas.width, c.canvas.height)},
                 {"fps", c.canvas.fps.str()}};
  for (std::size_t k = 0; k < c.outputs.size(); ++k) {
    const int output = c.outputs[k];
    const OutputSpec& o = p.job.outputs[output];
    auto size = o.size.value_or(std::pair(p.job.canvas.width, p.job.canvas.height));
    j["outputs"].push_back({{"path", o.path},
                            {"size", fmt::format("{}x{}", size.first, size.second)},
                            {"codec", o.codec},
                            {"preset", o.preset},
                            {"audio", o.audio.codec},
                            {"state", output_state(p, output)},
                            {"copy", copy_json(p, p.render.compositions[index], k)}});
    if (o.loudness) {
      j["outputs"].back()["loudness"] = {{"target", o.loudness->target},
                                         {"true_peak", o.loudness->true_peak}};
    }
    if (std::string fault = output_fault(p, output); !fault.empty()) {
      j["outputs"].back()["state"] = "refused";
      j["outputs"].back()["refused"] = fault;
    }
    if (!o.rendition.empty()) add_rendition(j["outputs"].back(), p, index, o);
  }
  j["segments"] = ordered_json::array();
  for (const plan::Segment& s : p.render.compositions[index].segments)
    j["segments"].push_back(segment_json(p, s));
  return j;
}

ordered_json estimate_json(const run::Estimate& e) {
  return {{"seconds", e.seconds}, {"credits", e.credits}, {"at_least", e.at_least}, {"text", e.str()}};
}

ordered_json describe(const Job& job, const Settings& settings) {
  run::Session session(settings, job.heygen);
  Production p(job, session, [](const Event&) {}, {});
  p.facts = run::gather_facts(session, p.plan, p.media, p.inputs);
  p.resolve();
  ordered_json j{{"avstage", AVSTAGE_VERSION}, {"realm", session.realm()}, {"complete", p.render.complete}};
  if (p.render.complete) {
    j["frames"] = p.render.frames;
    j["seconds"] = (Rational(p.render.frames) / job.canvas.fps).to_double();
  }
  j["purchases"] = ordered_json::array();
  const run::Prices prices = run::load_prices();
  for (const plan::Purchase& purchase : p.plan.purchases) {
    const Mark& mark = purchase.avatar.mark;
    j["purchases"].push_back({{"clip", p.plan.clips[purchase.clips.front()].label},
                              {"clip_key", purchase.clip_key},
                              {"take", purchase.avatar.take},
                              {"dialect", heygen::choose_dialect(purchase.avatar, job.heygen.api)},
                              {"state", purchase_state(p, purchase)},
                              {"place", mark.str()}});
    if (purchase.fallback) j["purchases"].back()["fallback_key"] = purchase.fallback_key;
    if (run::would_be_bought(session, purchase)) {
      j["purchases"].back()["estimate"] = estimate_json(
          run::estimate(prices, purchase.avatar, j["purchases"].back()["dialect"].get<std::string>()));
    }
  }
  j["waiting"] = waiting_json(p);
  j["warnings"] = plan::overlaps(p.plan, p.facts, p.render.timing);
  j["estimate"] = estimate_json(run::estimate_all(session, p.plan));
  for (std::size_t i = 0; i < p.plan.compositions.size(); ++i)
    j["compositions"].push_back(composition_json(p, i));
  return j;
}

std::string text_of_segment(const ordered_json& s) {
  std::string at = s.contains("at") ? fmt::format("{:>7}", s["at"].get<std::int64_t>()) : "      ?";
  std::string key = s["keys"].empty() ? "" : s["keys"][0].get<std::string>().substr(0, 12);
  std::string out = fmt::format("  segment {} +{:<6} {:<12} {}\n", at, s["frames"].get<std::int64_t>(), key,
                                s["state"].get<std::string>());
  if (s.contains("copied")) out.insert(out.size() - 1, ", copied");
  for (const ordered_json& span : s["spans"]) {
    std::vector<std::string> layers;
    for (const ordered_json& layer : span["layers"]) layers.push_back(layer["clip"].get<std::string>());
    out += fmt::format("    span {:>6} frames: {}\n", span["frames"].get<std::int64_t>(),
                       layers.empty() ? "background" : fmt::format("{}", fmt::join(layers, " < ")));
  }
  return out;
}

std::string text_of_copy(const ordered_json& copy, bool complete) {
  if (copy.contains("why_not"))
    return fmt::format("    nothing is copied: {}\n", copy["why_not"].get<std::string>());
  const auto frames = copy["frames"].get<std::int64_t>();
  std::string out =
      fmt::format("    {} frames are copied{}\n", frames, complete ? "" : ", as far as is known");
  for (const ordered_json& clip : copy["clips"]) {
    const std::string why_not = clip.contains("why_not")  ? clip["why_not"].get<std::string>()
                                : complete && frames == 0 ? "no whole group of its pictures stays untouched"
                                                          : "";
    out += why_not.empty()
               ? fmt::format("    {} is copied where it is untouched\n", clip["clip"].get<std::string>())
               : fmt::format("    {} is encoded: {}\n", clip["clip"].get<std::string>(), why_not);
  }
  return out;
}

std::string text_of_composition(const ordered_json& c, bool complete) {
  std::string out = fmt::format("\ncomposition {} at {} fps\n", c["canvas"].get<std::string>(),
                                c["fps"].get<std::string>());
  for (const ordered_json& o : c["outputs"]) {
    const std::string cut = o.contains("media_segments")
                                ? fmt::format(" in {} media segments", o["media_segments"].get<int>())
                                : "";
    out +=
        fmt::format("  output {} {} {}{}: {}\n", o["path"].get<std::string>(), o["size"].get<std::string>(),
                    o["codec"].get<std::string>(), cut, o["state"].get<std::string>());
    if (o.contains("refused")) out += "    " + o["refused"].get<std::string>() + "\n";
    out += text_of_copy(o["copy"], complete);
  }
  for (const ordered_json& s : c["segments"]) out += text_of_segment(s);
  return out;
}

}  // namespace

std::string plan_json(const Job& job, const Settings& settings) {
  return describe(job, settings).dump(2);
}

std::string plan_text(const Job& job, const Settings& settings) {
  ordered_json j = describe(job, settings);
  std::string out = j["complete"].get<bool>()
                        ? fmt::format("programme: {} frames, {:.3f} s\n", j["frames"].get<std::int64_t>(),
                                      j["seconds"].get<double>())
                        : "programme: its length hangs on clips that do not exist yet\n";
  for (const ordered_json& p : j["purchases"]) {
    out += fmt::format("{}: {} ({}, take {}, clip key {})\n", p["clip"].get<std::string>(),
                       p["state"].get<std::string>(), p["dialect"].get<std::string>(), p["take"].get<int>(),
                       p["clip_key"].get<std::string>().substr(0, 12));
    if (p.contains("estimate")) out += "  " + p["estimate"]["text"].get<std::string>() + "\n";
    if (p.contains("fallback_key")) {
      out += fmt::format("  if it cannot be had transparent: the same before a colour, key {}\n",
                         p["fallback_key"].get<std::string>().substr(0, 12));
    }
  }
  for (const ordered_json& warning : j["warnings"]) out += "warning: " + warning.get<std::string>() + "\n";
  for (const ordered_json& c : j["compositions"]) out += text_of_composition(c, j["complete"].get<bool>());
  if (!j["waiting"].empty()) out += "\nnot listed yet, until the clips are there:\n";
  for (const ordered_json& w : j["waiting"])
    out += fmt::format("  {}: {}\n", w["clip"].get<std::string>(), w["why"].get<std::string>());
  return out;
}

}  // namespace avstage
