#include "sandbox/store.h"

#include <filesystem>

#include "avstage/error.h"
#include "base/atomic_file.h"

namespace avstage::sandbox {
using nlohmann::json;
namespace {

json record_of(const Video& video) {
  return {{"id", video.id},
          {"dialect", video.dialect == Dialect::v2 ? "v2" : "v3"},
          {"number", video.number},
          {"title", video.title},
          {"callback_id", video.callback_id},
          {"idempotency_key", video.idempotency_key},
          {"callback_url", video.callback_url},
          {"knobs", video.knobs},
          {"test", video.test},
          {"unpaid", video.unpaid},
          {"created_ms", video.created_ms},
          {"due_ms", video.due_ms},
          {"queued", video.queued},
          {"deleted", video.deleted},
          {"notified", video.notified},
          {"index", static_cast<int>(video.index)},
          {"spec", to_json(video.spec)},
          {"state", static_cast<int>(video.state)},
          {"clip", video.clip},
          {"duration", video.duration},
          {"caption", video.caption},
          {"scene_ends", video.scene_ends},
          {"finished_ms", video.finished_ms},
          {"error",
           {{"code", video.error_code}, {"message", video.error_message}, {"detail", video.error_detail}}}};
}

Video video_of(const json& j) {
  Video video;
  video.id = j.at("id");
  video.dialect = j.at("dialect") == "v2" ? Dialect::v2 : Dialect::v3;
  video.number = j.at("number");
  video.title = j.at("title");
  video.callback_id = j.at("callback_id");
  video.idempotency_key = j.at("idempotency_key");
  video.callback_url = j.value("callback_url", "");
  video.knobs = j.value("knobs", "");
  video.test = j.at("test");
  video.unpaid = j.at("unpaid");
  video.created_ms = j.at("created_ms");
  video.due_ms = j.at("due_ms");
  video.queued = j.value("queued", false);
  video.deleted = j.value("deleted", false);
  video.notified = j.value("notified", false);
  video.index = static_cast<Index>(j.value("index", 0));
  video.spec = spec_from_json(j.at("spec"));
  video.state = static_cast<Video::State>(j.at("state").get<int>());
  video.clip = j.at("clip");
  video.duration = j.at("duration");
  video.caption = j.value("caption", false);
  video.scene_ends = j.value("scene_ends", std::vector<double>{});
  video.finished_ms = j.at("finished_ms");
  const json& error = j.at("error");
  video.error_code = error.at("code");
  video.error_message = error.at("message");
  video.error_detail = error.at("detail");
  return video;
}

}  // namespace

Store::Store(const std::string& folder) : folder_(folder) {
  make_directories(folder_);
  for (const auto& entry : std::filesystem::directory_iterator(folder_)) {
    if (entry.path().extension() != ".json") continue;
    std::string path = entry.path().string();
    try {
      Video video = video_of(json::parse(read_file(path)));
      numbers_[video.id] = video.number;
      videos_[video.number] = std::move(video);
    } catch (const json::exception& e) {
      throw Error(ErrorCode::local, path + ": not a video record of the sandbox: " + e.what(), "record");
    }
  }
}

void Store::write(const Video& video) const {
  write_file_atomically(folder_ + "/" + video.id + ".json", record_of(video).dump(1));
}

void Store::add(Video video) {
  std::lock_guard lock(mutex_);
  video.number = videos_.empty() ? 1 : videos_.rbegin()->first + 1;
  write(video);
  numbers_[video.id] = video.number;
  videos_[video.number] = std::move(video);
}

void Store::change(const std::string& id, const std::function<void(Video&)>& edit) {
  std::lock_guard lock(mutex_);
  Video& kept = videos_.at(numbers_.at(id));
  Video changed = kept;
  edit(changed);
  write(changed);
  kept = std::move(changed);
}

std::optional<Video> Store::find(const std::string& id) const {
  std::lock_guard lock(mutex_);
  auto found = numbers_.find(id);
  if (found == numbers_.end() || videos_.at(found->second).deleted) return std::nullopt;
  return videos_.at(found->second);
}

std::optional<Video> Store::find_by_key(const std::string& key, std::int64_t since_ms) const {
  std::lock_guard lock(mutex_);
  for (auto it = videos_.rbegin(); it != videos_.rend(); ++it) {
    if (it->second.idempotency_key == key && it->second.created_ms >= since_ms) return it->second;
  }
  return std::nullopt;
}

std::vector<Video> Store::list(std::size_t limit, std::int64_t before,
                               const std::function<bool(const Video&)>& fits) const {
  std::lock_guard lock(mutex_);
  std::vector<Video> out;
  for (auto it = videos_.rbegin(); it != videos_.rend() && out.size() < limit; ++it) {
    const Video& video = it->second;
    if (video.number < before && !video.deleted && fits(video)) out.push_back(video);
  }
  return out;
}

std::vector<Video> Store::all() const {
  std::lock_guard lock(mutex_);
  std::vector<Video> out;
  for (const auto& [number, video] : videos_) out.push_back(video);
  return out;
}

std::int64_t Store::next_number() const {
  std::lock_guard lock(mutex_);
  return videos_.empty() ? 1 : videos_.rbegin()->first + 1;
}

int Store::charges() const {
  std::lock_guard lock(mutex_);
  int count = 0;
  for (const auto& [number, video] : videos_) count += video.charged() ? 1 : 0;
  return count;
}

int Store::count() const {
  std::lock_guard lock(mutex_);
  return static_cast<int>(videos_.size());
}

}  // namespace avstage::sandbox
