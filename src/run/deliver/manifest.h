#pragma once

#include <string>
#include <vector>

#include "run/clips/session.h"
#include "run/deliver/assemble.h"

namespace avstage::run {

/// What stands beside a deliverable as PATH.manifest.json.
struct Manifest {
  std::string key;  ///< of the RenderPlan's output: equal key, equal film
  std::uint64_t bytes = 0;
  std::string sha256;
  std::int64_t frames = 0;
  double duration = 0;
  std::optional<LoudnessReport> loudness = {};
  std::map<std::string, std::string> side_files = {};  ///< name beside the film → SHA-256
  /// Of an HLS stream: its edition; bytes and sha256 are then those of hls_files().
  std::string folder = {};
};

struct ManifestInput {
  std::string clip, kind, path, sha256, video_id, clip_key, realm;
};

std::string manifest_path(const std::string& output);
/// nullopt: there is none, or it is not one of ours.
std::optional<Manifest> read_manifest(const std::string& output);
void write_manifest(const std::string& output, const Manifest& manifest,
                    const std::vector<ManifestInput>& inputs, const std::string& toolchain);

/// A side file's path, by its name.
std::string beside(const std::string& output, const std::string& name);
/// Whether `path`, beside an output, is what the output's manifest says of it.
bool is_own_side_file(Session& session, const std::string& output, const std::string& path);

/// True when `output` exists and is, byte for byte, the film that a run with this key published.
bool is_own_film(Session& session, const std::string& output, const std::string& key);
/// The same of the film and everything beside it.
bool up_to_date(Session& session, const std::string& output, const std::string& key);

/// Container metadata that says the film contains AI-generated video, with the video ids.
media::Options ai_metadata(const std::vector<std::string>& video_ids);

}  // namespace avstage::run
