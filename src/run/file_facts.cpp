#include "run/file_facts.h"

#include <algorithm>
#include <functional>
#include <vector>

#include "base/at_once.h"
#include "media/container_layout.h"
#include "media/demuxer.h"
#include "net/http_stream.h"

namespace avstage::run {

std::map<std::string, FileFacts> look_at_files(Session& session, const std::set<std::string>& paths) {
  std::map<std::string, FileFacts> files;
  for (const std::string& path : paths) files[path];
  std::vector<std::map<std::string, FileFacts>::iterator> each;
  for (auto it = files.begin(); it != files.end(); ++it) each.push_back(it);
  auto of_each = [&](const std::function<void(const std::string&, FileFacts&)>& look) {
    at_once(each.size(), kFilesAtOnce, [&](std::size_t i) {
      auto& [path, file] = *each[i];
      try {
        look(path, file);
      } catch (...) {
        file.error = std::current_exception();
      }
    });
  };
  of_each([](const std::string& path, FileFacts& file) {
    media::require_whole_container(*net::open_file_source(path),
                                   path);  // a cut film must not cost a clip first
    file.media = media::probe_file(path);
  });
  if (std::any_of(files.begin(), files.end(), [](const auto& file) { return file.second.error != nullptr; }))
    return files;
  of_each([&](const std::string& path, FileFacts& file) { file.hash = session.content_hash(path); });
  return files;
}

}  // namespace avstage::run
