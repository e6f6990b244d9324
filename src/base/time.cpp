#include "avstage/time.h"

#include <fmt/format.h>

#include <limits>

#include "avstage/error.h"

namespace avstage {
namespace {

__extension__ using Wide = __int128;

Wide wide_gcd(Wide a, Wide b) {
  if (a < 0) a = -a;
  while (b != 0) {
    Wide rest = a % b;
    a = b;
    b = rest;
  }
  return a;
}

Rational narrow(Wide num, Wide den) {
  if (den == 0) throw Error(ErrorCode::bug, "division by zero in time arithmetic");
  if (den < 0) {
    num = -num;
    den = -den;
  }
  if (Wide common = wide_gcd(num, den < 0 ? -den : den); common > 1) {
    num /= common;
    den /= common;
  }
  constexpr Wide max = std::numeric_limits<std::int64_t>::max();
  if (num > max || num < -max || den > max) throw Error(ErrorCode::bug, "time arithmetic exceeds 64 bits");
  Rational r;
  r.num = static_cast<std::int64_t>(num);
  r.den = static_cast<std::int64_t>(den);
  return r;
}

}  // namespace

Rational::Rational(std::int64_t numerator, std::int64_t denominator) {
  *this = narrow(numerator, denominator);
}

std::int64_t Rational::floor() const {
  std::int64_t q = num / den;
  return num % den < 0 ? q - 1 : q;
}

std::int64_t Rational::ceil() const {
  return -(-*this).floor();
}

std::int64_t Rational::round() const {
  if (num < 0) return -(-*this).round();
  return static_cast<std::int64_t>((Wide(num) * 2 + den) / (Wide(den) * 2));
}

std::string Rational::str() const {
  return den == 1 ? fmt::format("{}", num) : fmt::format("{}/{}", num, den);
}

Rational operator+(Rational a, Rational b) {
  return narrow(Wide(a.num) * b.den + Wide(b.num) * a.den, Wide(a.den) * b.den);
}
Rational operator-(Rational a, Rational b) {
  return narrow(Wide(a.num) * b.den - Wide(b.num) * a.den, Wide(a.den) * b.den);
}
Rational operator*(Rational a, Rational b) {
  return narrow(Wide(a.num) * b.num, Wide(a.den) * b.den);
}
Rational operator/(Rational a, Rational b) {
  return narrow(Wide(a.num) * b.den, Wide(a.den) * b.num);
}

std::strong_ordering operator<=>(Rational a, Rational b) {
  Wide left = Wide(a.num) * b.den, right = Wide(b.num) * a.den;
  if (left < right) return std::strong_ordering::less;
  return left > right ? std::strong_ordering::greater : std::strong_ordering::equal;
}

std::optional<Rational> parse_decimal(std::string_view text) {
  bool negative = !text.empty() && text.front() == '-';
  if (negative) text.remove_prefix(1);
  std::size_t point = text.find('.');
  std::string_view whole = text.substr(0, point);
  std::string_view part = point == std::string_view::npos ? "" : text.substr(point + 1);
  if (whole.empty() || whole.size() > 9 || part.size() > 9) return std::nullopt;
  if (point != std::string_view::npos && part.empty()) return std::nullopt;
  std::int64_t value = 0, scale = 1;
  for (char c : whole) {
    if (c < '0' || c > '9') return std::nullopt;
    value = value * 10 + (c - '0');
  }
  for (char c : part) {
    if (c < '0' || c > '9') return std::nullopt;
    value = value * 10 + (c - '0');
    scale *= 10;
  }
  return Rational(negative ? -value : value, scale);
}

std::optional<Rational> parse_frame_rate(std::string_view text) {
  std::optional<Rational> rate;
  if (text == "23.976" || text == "23.98") {
    rate = Rational(24000, 1001);
  } else if (text == "29.97") {
    rate = Rational(30000, 1001);
  } else if (text == "47.952" || text == "47.95") {
    rate = Rational(48000, 1001);
  } else if (text == "59.94") {
    rate = Rational(60000, 1001);
  } else if (std::size_t slash = text.find('/'); slash != std::string_view::npos) {
    auto num = parse_decimal(text.substr(0, slash)), den = parse_decimal(text.substr(slash + 1));
    if (num && den && num->den == 1 && den->den == 1 && den->num > 0) rate = Rational(num->num, den->num);
  } else {
    rate = parse_decimal(text);
  }
  if (!rate || *rate <= Rational(0) || *rate > Rational(480)) return std::nullopt;
  return rate;
}

std::int64_t to_frames(Time t, Rational fps) {
  return (t * fps).round();
}

std::int64_t frame_to_sample(std::int64_t frame, Rational fps, int sample_rate) {
  return (Rational(frame) * Rational(sample_rate) / fps).round();
}

}  // namespace avstage
