#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "avstage/job.h"
#include "timeline/value.h"

namespace avstage {

/// "12", "12.5" (seconds), "1:02.5", "01:02:03.25", "00:00:10:12" (timecode: its last field counts frames,
/// and all of it counts at the whole rate next to `fps`, without drop frames), "125f". Exact. nullopt when it
/// is none of these, negative, over 100 hours or finer than a microsecond.
std::optional<TimeValue> parse_time_value(std::string_view text, Rational fps);

/// A time value, "auto", "end", "end-2", "@clip.start" or "@clip.end" with an offset such as +1 or -12f.
/// Which of these a field allows is for its reader below to say.
std::optional<TimeExpr> parse_time_expr(std::string_view text, Rational fps);

/// The value of a field, a number or a string. Error{usage} with what the field allows.
TimeExpr read_start(const Value& value, Rational fps);     ///< a time, an anchor, or before the "end"
TimeExpr read_length(const Value& value, Rational fps);    ///< in, out: a time in the media
TimeExpr read_duration(const Value& value, Rational fps);  ///< above 0, "auto", until "end" or an anchor
TimeValue read_fade(const Value& value, Rational fps);
Rational read_deadline(const Value& value);

/// In seconds on a canvas of `fps`.
Rational to_seconds(const TimeValue& value, Rational fps);

}  // namespace avstage
