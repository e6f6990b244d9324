#include "run/output_paths.h"

#include <fmt/format.h>
#include <unistd.h>

#include <filesystem>
#include <map>

#include "base/disk.h"
#include "base/leftovers.h"
#include "base/suggest.h"
#include "heygen/assets.h"
#include "run/deliver/hls.h"
#include "run/deliver/manifest.h"
#include "run/deliver/side_files.h"
#include "run/prepare.h"

namespace avstage::run {
namespace {

namespace fs = std::filesystem;

/// Why nothing can be written there, as far as looking tells; "" where it can.
std::string write_fault(const std::string& path) {
  std::error_code ec;
  const fs::path there = nearest_existing(folder_of(path));
  if (!fs::is_directory(there, ec)) return fmt::format("{} is no folder", there.string());
  if (::access(there.c_str(), W_OK | X_OK) != 0) return fmt::format("no permission for {}", there.string());
  const bool other = fs::exists(path, ec) && !fs::is_regular_file(path, ec);
  return other ? "it exists and is no regular file" : "";
}

/// All that an output may write: itself, what stands beside it, and what it is made of.
std::vector<std::string> files_of(const Job& job, const OutputSpec& output) {
  std::vector<std::string> files = with_side_files(job, output);
  files.push_back(manifest_path(output.path));
  return files;
}

void require_writable(const Job& job, const OutputSpec& output) {
  for (const std::string& path : files_of(job, output)) {
    const std::string fault = write_fault(path);
    if (fault.empty()) continue;
    throw Error(ErrorCode::local, fmt::format("{}: cannot write {}: {}", output.mark.str(), path, fault),
                "unwritable");
  }
}

/// A name that came from a variable may be that of a link to anywhere.
void require_inside_root(const OutputSpec& output, const std::string& dir) {
  if (output.root.empty()) return;
  std::error_code ec;
  auto real = [&](const std::string& path) {
    fs::path found = fs::weakly_canonical(fs::absolute(path), ec);
    return found.has_filename() ? found : found.parent_path();
  };
  const fs::path root = real(output.root), folder = real(dir);
  auto [end, rest] = std::mismatch(root.begin(), root.end(), folder.begin(), folder.end());
  if (!ec && end == root.end()) return;
  throw Error(ErrorCode::usage,
              fmt::format("{}: found the output {}, which leads to {}; allowed: with ${{…}}, a path that "
                          "stays in {}",
                          output.mark.str(), in_quotes(output.path), in_quotes(folder.string()),
                          in_quotes(root.string())),
              "output");
}

/// Every local file that a job reads.
std::vector<std::string> files_read(const Job& job) {
  std::vector<std::string> files;
  if (!job.file.empty() && job.file != "-") files.push_back(job.file);
  for (const Track& track : job.tracks) {
    for (const Clip& clip : track.clips) {
      if (const std::string* path = file_of(clip.media)) files.push_back(*path);
      if (const std::string font = font_of(clip.media); !font.empty()) files.push_back(font);
      if (const auto* avatar = std::get_if<AvatarRef>(&clip.media)) {
        AvatarRef copy = *avatar;
        for (const auto& [asset, kind] : heygen::assets_of(copy)) {
          if (!asset->file.empty()) files.push_back(asset->file);
        }
      }
    }
  }
  return files;
}

/// Whether a new file in the place of `output` would be what `input` leads to. Not of another hard link: that
/// is replaced, and the input stays.
bool would_replace(const std::string& output, const std::string& input) {
  std::error_code ec;
  if (!fs::equivalent(output, input, ec) || ec) return false;
  return fs::hard_link_count(input, ec) < 2 || fs::canonical(output, ec) == fs::canonical(input, ec) || ec;
}

/// Equal names have been refused when the job was read.
void require_no_input(const Job& job, const OutputSpec& output, const std::vector<std::string>& inputs) {
  for (const std::string& path : files_of(job, output)) {
    for (const std::string& input : inputs) {
      if (!would_replace(path, input)) continue;
      throw Error(
          ErrorCode::usage,
          fmt::format("{}: would write {}, which is {}, a file that the job reads; allowed: an output that "
                      "overwrites no input",
                      output.mark.str(), in_quotes(path), in_quotes(input)),
          "output");
    }
  }
}

/// Likewise of outputs among themselves: two names, by links, of one file.
void require_apart(const Job& job) {
  std::map<fs::path, const OutputSpec*> known;
  for (std::size_t i = 0; i < job.outputs.size(); ++i) {
    if (!begins_deliverable(job, i)) continue;
    std::error_code ec;
    const OutputSpec& output = job.outputs[i];
    const fs::path path(output.path);
    const fs::path folder = fs::weakly_canonical(fs::absolute(folder_of(output.path)), ec);
    const auto [first, is_new] =
        known.emplace((ec ? fs::path(folder_of(output.path)) : folder) / path.filename(), &output);
    if (is_new) continue;
    throw Error(ErrorCode::usage,
                fmt::format("{}: {} is the same file as {}; allowed: each once", output.mark.str(),
                            in_quotes(output.path), in_quotes(first->second->path)),
                "output");
  }
}

void check_paths(const Job& job) {
  require_apart(job);
  const std::vector<std::string> inputs = files_read(job);
  for (const OutputSpec& output : job.outputs) require_no_input(job, output, inputs);
}

}  // namespace

void prepare_outputs(const Job& job) {
  check_paths(job);
  for (const OutputSpec& output : job.outputs) {
    std::error_code ec;
    const std::string dir = folder_of(output.path);
    require_inside_root(output, dir);
    fs::create_directories(dir, ec);
    require_writable(job, output);
    if (!fs::is_directory(dir, ec)) {
      throw Error(ErrorCode::local, fmt::format("{}: cannot make the folder {}", output.mark.str(), dir),
                  "unwritable");
    }
    for (const std::string& path : files_of(job, output))
      remove_leftovers(dir, fs::path(path).filename().string() + ".");
  }
}

void check_output(Session& session, const Job& job, const plan::RenderPlan& render, std::size_t index) {
  const OutputSpec& output = job.outputs[index];
  require_inside_root(output, folder_of(output.path));
  require_writable(job, output);
  if (session.settings().overwrite) return;
  const std::string key = deliverable_key(job, render, index);
  if (up_to_date(session, output.path, key)) return;
  for (const std::string& path : files_of(job, output)) {
    std::error_code ec;
    // Only something beside the film may be missing; and a run that was killed may have left side files of
    // its own, with the manifest that says so.
    if (path == output.path && is_own_film(session, path, key)) continue;
    if (path == manifest_path(output.path) && read_manifest(output.path)) continue;
    if (!fs::exists(path, ec) || is_own_side_file(session, output.path, path)) continue;
    throw Error(
        ErrorCode::usage,
        fmt::format("{}: {} exists and is not known to be what this job makes; give -y to replace it, or "
                    "another path",
                    output.mark.str(), path),
        "file_exists");
  }
}

void check_outputs(Session& session, const Job& job, const plan::RenderPlan& render) {
  check_paths(job);
  for (std::size_t i = 0; i < job.outputs.size(); ++i) {
    if (begins_deliverable(job, i)) check_output(session, job, render, i);
  }
}

}  // namespace avstage::run
