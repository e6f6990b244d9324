#include "run/clips/contract.h"

#include <fmt/format.h>

#include <cmath>

#include "base/log.h"

namespace avstage::run {
namespace {

/// Seconds between the vendor's word and the file; where nothing but that word says where the end is, the
/// last tenth of a second of a sound that is longer than the picture.
constexpr double kDurationTolerance = 0.5, kOnlyWordTolerance = 0.1;

}  // namespace

/// A clip of an hour where the vendor said three seconds is not the clip that was bought, and rendering it
/// would cost an hour's work.
void require_likely_length(const std::string& label, const MediaFacts& facts,
                           const heygen::VideoStatus& status) {
  if (!status.duration || !facts.available) return;
  const double most = 2 * *status.duration + 10, found = facts.available->to_double();
  if (found <= most) return;
  throw Error(
      ErrorCode::input,
      fmt::format("{}: the vendor said {:.3f} s, the file holds {:.3f} s; allowed are at most twice as many "
                  "and 10 more",
                  label, *status.duration, found),
      "too_long");
}

/// Compares what arrived with what the vendor said, once the bytes are all there.
void check_contract(const std::string& label, const MediaFacts& promised, const MediaFacts& found,
                    const heygen::VideoStatus& status, bool length_proven, bool end_marked) {
  if (!found.video) throw Error(ErrorCode::input, label + ": the clip has no picture", "no_video");
  require_promised_length(label, promised, found);
  Time end = found.available.value_or(Time(0));
  const bool proven = length_proven || end_marked;
  if (!status.duration) {
    if (proven) return;
    throw Error(ErrorCode::input,
                fmt::format("{}: nothing proves that {:.3f} s are all: the server closed the connection "
                            "without a length, the file has no index, and the vendor named no duration",
                            label, end.to_double()),
                "incomplete");
  }
  const double off = std::abs(*status.duration - end.to_double());
  if (off <= (proven ? kDurationTolerance : kOnlyWordTolerance)) return;
  std::string message = fmt::format("{}: the vendor said {:.3f} s, the file holds {:.3f} s", label,
                                    *status.duration, end.to_double());
  if (!length_proven || !end_marked) throw Error(ErrorCode::input, message, "incomplete");
  log::warning("{}", message);
}

void require_promised_length(const std::string& label, const MediaFacts& promised, const MediaFacts& found) {
  Time promised_end = promised.available.value_or(Time(0)), end = found.available.value_or(Time(0));
  if (to_frames(promised_end, Rational(25)) != to_frames(end, Rational(25))) {
    throw Error(ErrorCode::input,
                fmt::format("{}: its header promised {:.3f} s, but it holds {:.3f} s", label,
                            promised_end.to_double(), end.to_double()),
                "incomplete");
  }
}

}  // namespace avstage::run
