#include "run/deliver/manifest.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "base/atomic_file.h"
#include "run/deliver/hls.h"
#include "run/deliver/loudness_json.h"

namespace avstage::run {
namespace {

using nlohmann::json;
using nlohmann::ordered_json;

ordered_json to_json_value(const ManifestInput& in) {
  ordered_json j{{"clip", in.clip}, {"kind", in.kind}};
  for (auto [name, value] : {std::pair{"path", &in.path},
                             {"sha256", &in.sha256},
                             {"video_id", &in.video_id},
                             {"clip_key", &in.clip_key},
                             {"realm", &in.realm}}) {
    if (!value->empty()) j[name] = *value;
  }
  return j;
}

}  // namespace

std::string manifest_path(const std::string& output) {
  return output + ".manifest.json";
}

std::optional<Manifest> read_manifest(const std::string& output) {
  const std::string path = manifest_path(output);
  if (::access(path.c_str(), R_OK) != 0) return std::nullopt;
  ordered_json j = ordered_json::parse(read_file(path), nullptr, false);
  try {
    return Manifest{j.at("key").get<std::string>(),
                    j.at("bytes").get<std::uint64_t>(),
                    j.at("sha256").get<std::string>(),
                    j.at("frames").get<std::int64_t>(),
                    j.at("duration").get<double>(),
                    j.contains("loudness") ? read_loudness(j["loudness"]) : std::nullopt,
                    j.value("side_files", std::map<std::string, std::string>{}),
                    j.value("folder", "")};
  } catch (const json::exception&) {
    return std::nullopt;  // somebody else's file: then the output is not ours either
  }
}

void write_manifest(const std::string& output, const Manifest& m, const std::vector<ManifestInput>& inputs,
                    const std::string& toolchain) {
  ordered_json j{{"avstage", AVSTAGE_VERSION}, {"key", m.key},       {"bytes", m.bytes},
                 {"sha256", m.sha256},         {"frames", m.frames}, {"duration", m.duration},
                 {"toolchain", toolchain}};
  if (m.loudness) j["loudness"] = to_json_value(*m.loudness);
  if (!m.folder.empty()) j["folder"] = m.folder;
  json ids = json::array();
  ordered_json list = ordered_json::array();
  for (const ManifestInput& in : inputs) {
    list.push_back(to_json_value(in));
    if (!in.video_id.empty()) ids.push_back(in.video_id);
  }
  if (!m.side_files.empty()) j["side_files"] = m.side_files;
  j["ai_generated"] = {{"contains", !ids.empty()}, {"video_ids", ids}};
  j["inputs"] = list;
  write_file_atomically(manifest_path(output), j.dump(2) + "\n");
}

std::string beside(const std::string& output, const std::string& name) {
  return (std::filesystem::path(output).parent_path() / name).string();
}

bool is_own_side_file(Session& session, const std::string& output, const std::string& path) {
  std::optional<Manifest> manifest = path == output ? std::nullopt : read_manifest(output);
  if (!manifest) return false;
  auto known = manifest->side_files.find(std::filesystem::path(path).filename().string());
  return known != manifest->side_files.end() && session.content_hash(path) == known->second;
}

bool is_own_film(Session& session, const std::string& output, const std::string& key) {
  std::optional<Manifest> manifest = key.empty() ? std::nullopt : read_manifest(output);
  if (!manifest || manifest->key != key) return false;
  if (!manifest->folder.empty())
    return hls_files_at(session, output, manifest->folder).sha256 == manifest->sha256;
  struct stat s {};
  if (::stat(output.c_str(), &s) != 0 || static_cast<std::uint64_t>(s.st_size) != manifest->bytes)
    return false;
  return session.content_hash(output) == manifest->sha256;
}

bool up_to_date(Session& session, const std::string& output, const std::string& key) {
  if (!is_own_film(session, output, key)) return false;
  const std::map<std::string, std::string> side_files = read_manifest(output).value().side_files;
  return std::all_of(side_files.begin(), side_files.end(), [&](const auto& file) {
    const std::string path = beside(output, file.first);
    return ::access(path.c_str(), R_OK) == 0 && session.content_hash(path) == file.second;
  });
}

media::Options ai_metadata(const std::vector<std::string>& video_ids) {
  if (video_ids.empty()) return {};
  return {
      {"comment", fmt::format("Contains AI-generated video (digital source type trainedAlgorithmicMedia); "
                              "HeyGen video {}; made with avstage " AVSTAGE_VERSION,
                              fmt::join(video_ids, ", "))}};
}

}  // namespace avstage::run
