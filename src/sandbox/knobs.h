#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sandbox/sandbox.h"

namespace avstage::sandbox {

/// What happens the first, the second … time: a list; after its end all is well. One value: every time.
template <typename T>
struct Times {
  std::vector<T> values;
  bool always = true;

  /// Counted from 0.
  T at(std::size_t n) const {
    if (values.empty()) return T{};
    if (always) return values.front();
    return n < values.size() ? values[n] : T{};
  }
};

/// A step of a scripted life: lasts `seconds`, or one status call.
struct StatusStep {
  std::string status;
  std::optional<double> seconds;
};

/// A place in a file: bytes, or a share of its size.
struct FilePosition {
  std::uint64_t bytes = 0;
  std::optional<double> percent;

  std::uint64_t in(std::uint64_t size) const;
};

/// How one answer of the file server goes wrong. Positions are offsets in the file; one before the range that
/// was asked for does nothing.
struct CdnFault {
  int status = 0;  ///< refused with this
  bool ranges = true;
  std::string length = "exact";  ///< exact, chunked, none
  std::optional<FilePosition> truncate, reset, stall;
  std::optional<FilePosition> claim;  ///< the size that all headers tell
  std::int64_t shift = 0;             ///< the bytes sent are so many further on than the headers say
  std::string redirect;               ///< once, loop, other_host
  std::string etag;
  std::optional<double> rate;  ///< bytes a second
};

/// Everything that can be set about one order. The table in knobs.cpp is its file format, the header's format
/// and the documentation.
struct Knobs {
  std::string sunset = "off";
  Times<std::string> create, poll;
  std::string envelope;  ///< E1 … E8; empty: that of the path's generation
  double retry_after = 1, answer_after = 0;
  std::vector<StatusStep> statuses;
  std::string failure_code = "40056", failure_message = "Video generation failed";
  std::string failure_detail = "scripted";
  bool completed_with_error = false;
  int without_url = 0;
  double list_lag = 0;
  std::optional<double> make_time, url_ttl;
  int url_not_ready = 0;
  Times<CdnFault> cdn;
  std::optional<Index> index;
  std::string webm = "alpha";  ///< of transparent clips: alpha, opaque, plain, refused
  std::string webhook = "once";
};

/// Which orders a rule is for; what is not given fits every order.
struct Rule {
  std::string title;  ///< part of it
  std::string dialect;
  std::int64_t number = 0;
  Knobs knobs;
};

struct Script {
  int concurrency = 0;  ///< 0: no limit
  std::string webhook_secret;
  Knobs knobs;  ///< of orders that no rule fits, and the start of every rule's
  std::vector<Rule> orders;
};

/// Throws Error{usage} with the place in `file_name`, what was found and what is allowed.
Script read_script(std::string_view text, const std::string& file_name);
/// The X-Sandbox-Fault header: a JSON object with knobs, laid over `knobs`. Throws Error{usage}.
Knobs read_header_knobs(std::string_view text, Knobs knobs);

/// Whether a header or a script says this HTTP status.
int status_of_word(const std::string& word);

}  // namespace avstage::sandbox
