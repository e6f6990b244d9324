#include <nlohmann/json.hpp>

#include "avstage/avstage.h"
#include "run/deliver/loudness_json.h"

namespace avstage {
namespace {

using nlohmann::ordered_json;

ordered_json to_json_value(const PurchaseReport& p) {
  ordered_json j{{"clip", p.clip}, {"origin", p.origin}, {"video_id", p.video_id}, {"clip_key", p.clip_key}};
  if (p.duration) j["duration"] = *p.duration;
  return j;
}

ordered_json to_json_value(const OutputReport& o) {
  ordered_json j{{"path", o.path},
                 {"state", o.state},
                 {"frames", o.frames},
                 {"duration", o.duration},
                 {"bytes", o.bytes},
                 {"sha256", o.sha256},
                 {"segments", o.segments},
                 {"segments_rendered", o.segments_rendered},
                 {"frames_copied", o.frames_copied},
                 {"sound_copied", o.sound_copied},
                 {"files", o.files}};
  if (o.loudness) j["loudness"] = run::to_json_value(*o.loudness);
  return j;
}

ordered_json to_json_value(const VideoFacts& v) {
  ordered_json j{{"codec", v.codec},
                 {"width", v.width},
                 {"height", v.height},
                 {"sar", v.sar.str()},
                 {"rotation", v.rotation},
                 {"mirrored", v.mirrored},
                 {"display", std::to_string(v.display_width) + "x" + std::to_string(v.display_height)},
                 {"fps", v.fps.str()},
                 {"pix_fmt", v.pix_fmt},
                 {"alpha", v.alpha},
                 {"interlaced", v.interlaced},
                 {"color_matrix", v.color_matrix},
                 {"color_range", v.color_range},
                 {"color_primaries", v.color_primaries},
                 {"color_transfer", v.color_transfer},
                 {"start", v.start.to_double()}};
  if (v.duration) j["duration"] = v.duration->to_double();
  if (v.frames) j["frames"] = *v.frames;
  return j;
}

}  // namespace

std::string to_json(const Report& report) {
  ordered_json j{{"avstage", AVSTAGE_VERSION}};
  j["outputs"] = ordered_json::array();
  for (const OutputReport& o : report.outputs) j["outputs"].push_back(to_json_value(o));
  j["purchases"] = ordered_json::array();
  for (const PurchaseReport& p : report.purchases) j["purchases"].push_back(to_json_value(p));
  j["steps"] = ordered_json::array();
  for (const auto& [name, seconds] : report.steps)
    j["steps"].push_back({{"name", name}, {"seconds", seconds}});
  j["warnings"] = report.warnings;
  return j.dump(2);
}

std::string to_json(const MediaFacts& facts) {
  ordered_json j{{"format", facts.format}, {"image", facts.image}};
  if (facts.available) j["available"] = facts.available->to_double();
  if (facts.video) j["video"] = to_json_value(*facts.video);
  if (facts.audio) {
    j["audio"] = {{"codec", facts.audio->codec},
                  {"sample_rate", facts.audio->sample_rate},
                  {"channels", facts.audio->channels},
                  {"start", facts.audio->start.to_double()}};
    if (facts.audio->duration) j["audio"]["duration"] = facts.audio->duration->to_double();
  }
  return j.dump(2);
}

}  // namespace avstage
