#include "run/deliver/hls.h"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <regex>

#include "base/atomic_file.h"
#include "base/crash_point.h"
#include "base/disk.h"
#include "base/sha256.h"
#include "plan/content_key.h"

namespace avstage::run {
namespace {

namespace fs = std::filesystem;

/// A name that needs no escaping in a URI.
std::string plain(std::string name) {
  for (char& c : name) {
    const bool fine = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                      c == '-' || c == '_' || c == '.';
    if (!fine) c = '_';
  }
  return name;
}

std::string edition_name(const std::string& playlist, const std::string& key) {
  const fs::path path(playlist);
  plan::KeyBuilder hash("avstage hls edition 1");
  hash.add("key", key).add("name", path.filename().string());
  return plain(path.stem().string()) + "-" + hash.hex().substr(0, 12);
}

/// Regular files below `dir` by their relative names, with what says that they have not changed.
std::map<std::string, std::string> list_files(const std::string& dir, std::uint64_t& bytes) {
  std::map<std::string, std::string> files;
  for (const auto& entry : fs::recursive_directory_iterator(dir)) {
    struct stat s {};
    const std::string path = entry.path().string();
    if (::lstat(path.c_str(), &s) != 0 || S_ISDIR(s.st_mode)) continue;
    bytes += static_cast<std::uint64_t>(s.st_size);
    files[path.substr(dir.size() + 1)] = file_state(s);
  }
  return files;
}

/// Remembered as one: a long stream is a thousand files.
std::string hash_of_files(Session& session, const std::string& dir,
                          const std::map<std::string, std::string>& files) {
  plan::KeyBuilder state("avstage files");
  for (const auto& [name, facts] : files) state.add(name, facts);
  const std::string key = "files " + state.hex();
  if (auto known = session.ledger().remembered(key)) return *known;
  plan::KeyBuilder content("avstage hls files 1");
  for (const auto& [name, facts] : files) content.add(name, sha256_file(dir + "/" + name));
  std::string hash = content.hex();
  session.ledger().remember(key, hash);
  return hash;
}

bool is_edition_file(const std::string& name) {
  static const std::regex ours("init\\.mp4|index\\.m3u8|[0-9]{5,}\\.m4s");
  return std::regex_match(name, ours);
}

/// Removes an edition as publish_hls made it. What is not of its making stays, and the folders around it.
void remove_edition(const fs::path& edition) {
  std::error_code ec;
  if (!fs::is_directory(fs::symlink_status(edition, ec))) return;
  for (const auto& rendition : fs::directory_iterator(edition, ec)) {
    if (!rendition.is_directory(ec) || rendition.is_symlink(ec)) continue;
    std::error_code inner;
    for (const auto& file : fs::directory_iterator(rendition.path(), inner)) {
      if (is_edition_file(file.path().filename().string())) ::unlink(file.path().c_str());
    }
    ::rmdir(rendition.path().c_str());
  }
  ::rmdir(edition.c_str());
}

std::string text_at(const std::string& playlist) {
  std::error_code ec;
  return fs::is_regular_file(playlist, ec) ? read_file(playlist) : "";
}

/// The edition's name, or with a number where a folder of that name is in use or not ours.
std::string free_name(const std::string& playlist, const std::string& name) {
  const std::string in_use = text_at(playlist);
  std::string candidate = name;
  for (int n = 2;; ++n) {
    const fs::path path = fs::path(folder_of(playlist)) / candidate;
    if (in_use.find(candidate + "/") == std::string::npos) remove_edition(path);
    std::error_code ec;
    if (!fs::exists(fs::symlink_status(path, ec))) return candidate;
    candidate = fmt::format("{}-{}", name, n);
  }
}

}  // namespace

std::string deliverable_key(const Job& job, const plan::RenderPlan& render, std::size_t index) {
  if (!render.complete) return "";
  if (job.outputs[index].rendition.empty()) return render.output_keys[index];
  plan::KeyBuilder key("avstage hls 1");
  for (std::size_t i = 0; i < job.outputs.size(); ++i) {
    if (job.outputs[i].path != job.outputs[index].path) continue;
    if (render.output_keys[i].empty()) return "";
    key.add(job.outputs[i].rendition, render.output_keys[i]);
  }
  return key.hex();
}

bool begins_deliverable(const Job& job, std::size_t index) {
  return index == 0 || job.outputs[index].path != job.outputs[index - 1].path;
}

HlsFiles hls_files(Session& session, const std::string& playlist_text, const std::string& edition) {
  HlsFiles out;
  const auto files = list_files(edition, out.bytes);
  out.bytes += playlist_text.size();
  out.files = static_cast<int>(files.size()) + 1;
  plan::KeyBuilder all("avstage hls stream 1");
  all.add("playlist", playlist_text).add("edition", hash_of_files(session, edition, files));
  out.sha256 = all.hex();
  return out;
}

HlsFiles hls_files_at(Session& session, const std::string& playlist, const std::string& folder) {
  const std::string edition = folder_of(playlist) + "/" + folder;
  std::error_code ec;
  if (!fs::is_directory(edition, ec)) return {};
  return hls_files(session, text_at(playlist), edition);
}

void remove_other_editions(const std::string& playlist, const std::string& current) {
  const std::string stem = fs::path(playlist).stem().string();
  if (plain(stem) != stem) return;  // another playlist's editions might have this name
  std::error_code ec;
  for (const auto& entry : fs::directory_iterator(folder_of(playlist), ec)) {
    const std::string name = entry.path().filename().string();
    if (name == current || !name.starts_with(stem + "-")) continue;
    static const std::regex hash("[0-9a-f]{12}(-[0-9]+)?");
    if (std::regex_match(name.substr(stem.size() + 1), hash)) remove_edition(entry.path());
  }
}

void publish_hls(const HlsStream& stream, const std::string& key,
                 const std::function<void(const std::string&, const HlsFiles&)>& before_playlist,
                 const std::stop_token& stop, Session& session) {
  const std::string part = part_path(stream.path);
  FolderRemover remover(part);
  make_directories(part, 0777);  // the umask's, as for every output
  crash_point("assembling");
  const std::vector<Rendition> renditions = write_hls(stream, part, stop);
  prove_hls(stream, renditions, part, stop);
  crash_point("assembled");
  const std::string name = free_name(stream.path, edition_name(stream.path, key));
  const std::string edition = folder_of(stream.path) + "/" + name;
  publish_folder(part, edition);
  remover.release();
  crash_point("edition");
  const std::string playlist = multivariant_playlist(renditions, stream.fps, name);
  before_playlist(name, hls_files(session, playlist, edition));
  write_file_atomically(stream.path, playlist);
  crash_point("published");
  remove_other_editions(stream.path, name);
}

}  // namespace avstage::run
