#include "run/deliver/loudness_json.h"

#include <cmath>

namespace avstage::run {
namespace {

/// Hundredths: what lies below is noise of the measurement.
double rounded(double value) {
  return std::round(value * 100) / 100;
}

}  // namespace

nlohmann::ordered_json to_json_value(const LoudnessReport& l) {
  nlohmann::ordered_json j{{"target", l.target}, {"ceiling", l.ceiling}, {"measured", l.measured}};
  if (!l.measured) return j;
  j.update({{"integrated", rounded(l.integrated)},
            {"true_peak", rounded(l.true_peak)},
            {"range", rounded(l.range)},
            {"gain", rounded(l.gain)},
            {"limited", l.limited}});
  return j;
}

std::optional<LoudnessReport> read_loudness(const nlohmann::ordered_json& j) {
  try {
    LoudnessReport l{.target = j.at("target"), .ceiling = j.at("ceiling"), .measured = j.at("measured")};
    if (!l.measured) return l;
    l.integrated = j.at("integrated");
    l.true_peak = j.at("true_peak");
    l.range = j.at("range");
    l.gain = j.at("gain");
    l.limited = j.at("limited");
    return l;
  } catch (const nlohmann::json::exception&) {
    return std::nullopt;
  }
}

}  // namespace avstage::run
