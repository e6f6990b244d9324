#pragma once

#include <functional>
#include <mutex>
#include <optional>
#include <set>
#include <stop_token>
#include <string>

#include "heygen/answer.h"
#include "heygen/provider.h"

namespace avstage::heygen {

/// How long and how large an answer may be: the vendor's whole lists are neither quick nor small.
enum class AnswerSize { ordinary, list };

/// What both dialects share: requests with the key, the repetition of GETs, warnings that are given once.
/// Any thread.
class Api {
 public:
  Api(net::Client& client, Account account, Clock& clock);

  /// One POST of a paid request, judged. Never repeated.
  SubmitResult create(const std::string& path, const Json& body, const net::Headers& extra,
                      const std::stop_token& stop);

  /// The body of a GET's answer, repeated on transport errors, 408, 425, 429, 5xx and answers that are not
  /// `usable`. nullopt on 404. Throws as Provider::status says; Error{vendor} for any other refusal.
  std::optional<Json> get(const std::string& path, bool (*usable)(const Json& body),
                          const std::stop_token& stop, AnswerSize size = AnswerSize::ordinary,
                          const BusyWait& wait = {});

  /// One file to `url`, with the key. Its answer's body; repeated like a GET, since an upload is free.
  Json upload(const std::string& url, net::Headers type, const std::string& content,
              bool (*usable)(const Json& body), const std::stop_token& stop);

  const std::string& base() const { return account_.api_base; }
  void warn_once(const std::string& text);

 private:
  std::optional<Json> ask(const net::Request& request, const std::string& what,
                          bool (*usable)(const Json& body), const std::stop_token& stop,
                          const BusyWait& busy);
  net::Request request(const std::string& method, const std::string& path) const;
  net::Response perform(const net::Request& request, const std::stop_token& stop);
  void wait(int tried, std::optional<std::int64_t> asked, const std::stop_token& stop);
  void warn_of_removal(const Answer& answer);

  net::Client& client_;
  const Account account_;
  Clock& clock_;
  std::mutex mutex_;
  std::set<std::string> warned_;  ///< guarded by mutex_
};

/// `text` for a URL's path segment or query value.
std::string url_encode(std::string_view text);

/// What an answer to a create request means, whatever the dialect.
SubmitResult judge_create(const Answer& answer, std::int64_t now_unix);

/// The answer about one clip is usable: both dialects have the status in data.
bool has_status(const Json& body);

/// A list in pages. `next` gives the token of the following page, "" at the end.
struct Pages {
  std::string path;
  bool (*usable)(const Json& body);
  std::string (*next)(const Json& body);
};
/// Asks for page after page until `visit` answers true, or the end. False where it gave up before: a list
/// longer than 200 pages. Error{vendor} when there is no such list.
bool walk_pages(Api& api, const Pages& pages, const std::stop_token& stop,
                const std::function<bool(const Json& body)>& visit, int most = 200);
/// Pages::next of every v3 list.
std::string next_v3_page(const Json& body);
[[noreturn]] void no_such_list(const std::string& path);

/// Looks through the pages of a list, newest first, until `find` has an id.
struct Listing {
  Pages pages;
  std::optional<std::string> (*find)(const Json& body, const std::string& tag);
};
std::optional<std::string> find_in_list(Api& api, const Listing& listing, const std::string& tag,
                                        const std::stop_token& stop);
/// The id ("video_id" or "id") of the video among `videos` whose title (under `title_key`) has `tag`.
std::optional<std::string> find_tagged(const Json& videos, const char* title_key, const std::string& tag);

/// Status words and the order in which they are judged are the same in both dialects: a URL counts before an
/// error that stands beside it. `status` has all but `state` and `unpaid`.
VideoStatus judge_status(VideoStatus status, const std::string& video_id, Api& api);

}  // namespace avstage::heygen
