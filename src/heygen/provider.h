#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <variant>
#include <vector>

#include "avstage/job.h"
#include "base/clock.h"
#include "heygen/assets.h"
#include "net/client.h"

/// The vendor's API behind one interface: the only folder that knows its JSON and paths.
namespace avstage::heygen {

/// What the vendor said went wrong, as it said it.
struct ApiError {
  std::string code;  ///< int or string codes alike, as text; "" when none was given
  std::string message;
  std::string detail;
  std::string request_id;  ///< X-Request-Id
  long http_status = 0;
  bool money = false;       ///< insufficient credit, quota, trial limit
  std::string str() const;  ///< "code 40119: Video is too long (detail) [request abc, HTTP 400]"
};

struct Accepted {
  std::string video_id;
  std::string request_id;
};
/// A definite no: nothing was bought and the same request will not succeed by repeating it.
struct Rejected {
  ApiError error;
  ErrorCode code = ErrorCode::vendor;  ///< money for 401/403/402/credit/trial; vendor otherwise
};
/// Nothing was bought for sure, and a later try may succeed (429, or no byte was sent).
struct Unsent {
  std::string why;
  std::optional<std::int64_t> retry_after;  ///< seconds, as the vendor asked
};
/// The answer was lost after the request may have arrived (reset, timeout, 5xx, unreadable 200).
struct Lost {
  std::string why;
};
using SubmitResult = std::variant<Accepted, Rejected, Unsent, Lost>;

struct VideoStatus {
  enum class State { pending, completed, failed };
  State state = State::pending;
  std::string word;  ///< the vendor's own, e.g. "waiting"
  std::string video_url, caption_url, thumbnail_url, gif_url;
  std::optional<double> duration;  ///< seconds
  std::optional<ApiError> error;
  /// completed with a URL and an insufficient-credit error: the watermarked version of an unpaid clip
  bool unpaid = false;
};

/// Called where the vendor is busy (429) and says for how long: does the waiting, or throws. What is asked
/// for may be any number from 1 s up.
using BusyWait = std::function<void(std::chrono::seconds asked, const std::string& why)>;

/// A provider speaks one dialect to one account. Any thread; blocking calls end with Error{interrupted}.
class Provider {
 public:
  virtual ~Provider() = default;
  virtual std::string dialect() const = 0;  ///< "v2" or "v3"

  /// One POST, never repeated inside. `tag` is put where the dialect can find it again: appended to the
  /// title, the one thing changed in the vendor's own body; v2 also callback_id for neutral words.
  /// `idempotency_key` is sent by v3 only. `clip` has passed validate(). Throws Error{interrupted}: the
  /// answer is then lost.
  virtual SubmitResult submit(const AvatarRef& clip, const std::string& tag,
                              const std::string& idempotency_key, const std::stop_token& stop) = 0;

  /// Gives the vendor a file, free of charge, and answers with its id there. Repeated inside like status().
  /// Error{network} when it gave up, Error{money} on 401/403, Error{vendor} for any other refusal.
  virtual std::string upload(const AssetFile& file, const std::stop_token& stop) = 0;

  /// One status request, repeated inside on transport errors, 5xx and 429 a few times with back-off. A 404 is
  /// `pending` with word "not_found". Error{network} when it gave up; Error{money} on 401/403; Error{vendor},
  /// "gone", when it is not the video but the dialect that the vendor does not know any more. With `wait`,
  /// what a busy vendor asks for is waited for by it, and does not count as a try.
  virtual VideoStatus status(const std::string& video_id, const std::stop_token& stop,
                             const BusyWait& wait = {}) = 0;

  static constexpr std::size_t most_ids = 100;
  /// The status words of up to `most_ids` videos by id, in one request that is repeated like status(). A
  /// video that the vendor does not list is missing, or "not_found". nullopt: the dialect has no such
  /// question, or the vendor refuses it. Error{network} when it gave up.
  virtual std::optional<std::map<std::string, std::string>> words(const std::vector<std::string>& video_ids,
                                                                  const std::stop_token& stop,
                                                                  const BusyWait& wait = {}) = 0;

  /// The video whose title carries `tag`, from the vendor's list (all pages that can hold it); nullopt: not
  /// there.
  virtual std::optional<std::string> find_by_tag(const std::string& tag, const std::stop_token& stop) = 0;
};

struct Account {
  std::string api_base = "https://api.heygen.com";  ///< may carry a path prefix; no trailing slash
  std::string key;
};

std::unique_ptr<Provider> make_v2(net::Client& client, Account account, Clock& clock);
std::unique_ptr<Provider> make_v3(net::Client& client, Account account, Clock& clock);

/// Which dialect `api` ("auto", "v2", "v3") means for this clip, or Error{usage} with the clip's mark when
/// the chosen dialect cannot express it (what, and which one can). auto: v3 for neutral words and v3-shaped
/// bodies, v2 for a v2-shaped body or words v3 has no field for. v3 for a v2-shaped body is a translation.
std::string choose_dialect(const AvatarRef& clip, const std::string& api);

/// Checks the words against the documented limits (text length, sizes, ranges) before any money is spent, and
/// warns of what a translated body loses. Error{usage} with the clip's mark.
void validate(const AvatarRef& clip, const std::string& dialect);

/// The request as canonical JSON text, independent of the dialect: the content of the clip key. Does not
/// contain `take` or any tag.
std::string canonical_request(const AvatarRef& clip);

/// The background colour that the clip asks for: the neutral word's, or read from the vendor's own body;
/// nullopt when there is none or it is no single colour.
std::optional<Color> requested_background(const AvatarRef& clip);
/// Whether the clip is asked for without a background: by the neutral word, or by the vendor's own body.
bool is_transparent(const AvatarRef& clip);
/// Whether the clip asked for test mode (free, watermarked).
bool is_test(const AvatarRef& clip);

/// HEYGEN_API_KEY, else the file ~/.heygen/credentials (JSON with api_key, or the bare key), which must not
/// be readable by others (mode 0600). Registered as a secret with log/. nullopt: none. Error{usage}: unsafe
/// file.
std::optional<std::string> load_api_key();
/// Where load_api_key() found it, or would look last: HEYGEN_API_KEY, or a path.
std::string api_key_source();
/// `given` or HEYGEN_API_BASE or the vendor's; checked: https, or http with HEYGEN_ALLOW_HTTP=1. No trailing
/// slash.
std::string resolve_api_base(const std::string& given);
bool allow_http();  ///< HEYGEN_ALLOW_HTTP=1

}  // namespace avstage::heygen
