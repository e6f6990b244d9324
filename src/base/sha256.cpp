#include "base/sha256.h"

#include <fmt/format.h>
#include <openssl/evp.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>
#include <new>
#include <vector>

#include "avstage/error.h"
#include "base/stop.h"

namespace avstage {
namespace {

/// It fails for want of memory only.
void require(int answer) {
  if (answer != 1) throw std::bad_alloc();
}

}  // namespace

Sha256::Sha256() : context_(EVP_MD_CTX_new()) {
  if (context_ == nullptr) throw std::bad_alloc();
  if (EVP_DigestInit_ex(context_, EVP_sha256(), nullptr) == 1) return;
  EVP_MD_CTX_free(context_);
  throw std::bad_alloc();
}

Sha256::~Sha256() {
  EVP_MD_CTX_free(context_);
}

void Sha256::update(std::span<const std::byte> data) {
  require(EVP_DigestUpdate(context_, data.data(), data.size()));
}

void Sha256::update(std::string_view text) {
  update(std::as_bytes(std::span(text.data(), text.size())));
}

std::string Sha256::hex() {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned size = 0;
  require(EVP_DigestFinal_ex(context_, digest.data(), &size));
  std::string out;
  for (unsigned i = 0; i < size; ++i) out += fmt::format("{:02x}", digest[i]);
  return out;
}

std::string sha256_hex(std::string_view text) {
  Sha256 hash;
  hash.update(text);
  return hash.hex();
}

std::string sha256_file(const std::string& path, const std::stop_token& stop) {
  std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(path.c_str(), "rb"), &std::fclose);
  if (!file) throw Error(ErrorCode::input, fmt::format("{}: {}", path, std::strerror(errno)), "unreadable");
  Sha256 hash;
  std::vector<std::byte> buffer(1 << 18);
  while (std::size_t n = std::fread(buffer.data(), 1, buffer.size(), file.get())) {
    require_going(stop, path);
    hash.update(std::span(buffer.data(), n));
  }
  if (std::ferror(file.get())) throw Error(ErrorCode::input, path + ": read error", "unreadable");
  return hash.hex();
}

}  // namespace avstage
