#include "run/gop_cache.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <optional>
#include <sstream>

#include "base/atomic_file.h"
#include "base/sha256.h"
#include "media/gops.h"
#include "run/cache_folder.h"
#include "run/prepare.h"

namespace avstage::run {
namespace {

constexpr const char* kHead = "avstage gops 3";

std::string hex_of(const std::string& bytes) {
  std::string out;
  for (unsigned char c : bytes) out += fmt::format("{:02x}", c);
  return out;
}

std::optional<std::string> bytes_of(const std::string& hex) {
  std::string out;
  for (std::size_t i = 0; i < hex.size(); i += 2) {
    unsigned char byte = 0;
    const char* end = hex.data() + std::min(i + 2, hex.size());
    if (std::from_chars(hex.data() + i, end, byte, 16).ptr != hex.data() + i + 2) return std::nullopt;
    out.push_back(static_cast<char>(byte));
  }
  return out;
}

std::string text_of(const GopIndex& index) {
  std::string out = fmt::format("{}\n{}\n{}\n{}\n", kHead, index.why_not, index.codec, hex_of(index.sets));
  for (const Gop& gop : index.gops) {
    out += fmt::format("{} {} {} {}\n", gop.first, gop.frames, gop.bytes, fmt::join(gop.cuts, " "));
  }
  return out + "end\n";
}

/// nullopt: not whole, or of another time.
std::optional<GopIndex> read_index(const std::string& text) {
  std::istringstream in(text);
  std::string head, sets, line;
  GopIndex index;
  if (!std::getline(in, head) || head != kHead || !std::getline(in, index.why_not) ||
      !std::getline(in, index.codec) || !std::getline(in, sets)) {
    return std::nullopt;
  }
  const auto bytes = bytes_of(sets);
  if (!bytes) return std::nullopt;
  index.sets = *bytes;
  while (std::getline(in, line) && line != "end") {
    Gop gop;
    std::istringstream numbers(line);
    if (!(numbers >> gop.first >> gop.frames >> gop.bytes)) return std::nullopt;
    for (int cut = 0; numbers >> cut;) gop.cuts.push_back(cut);
    index.gops.push_back(std::move(gop));
  }
  return line == "end" ? std::optional(index) : std::nullopt;
}

}  // namespace

GopIndex known_gops(Session& session, const std::string& path, Rational fps) {
  const std::string folder = gops_dir(session.settings().cache_dir);
  const std::string hash = session.content_hash(path);
  const std::string key = sha256_hex(fmt::format("{}\n{}\n{}", toolchain(), hash, fps.str()));
  const std::string file = folder + "/" + key;
  if (::access(file.c_str(), R_OK) == 0) {
    if (auto index = read_index(read_file(file))) return *index;
  }
  GopIndex index = media::scan_gops(path, fps, session.stop());
  if (session.content_hash(path) != hash)
    throw Error(ErrorCode::input, path + " changed while its packets were looked through", "changed");
  make_directories(folder);
  write_file_atomically(file, text_of(index));
  return index;
}

}  // namespace avstage::run
