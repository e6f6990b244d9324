#pragma once

#include <cstddef>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>

struct evp_md_ctx_st;

namespace avstage {

/// SHA-256 (FIPS 180-4), by OpenSSL: it uses the processor's own instructions. One thread.
class Sha256 {
 public:
  Sha256();
  ~Sha256();
  Sha256(const Sha256&) = delete;
  Sha256& operator=(const Sha256&) = delete;
  void update(std::span<const std::byte> data);
  void update(std::string_view text);
  /// 64 lower-case hex digits; the object must not be used afterwards.
  std::string hex();

 private:
  evp_md_ctx_st* context_;  ///< OpenSSL's EVP_MD_CTX
};

std::string sha256_hex(std::string_view text);
/// Of a whole file; Error{input} when it cannot be read, Error{interrupted} on `stop`.
std::string sha256_file(const std::string& path, const std::stop_token& stop = {});

}  // namespace avstage
