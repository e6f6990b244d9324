#pragma once

#include <optional>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include "avstage/avstage.h"

/// What the vendor offers and says: free questions, nothing is bought. Each call blocks and may be made from
/// any thread. Error{money}: no key, or it is refused; Error{network}; Error{vendor}.
namespace avstage {

struct CatalogAvatar {
  std::string id;  ///< what a job names
  std::string name, gender;
  std::string kind;           ///< the vendor's word: studio_avatar, photo_avatar, talking_photo …
  std::string default_voice;  ///< v3 only
};
struct CatalogVoice {
  std::string id;
  std::string name, language, gender;
  std::string kind;  ///< public or private, where the vendor says it
};

/// Which entries are wanted; empty: all. Case is not looked at.
struct CatalogQuery {
  std::string name;      ///< a part of it
  std::string language;  ///< its beginning: voices only
  std::string gender;    ///< the whole word
  std::string api = "v3";
  bool refresh =
      false;  ///< ask the vendor even if the cache folder has a list that is not yet 15 minutes old
};
std::vector<CatalogAvatar> list_avatars(const Settings& settings, const CatalogQuery& query,
                                        const std::stop_token& stop = {});
std::vector<CatalogVoice> list_voices(const Settings& settings, const CatalogQuery& query,
                                      const std::stop_token& stop = {});

struct Quota {
  std::string billing;              ///< v3: wallet, subscription, usage_based; v2: quota
  std::optional<double> remaining;  ///< nullopt: the vendor gave no figure for this kind of billing
  std::string unit;                 ///< usd, credits, seconds
  std::vector<std::pair<std::string, std::string>> details;  ///< as the vendor names them
};
Quota ask_quota(const Settings& settings, const std::string& api, const std::stop_token& stop = {});

struct VideoState {
  std::string video_id, dialect;
  std::string state;                                           ///< pending, completed or failed
  std::string word;                                            ///< the vendor's own
  std::optional<double> duration;                              ///< seconds
  std::string video_url, caption_url, thumbnail_url, gif_url;  ///< signed: whoever has one has the file
  std::string error;                                           ///< the vendor's words
  bool unpaid = false;  ///< the watermarked version of a clip that could not be paid for
};
/// One question, no waiting. `api` "auto": v3, and where v3 does not know the id, v2. Error{vendor}
/// "not_found", or "gone" where v2 is not there any more.
VideoState ask_status(const Settings& settings, const std::string& video_id, const std::string& api,
                      const std::stop_token& stop = {});

}  // namespace avstage
