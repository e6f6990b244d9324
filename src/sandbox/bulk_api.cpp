#include <fmt/format.h>

#include <utility>

#include "sandbox/fields.h"
#include "sandbox/service.h"

/// v3's answers about many videos, and orders of many.
namespace avstage::sandbox {
using nlohmann::json;
namespace {

constexpr std::size_t kMaxBulk = 100;

/// A bad item fails with its own error, the others go on. What the account has no place for waits.
json order_item(Service& service, const httplib::Request& request, const json& body, std::size_t index) {
  json item = {{"item_index", index}, {"video_id", nullptr}, {"error", nullptr}};
  try {
    Order order = read_v3_order(body);
    order.may_wait = true;
    item["video_id"] = service.create(order, Dialect::v3, "", request, read_callback_url(body)).id;
  } catch (const ApiError& error) {
    item["error"] = {{"code", error.code}, {"message", error.message}};
  }
  return item;
}

json create_batch(Service& service, const std::string& key, const httplib::Request& request,
                  const json& body) {
  std::int64_t now = unix_milliseconds();
  for (const json& earlier : service.batches.all()) {
    bool same = !key.empty() && earlier["idempotency_key"] == key;
    if (same && earlier["created_ms"] >= now - kReplayMs) return earlier;
  }
  Fields fields(body, "");
  const json& videos = fields.items("videos", 1, kMaxBulk);
  json batch = {{"batch_id", random_hex(16)},
                {"title", fields.text_or("title", "")},
                {"callback_url", read_callback_url(body)},
                {"idempotency_key", key},
                {"knobs", request.get_header_value("X-Sandbox-Fault")},
                {"created_ms", now},
                {"notified", false},
                {"items", json::array()}};
  for (std::size_t i = 0; i < videos.size(); ++i) {
    batch["items"].push_back(order_item(service, request, videos[i], i));
  }
  service.batches.edit([&](json& batches) { batches.push_back(batch); });
  return batch;
}

json accepted(const json& batch) {
  json data = {{"batch_id", batch["batch_id"]}, {"status", "processing"}};
  data["total_items"] = batch["items"].size();
  return {{"data", data}};
}

/// `item`: one of a batch's record, or a video_id alone. `call`: a status call asks.
json told_item(Service& service, json item, bool call) {
  if (!item["error"].is_null()) {
    item["status"] = "failed";
    return item;
  }
  auto video = service.store.find(item["video_id"]);
  if (!video || video->dialect != Dialect::v3) {
    item["status"] = "not_found";
    return item;
  }
  Told told = tell(service, *video, call ? service.status_for_call(*video) : service.status_of(*video));
  item["status"] = told.status;
  if (told.failed) item["error"] = v3_failure(told);
  return item;
}

/// A batch knows four words.
json told_batch_item(Service& service, const json& item, bool call) {
  json told = told_item(service, item, call);
  const json word = told["status"];
  if (word == "not_found") {
    told["status"] = "failed";
    told["error"] = {{"code", "video_not_found"}, {"message", "The video was deleted"}};
  } else if (word == "waiting" || word == "pending") {
    told["status"] = "queued";
  } else if (word != "completed" && word != "failed") {
    told["status"] = "processing";
  }
  return told;
}

/// The ids of a query parameter, without the empty ones.
std::vector<std::string> read_ids(const httplib::Request& request, const char* name) {
  std::vector<std::string> ids;
  std::string id;
  for (char c : request.get_param_value(name) + ",") {
    if (c != ',') {
      id += c;
    } else if (!id.empty()) {
      ids.push_back(std::exchange(id, ""));
    }
  }
  return ids;
}

json find_batch(Service& service, const std::string& id) {
  for (const json& batch : service.batches.all()) {
    if (batch["batch_id"] == id) return batch;
  }
  return nullptr;
}

json statuses_of_batch(Service& service, const std::string& id) {
  json batch = find_batch(service, id), out = json::array();
  if (batch.is_null()) {
    out.push_back(
        {{"video_id", nullptr}, {"item_index", nullptr}, {"error", nullptr}, {"status", "not_found"}});
  } else {
    for (const json& item : batch["items"]) out.push_back(told_item(service, item, true));
  }
  for (json& item : out) item["batch_id"] = id;
  return out;
}

void get_statuses(Service& service, const httplib::Request& request, httplib::Response& response) {
  service.count("bulk_polls");
  auto videos = read_ids(request, "video_ids"), batches = read_ids(request, "batch_ids");
  std::size_t count = videos.size() + batches.size();
  if (count < 1 || count > kMaxBulk) {
    throw ApiError{
        400, "invalid_parameter",
        fmt::format("video_ids is invalid: {} ids are given, 1 to {} are allowed", count, kMaxBulk),
        "video_ids"};
  }
  json items = json::array();
  for (const std::string& id : videos) {
    json item = {{"video_id", id}, {"batch_id", nullptr}, {"item_index", nullptr}, {"error", nullptr}};
    items.push_back(told_item(service, item, true));
  }
  for (const std::string& id : batches) {
    for (const json& item : statuses_of_batch(service, id)) items.push_back(item);
  }
  answer(response, 200, {{"data", std::move(items)}});
}

void get_batch(Service& service, const httplib::Request& request, httplib::Response& response) {
  service.count("bulk_polls");
  json batch = find_batch(service, request.matches[1]);
  if (batch.is_null()) throw ApiError{404, "batch_not_found", "Batch not found", "batch_id"};
  json data = tell_batch(service, batch, true);
  json page = page_of(request, data["items"], kMaxBulk);
  data["items"] = page["data"];
  data["has_more"] = page["has_more"];
  data["next_token"] = page["next_token"];
  answer(response, 200, {{"data", data}});
}

}  // namespace

json tell_batch(Service& service, const json& batch, bool call) {
  json items = json::array(), counts = json::object();
  for (const json& item : batch["items"]) {
    items.push_back(told_batch_item(service, item, call));
    std::string word = items.back()["status"];
    counts[word] = counts.value(word, 0) + 1;
  }
  bool going_on = counts.contains("queued") || counts.contains("processing");
  return {{"batch_id", batch["batch_id"]},
          {"title", batch["title"] == "" ? json() : batch["title"]},
          {"status", going_on                       ? "processing"
                     : counts.contains("completed") ? "completed"
                                                    : "failed"},
          {"total_items", items.size()},
          {"counts_by_status", counts},
          {"created_at", batch["created_ms"].get<std::int64_t>() / 1000},
          {"items", items}};
}

void serve_bulk(httplib::Server& server, Service& service) {
  serve_orders(server, service, "/v3/videos/batches", Dialect::v3, true,
               [&service](const auto& key, const auto& request, const json& body) {
                 return accepted(create_batch(service, key, request, body));
               });
  server.Get("/v3/videos/statuses", guarded(service, [&service](const auto& request, auto& response) {
               get_statuses(service, request, response);
             }));
  server.Get("/v3/videos/batches/([^/]+)", guarded(service, [&service](const auto& request, auto& response) {
               get_batch(service, request, response);
             }));
}

}  // namespace avstage::sandbox
