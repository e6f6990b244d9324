#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace avstage {

/// An exact fraction in lowest terms, den > 0. Arithmetic is done in 128 bits; a result that does not fit
/// 64/64 bits throws Error{bug}. Used for seconds, frame rates and time bases. Immutable value, any thread.
struct Rational {
  std::int64_t num = 0;
  std::int64_t den = 1;

  constexpr Rational() = default;
  constexpr Rational(std::int64_t whole) : num(whole) {}  // NOLINT: a whole number is a rational
  Rational(std::int64_t numerator, std::int64_t denominator);

  double to_double() const { return static_cast<double>(num) / static_cast<double>(den); }
  std::int64_t floor() const;
  std::int64_t ceil() const;
  std::int64_t round() const;  ///< to nearest, halves away from zero
  std::string str() const;     ///< "25" or "30000/1001"

  friend Rational operator+(Rational a, Rational b);
  friend Rational operator-(Rational a, Rational b);
  friend Rational operator*(Rational a, Rational b);
  friend Rational operator/(Rational a, Rational b);
  friend Rational operator-(Rational a) { return {-a.num, a.den}; }
  friend std::strong_ordering operator<=>(Rational a, Rational b);
  friend bool operator==(Rational a, Rational b) { return a.num == b.num && a.den == b.den; }
};

/// Seconds.
using Time = Rational;

/// Half-open: [start, start + duration).
struct TimeRange {
  Time start;
  Time duration;
  Time end() const { return start + duration; }
  friend bool operator==(const TimeRange&, const TimeRange&) = default;
};

/// "12", "12.5", "-0.04" exactly; nullopt when it is not a plain decimal number (no exponent, ≤ 9 decimals).
std::optional<Rational> parse_decimal(std::string_view text);

/// "90s", "40m", "1.5h", or plain seconds, as seconds.
std::optional<Rational> parse_duration(std::string_view text);

/// "25", "24000/1001", and the field's short forms "23.976", "29.97", "59.94" as their exact n/1001.
/// nullopt when it is none of these or not in (0, 1000].
std::optional<Rational> parse_frame_rate(std::string_view text);

/// Frames on the grid of `fps` nearest to `t`; samples likewise. Never negative for t >= 0.
std::int64_t to_frames(Time t, Rational fps);
/// The first sample of frame `frame`: rounded from the exact rational, so edges never drift.
std::int64_t frame_to_sample(std::int64_t frame, Rational fps, int sample_rate);

}  // namespace avstage
