#pragma once

#include <nlohmann/json.hpp>

#include "avstage/avstage.h"

namespace avstage::run {

/// As it stands in reports, in manifests and beside a stored sound.
nlohmann::ordered_json to_json_value(const LoudnessReport& loudness);
/// nullopt: it is none.
std::optional<LoudnessReport> read_loudness(const nlohmann::ordered_json& value);

}  // namespace avstage::run
