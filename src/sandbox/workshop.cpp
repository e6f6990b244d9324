#include "sandbox/workshop.h"

#include <algorithm>
#include <filesystem>

#include "avstage/error.h"
#include "base/atomic_file.h"
#include "base/log.h"
#include "sandbox/clip_maker.h"

namespace avstage::sandbox {
using nlohmann::json;
namespace {

constexpr int kGenerationFailed = 40056;  // the vendor's code

}  // namespace

std::int64_t unix_milliseconds() {
  using namespace std::chrono;
  return duration_cast<milliseconds>(system_clock::now().time_since_epoch()).count();
}

Workshop::Workshop(Store& store, const std::string& folder) : store_(store), folder_(folder) {
  make_directories(folder_);
  for (const Video& video : store_.all()) {
    if (video.state == Video::State::making && !video.queued && !video.deleted) waiting_.push_back(video.id);
  }
  thread_ = std::jthread([this](const std::stop_token& stop) { run(stop); });
}

Workshop::~Workshop() {
  thread_.request_stop();
  thread_.join();
}

void Workshop::order(const std::string& video_id) {
  std::lock_guard lock(mutex_);
  waiting_.push_back(video_id);
  wake_.notify_one();
}

bool Workshop::started(const std::string& video_id) const {
  std::lock_guard lock(mutex_);
  return std::find(waiting_.begin(), waiting_.end(), video_id) == waiting_.end();
}

void Workshop::run(const std::stop_token& stop) {
  for (;;) {
    std::string id;
    {
      std::unique_lock lock(mutex_);
      if (!wake_.wait(lock, stop, [this] { return !waiting_.empty(); }) || stop.stop_requested()) return;
      id = waiting_.front();
      waiting_.pop_front();
    }
    try {
      make(id, stop);
    } catch (const std::exception& e) {
      if (stop.stop_requested()) return;
      log::error("sandbox: video {}: {}", id, e.what());
    }
  }
}

void Workshop::make(const std::string& video_id, const std::stop_token& stop) {
  std::optional<Video> found = store_.find(video_id);
  if (!found) return;  // deleted while it waited
  Video video = *found;
  auto fail = [&video](int code, const std::string& message, const std::string& detail) {
    video.state = Video::State::failed;
    video.error_code = code;
    video.error_message = message;
    video.error_detail = detail;
  };
  try {
    video.clip = clip_key(video.spec, video.index);
    video.scene_ends = scene_ends(video, stop);
    video.duration = video.scene_ends.back();
    video.state = Video::State::completed;
  } catch (const ClipFailure& failure) {
    fail(failure.code, failure.message, failure.detail);
  } catch (const std::exception& e) {
    if (stop.stop_requested()) throw;
    log::error("sandbox: video {}: {}", video_id, e.what());
    fail(kGenerationFailed, "Video generation failed", e.what());
  }
  video.finished_ms = std::max(unix_milliseconds(), video.due_ms);
  store_.change(video_id, [&video](Video& kept) {
    video.deleted = kept.deleted;  // all else is the workshop's until the clip is made
    video.notified = kept.notified;
    kept = video;
  });
}

/// The clip's facts stand beside it and are written last: a clip without them is made again.
std::vector<double> Workshop::scene_ends(const Video& video, const std::stop_token& stop) {
  std::string facts = folder_ + "/" + video.clip + ".facts.json";
  if (!std::filesystem::exists(facts)) {
    const std::vector<std::int64_t> ends = make_clip(video.spec, file_of(video), video.index, stop);
    write_file_atomically(facts, json{{"scene_ends", ends}, {"fps", video.spec.fps}}.dump());
  }
  try {
    json j = json::parse(read_file(facts));
    std::vector<double> ends;
    for (const json& frames : j.at("scene_ends"))
      ends.push_back(frames.get<double>() / j.at("fps").get<double>());
    if (!ends.empty()) return ends;
  } catch (const json::exception& e) {
    throw Error(ErrorCode::local, facts + ": not the facts of a clip: " + e.what(), "record");
  }
  throw Error(ErrorCode::local, facts + ": not the facts of a clip", "record");
}

}  // namespace avstage::sandbox
