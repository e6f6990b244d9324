#include "sandbox/service.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <charconv>
#include <limits>

#include "base/atomic_file.h"
#include "base/leftovers.h"

namespace avstage::sandbox {
namespace {

constexpr const char* kTrialKey = "trial";
constexpr std::size_t kMaxPage = 100;

/// Without what a killed sandbox was about to write.
const std::string& made(const std::string& folder) {
  make_directories(folder);
  for (const char* part : {"", "/videos", "/assets"}) remove_leftovers(folder + part);
  return folder;
}

std::int64_t milliseconds_of(double seconds) {
  return static_cast<std::int64_t>(seconds * 1000);
}

}  // namespace

Service::Service(const Options& options)
    : store(made(options.folder) + "/videos"),
      workshop(store, options.folder + "/clips"),
      signer(options.folder + "/secret"),
      director(options.script),
      endpoints(options.folder + "/endpoints.json"),
      events(options.folder + "/events.json"),
      batches(options.folder + "/batches.json"),
      replays(options.folder + "/replays.json"),
      options_(options) {}

void Service::authenticate(const httplib::Request& request) const {
  std::string key = request.get_header_value("X-Api-Key");
  if (!key.empty() && (options_.key.empty() || key == options_.key)) return;
  throw ApiError{401, "unauthorized", "Unauthorized: the API key is missing or wrong", "", 400112};
}

Video Service::create(const Order& order, Dialect dialect, const std::string& idempotency_key,
                      const httplib::Request& request, const std::string& callback_url) {
  Video video;
  video.id = random_hex(16);
  video.dialect = dialect;
  video.title = order.title.empty() ? video.id : order.title;
  video.callback_id = order.callback_id;
  video.idempotency_key = idempotency_key;
  video.callback_url = callback_url;
  video.knobs = request.get_header_value("X-Sandbox-Fault");
  video.test = order.test;
  video.caption = order.caption;
  video.unpaid = !order.test && is_trial(request);
  video.spec = order.clip;
  video.spec.watermark |= video.unpaid;

  std::lock_guard lock(admission_);
  admit_queued();
  video.number = store.next_number();
  Knobs knobs = director.of_video(video);
  if (!video.spec.webm.empty() && knobs.webm == "refused") {
    throw ApiError{400, "invalid_parameter", "This avatar does not support a transparent background",
                   dialect == Dialect::v3 ? "output_format" : "avatar_pose_id", 400175};
  }
  if (!video.spec.webm.empty()) video.spec.webm = knobs.webm;
  video.index = knobs.index.value_or(options_.index);
  video.queued = director.concurrency() > 0 && active() >= director.concurrency();
  if (video.queued && dialect == Dialect::v3 && !order.may_wait) throw scripted_error("429", knobs);
  video.created_ms = unix_milliseconds();
  auto make_ms = knobs.make_time ? milliseconds_of(*knobs.make_time) : options_.make_time.count();
  video.due_ms = video.created_ms + make_ms;
  store.add(video);
  if (!video.queued) workshop.order(video.id);
  return video;
}

bool Service::is_over(const Video& video) {
  std::string now = status(video, false);
  return video.deleted || now == "completed" || now == "failed";
}

int Service::active() {
  int count = 0;
  for (const Video& video : store.all()) count += video.queued || is_over(video) ? 0 : 1;
  return count;
}

/// A queued video's time runs from here.
void Service::admit_queued() {
  if (director.concurrency() == 0) return;
  for (const Video& video : store.all()) {
    if (!video.queued || video.deleted) continue;
    if (active() >= director.concurrency()) return;
    store.change(video.id, [](Video& admitted) {
      admitted.queued = false;
      admitted.due_ms += unix_milliseconds() - admitted.created_ms;
    });
    workshop.order(video.id);
  }
}

std::string Service::natural_status(const Video& video) const {
  if (video.queued) return "waiting";
  std::int64_t now = unix_milliseconds();
  if (video.state != Video::State::making && now >= video.due_ms) {
    return video.state == Video::State::completed ? "completed" : "failed";
  }
  bool early = now < video.created_ms + (video.due_ms - video.created_ms) / 3;
  return early || !workshop.started(video.id) ? "pending" : "processing";
}

std::string Service::status(const Video& video, bool call) {
  std::string natural = natural_status(video);
  std::string word = director.scripted_status(video, director.of_video(video), call);
  if (word.empty() || video.queued || natural == "failed") return natural;
  return word == "completed" && natural != "completed" ? "processing" : word;
}

Video Service::find(const std::string& id, Dialect dialect) const {
  auto video = store.find(id);
  if (video && video->dialect == dialect) return *video;
  bool v2 = dialect == Dialect::v2;
  throw ApiError{404, v2 ? "not_found" : "video_not_found", "Video not found", "video_id", 40031};
}

std::vector<Video> Service::list(Dialect dialect, const Page& page, const std::string& title) const {
  std::int64_t now = unix_milliseconds();
  return store.list(page.limit + 1, page.before, [&](const Video& video) {
    if (video.dialect != dialect || video.title.find(title) == std::string::npos) return false;
    return now >= video.created_ms + milliseconds_of(director.of_video(video).list_lag);
  });
}

void Service::remove(const Video& video) {
  store.change(video.id, [](Video& kept) { kept.deleted = true; });
}

std::string Service::file_path(const Video& video, const std::string& ending) const {
  return fmt::format("/files/{}/{}.{}", signer.folder_name(), video.id,
                     ending.empty() ? container_of(video.spec) : ending);
}

std::string Service::video_url(const Video& video, const std::string& ending) const {
  Knobs knobs = director.of_video(video);
  double lives = knobs.url_ttl.value_or(static_cast<double>(options_.url_ttl.count()));
  std::int64_t expires = system_clock().unix_seconds() + static_cast<std::int64_t>(lives);
  return base_url_ + signer.sign(file_path(video, ending), expires);
}

void Service::count(const std::string& kind) {
  {
    std::lock_guard lock(counts_mutex_);
    ++counts_[kind];
  }
  std::lock_guard lock(admission_);
  admit_queued();
}

std::map<std::string, int> Service::counts() const {
  std::lock_guard lock(counts_mutex_);
  return counts_;
}

bool is_trial(const httplib::Request& request) {
  return request.get_header_value("X-Api-Key") == kTrialKey;
}

Page read_page(const httplib::Request& request, std::size_t default_limit) {
  auto bad = [](const char* name, const std::string& reason) {
    return ApiError{400, "invalid_parameter", fmt::format("{} is invalid: {}", name, reason), name, 40012};
  };
  Page page{default_limit, std::numeric_limits<std::int64_t>::max()};
  if (std::string limit = request.get_param_value("limit"); !limit.empty()) {
    auto [end, error] = std::from_chars(limit.data(), limit.data() + limit.size(), page.limit);
    bool whole = error == std::errc() && end == limit.data() + limit.size();
    if (!whole || page.limit < 1 || page.limit > kMaxPage) throw bad("limit", "must be between 1 and 100");
  }
  if (std::string token = request.get_param_value("token"); !token.empty()) {
    auto [end, error] = std::from_chars(token.data(), token.data() + token.size(), page.before, 16);
    if (error != std::errc() || end != token.data() + token.size() || page.before < 0) {
      throw bad("token", "must be a token of an earlier page");
    }
  }
  return page;
}

std::string page_token(const Video& last) {
  return fmt::format("{:012x}", last.number);
}

/// The items are numbered downwards, as read_page() counts.
nlohmann::json page_of(const httplib::Request& request, const nlohmann::json& items,
                       std::size_t default_limit) {
  Page page = read_page(request, default_limit);
  auto left = static_cast<std::int64_t>(items.size());
  if (page.before < left + 1) left = std::max<std::int64_t>(page.before - 1, 0);
  nlohmann::json data = nlohmann::json::array();
  for (; left > 0 && data.size() < page.limit; --left) {
    data.push_back(items[items.size() - static_cast<std::size_t>(left)]);
  }
  nlohmann::json token = left > 0 ? nlohmann::json(fmt::format("{:012x}", left + 1)) : nlohmann::json();
  return {{"data", std::move(data)}, {"has_more", left > 0}, {"next_token", token}};
}

void answer_page(const httplib::Request& request, httplib::Response& response, const nlohmann::json& items) {
  answer(response, 200, page_of(request, items, 10));
}

std::string iso_time(std::int64_t unix_ms) {
  return fmt::format("{:%Y-%m-%dT%H:%M:%S}", fmt::gmtime(static_cast<std::time_t>(unix_ms / 1000)));
}

}  // namespace avstage::sandbox
