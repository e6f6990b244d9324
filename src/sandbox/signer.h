#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace avstage::sandbox {

/// HMAC-SHA-256 (RFC 2104).
std::array<std::uint8_t, 32> hmac_sha256(std::string_view key, std::string_view message);
/// URL-safe base64 without padding.
std::string base64url(const std::array<std::uint8_t, 32>& bytes);

/// `bytes` random bytes from the system as lower-case hex.
std::string random_hex(std::size_t bytes);

/// Signs paths for a limited time, in the manner of CloudFront's canned policy. Immutable: any thread.
class Signer {
 public:
  /// The secret lives in `file`, which is made when it is missing. Error{local}.
  explicit Signer(const std::string& file);

  /// "path?Expires=…&Signature=…&Key-Pair-Id=…"
  std::string sign(const std::string& path, std::int64_t expires) const;
  /// Whether the three query values are what sign() made for `path`, and `now` is before their expiry.
  bool check(const std::string& path, const std::string& expires, const std::string& signature,
             const std::string& key_pair, std::int64_t now) const;
  /// A stable hex word for paths, different for every secret.
  const std::string& folder_name() const { return folder_name_; }

 private:
  std::string signature(const std::string& path, const std::string& expires) const;

  std::string secret_;
  std::string key_pair_;
  std::string folder_name_;
};

}  // namespace avstage::sandbox
