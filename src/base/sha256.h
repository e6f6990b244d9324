#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>

namespace avstage {

/// SHA-256 (FIPS 180-4). One thread.
class Sha256 {
 public:
  void update(std::span<const std::byte> data);
  void update(std::string_view text);
  /// 64 lower-case hex digits; the object must not be used afterwards.
  std::string hex();

 private:
  void block(const std::uint8_t* p);
  std::array<std::uint32_t, 8> state_{0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                                      0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
  std::array<std::uint8_t, 64> buffer_{};
  std::uint64_t length_ = 0;
};

std::string sha256_hex(std::string_view text);
/// Of a whole file; Error{input} when it cannot be read, Error{interrupted} on `stop`.
std::string sha256_file(const std::string& path, const std::stop_token& stop = {});

}  // namespace avstage
