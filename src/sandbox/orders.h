#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "sandbox/clip_spec.h"

namespace avstage::sandbox {

/// Of one scene, in characters, and of one video: both dialects have these.
inline constexpr std::size_t kMaxText = 5000, kMaxScenes = 50;

/// What a create request asks for, after it passed the documented limits.
struct Order {
  ClipSpec clip;
  std::string title, callback_id;
  bool test = false;
  bool caption = false;   ///< a caption file is made too
  bool may_wait = false;  ///< also of v3: beyond the account's concurrency it is queued
};

/// The body of POST /v2/video/generate. Throws ApiError.
Order read_v2_order(const nlohmann::json& body);
/// The body of POST /v1/video.webm. Throws ApiError.
Order read_v1_webm_order(const nlohmann::json& body);
/// The body of POST /v3/videos. Throws ApiError.
Order read_v3_order(const nlohmann::json& body);
/// The body of POST /v2/template/ID/generate and of POST /v3/templates/ID. Every template of the sandbox is
/// alike: its character says the texts one after the other, in the order of their names. Throws ApiError.
Order read_template_order(const nlohmann::json& body);

/// What the bodies have in common.
class Fields;
void read_dimension(const Fields& body, ClipSpec& clip);
int read_fps(const Fields& body);

}  // namespace avstage::sandbox
