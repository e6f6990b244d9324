#include "sandbox/signer.h"

#include <fmt/format.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <sys/random.h>

#include <algorithm>
#include <cctype>
#include <charconv>
#include <filesystem>
#include <new>
#include <vector>

#include "avstage/error.h"
#include "base/atomic_file.h"
#include "base/sha256.h"

namespace avstage::sandbox {
namespace {

constexpr std::size_t kSecretBytes = 32;

std::string from_hex(std::string_view hex) {
  std::string out;
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2) {
    unsigned value = 0;
    std::from_chars(hex.data() + i, hex.data() + i + 2, value, 16);
    out += static_cast<char>(value);
  }
  return out;
}

/// Takes as long for a near miss as for any other.
bool equal(std::string_view a, std::string_view b) {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

std::string load_secret(const std::string& file) {
  if (!std::filesystem::exists(file)) write_file_atomically(file, random_hex(kSecretBytes));
  std::string secret = read_file(file, 4096);
  if (secret.size() != 2 * kSecretBytes ||
      secret.find_first_not_of("0123456789abcdef") != std::string::npos) {
    throw Error(ErrorCode::local, file + ": not a secret of the sandbox: 64 hex digits are wanted", "secret");
  }
  return from_hex(secret);
}

}  // namespace

std::array<std::uint8_t, 32> hmac_sha256(std::string_view key, std::string_view message) {
  std::array<std::uint8_t, 32> out{};
  const auto* bytes = reinterpret_cast<const unsigned char*>(message.data());
  if (HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()), bytes, message.size(), out.data(),
           nullptr) == nullptr) {
    throw std::bad_alloc();
  }
  return out;
}

std::string base64url(const std::array<std::uint8_t, 32>& bytes) {
  constexpr std::string_view kDigits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  std::string out;
  std::uint32_t bits = 0;
  int count = 0;
  for (std::uint8_t byte : bytes) {
    bits = bits << 8 | byte;
    for (count += 8; count >= 6; count -= 6) out += kDigits[bits >> (count - 6) & 63];
  }
  if (count > 0) out += kDigits[bits << (6 - count) & 63];
  return out;
}

std::string random_hex(std::size_t bytes) {
  std::vector<std::uint8_t> buffer(bytes);
  if (::getrandom(buffer.data(), buffer.size(), 0) != static_cast<ssize_t>(bytes)) {
    throw Error(ErrorCode::local, "the system gave no random bytes", "random");
  }
  std::string out;
  for (std::uint8_t byte : buffer) out += fmt::format("{:02x}", byte);
  return out;
}

Signer::Signer(const std::string& file) : secret_(load_secret(file)) {
  std::string name = sha256_hex("name " + secret_);
  folder_name_ = name.substr(0, 32);
  std::string id = name.substr(32, 13);
  std::transform(id.begin(), id.end(), id.begin(), [](unsigned char c) { return std::toupper(c); });
  key_pair_ = fmt::format("K{}", id);
}

std::string Signer::signature(const std::string& path, const std::string& expires) const {
  return base64url(hmac_sha256(secret_, path + "\n" + expires));
}

std::string Signer::sign(const std::string& path, std::int64_t expires) const {
  std::string when = fmt::format("{}", expires);
  return fmt::format("{}?Expires={}&Signature={}&Key-Pair-Id={}", path, when, signature(path, when),
                     key_pair_);
}

bool Signer::check(const std::string& path, const std::string& expires, const std::string& given,
                   const std::string& key_pair, std::int64_t now) const {
  if (key_pair != key_pair_ || !equal(given, signature(path, expires))) return false;
  std::int64_t until = 0;
  std::from_chars(expires.data(), expires.data() + expires.size(), until);
  return now < until;
}

}  // namespace avstage::sandbox
