#pragma once

#include <httplib.h>

#include <string>

namespace avstage::sandbox {

class Service;
class Fields;

/// Uploaded files stand in "assets" beside the folder of the clips, under their ids, which come from their
/// content. `clip` is the path of any clip.
std::string asset_path(const std::string& clip, const std::string& id);

/// The id of the asset that a request names by `url` or by `id`, exactly one of which is given: the sandbox
/// fetches nothing, so the URL must be one of its own. Throws ApiError.
std::string read_asset_id(const Fields& fields, const char* url, const char* id);

/// POST /v1/asset (the raw file), POST /v3/assets (a form), GET /assets/ID.
void serve_assets(httplib::Server& server, Service& service, const std::string& folder);

}  // namespace avstage::sandbox
