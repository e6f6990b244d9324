#include "run/commands/doctor.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <unistd.h>

#include <array>
#include <filesystem>

#include "avstage/doctor.h"
#include "base/disk.h"
#include "base/log.h"
#include "heygen/catalog.h"
#include "ledger/file_system.h"
#include "ledger/ledger.h"
#include "media/font_file.h"
#include "media/inventory.h"
#include "media/text_image.h"
#include "run/clips/account.h"

namespace avstage {
namespace {

namespace fs = std::filesystem;
using State = Finding::State;

constexpr const char* kFfmpegAdvice =
    "install FFmpeg's libraries with it (Debian: libavcodec-extra, libavfilter-extra)";
constexpr std::array kEncoders{"libx264", "aac"};
constexpr std::array kMoreEncoders{"libx265", "prores_ks", "dnxhd", "pcm_s24le", "libvpx-vp9", "libopus"};
constexpr std::array kDecoders{"h264", "aac", "png", "mjpeg"};
constexpr std::array kMoreDecoders{"libvpx-vp9", "hevc",   "vp9",   "opus",
                                   "mp3float",   "prores", "dnxhd", "flac"};
constexpr std::array kSandboxFilters{"flite"};
constexpr std::array kFilters{
    "alimiter",  "alphaextract", "alphamerge",       "aresample",   "blend",   "boxblur",   "bwdif",
    "chromakey", "color",        "colortemperature", "crop",        "despill", "drawtext",  "ebur128",
    "eq",        "fade",         "format",           "gblur",       "geq",     "hflip",     "hue",
    "lut",       "maskedmerge",  "overlay",          "premultiply", "scale",   "setparams", "setsar",
    "split",     "transpose",    "unpremultiply",    "unsharp",     "vflip",   "vignette"};

Finding good(const std::string& check, const std::string& found) {
  return {check, State::ok, found};
}
Finding doubtful(const std::string& check, const std::string& found, const std::string& advice) {
  return {check, State::warning, found, advice};
}
Finding bad(const std::string& check, const std::string& found, const std::string& advice, ErrorCode code) {
  return {check, State::failed, found, advice, code};
}

std::string list_of(const std::vector<std::string>& names) {
  return fmt::format("{}", fmt::join(names, ", "));
}

/// `must` decides whether a render works at all, `may` only what it can work on.
Finding check_parts(const std::string& check, media::Part part, std::span<const char* const> must,
                    std::span<const char* const> may, const std::string& lost) {
  if (auto gone = media::missing(part, must); !gone.empty()) {
    return bad(check, "missing: " + list_of(gone), kFfmpegAdvice, ErrorCode::local);
  }
  if (auto gone = media::missing(part, may); !gone.empty()) {
    return doubtful(check, "missing: " + list_of(gone), fmt::format("{}; {}", lost, kFfmpegAdvice));
  }
  if (must.size() > 8) return good(check, fmt::format("all {} are there", must.size()));
  std::string words = fmt::format("{}", fmt::join(must, ", "));
  return good(check, may.empty() ? words : fmt::format("{}, {}", words, fmt::join(may, ", ")));
}

Finding check_font() {
  try {
    std::string font = media::default_font();
    media::require_font(font);
    return good("font", font);
  } catch (const Error& e) {
    return bad("font", e.message(), "install the package fonts-dejavu-core", ErrorCode::local);
  }
}

/// The folder, or where it will be made.
Finding check_folder(const std::string& check, const std::string& dir, bool local_only) {
  constexpr std::uint64_t kLeast = 100ULL << 20, kEnough = 2ULL << 30;
  const std::string other = fmt::format("choose another folder with --{} or AVSTAGE_{}", check,
                                        check == "state" ? "STATE" : "CACHE");
  const fs::path there = nearest_existing(dir);
  std::error_code ec;
  if (!fs::is_directory(there, ec))
    return bad(check, there.string() + " is no folder", other, ErrorCode::local);
  if (::access(there.c_str(), W_OK | X_OK) != 0) {
    return bad(check, fmt::format("{}: no permission to write in {}", dir, there.string()), other,
               ErrorCode::local);
  }
  std::string network = ledger::network_name(ledger::file_system_of(there.string()));
  if (!network.empty() && local_only) {
    return bad(check, fmt::format("{} is on a network file system ({})", dir, network), other,
               ErrorCode::local);
  }
  std::uint64_t free = free_bytes(there).value_or(0);
  std::string found =
      fmt::format("{}{}, {:.1f} GB free", dir, there == fs::absolute(dir, ec) ? "" : " (will be made)",
                  static_cast<double>(free) / 1e9);
  if (free < kLeast) return bad(check, found, "make room, or " + other, ErrorCode::local);
  if (!network.empty())
    return doubtful(check, found + ", over a network (" + network + ")", "it will be slow; " + other);
  if (free < kEnough) return doubtful(check, found, "make room, or " + other);
  return good(check, found);
}

Finding check_state(const std::string& dir) {
  Finding folder = check_folder("state", dir, true);
  std::error_code ec;
  if (folder.state == State::failed || !fs::exists(dir + "/ledger.sqlite", ec)) return folder;
  try {
    std::size_t entries = ledger::Ledger::open(dir, system_clock())->list().size();
    folder.found += fmt::format(", ledger with {} entries", entries);
    return folder;
  } catch (const Error& e) {
    return bad("state", e.message(),
               "keep a copy of the folder: it says what was paid for; then choose another", e.code());
  }
}

/// The key, where it is from, and the account with it; a stand-in needs none.
Finding check_key(const Settings& settings, heygen::Account& account) {
  if (!settings.sandbox.empty()) return good("key", "none needed for the stand-in");
  try {
    run::require_key(account);
    return good("key", "from " + heygen::api_key_source());
  } catch (const Error& e) {
    return bad("key", e.message(), "see the README, \"Environment and exit codes\"", e.code());
  }
}

Finding check_credit(const Quota& quota) {
  if (!quota.remaining) return good("account", fmt::format("the key is accepted ({})", quota.billing));
  std::string found = fmt::format("the key is accepted, {} {} left", *quota.remaining, quota.unit);
  if (*quota.remaining > 0) return good("account", found);
  return doubtful("account", found,
                  "top up before anything is to be bought; what was bought is rendered without");
}

/// Whether the API answers, and whether it takes the key, in one question that costs nothing.
void check_api(const Settings& settings, const heygen::Account& account, std::vector<Finding>& out,
               const std::stop_token& stop) {
  try {
    net::Client client(run::client_options(settings));
    Quota quota = heygen::Catalog(client, account, system_clock(), "v3").quota(stop);
    out.push_back(good("api", account.api_base + " answers"));
    out.push_back(check_credit(quota));
  } catch (const Error& e) {
    if (e.code() == ErrorCode::interrupted) throw;
    if (e.code() == ErrorCode::money) {
      out.push_back(good("api", account.api_base + " answers"));
      if (account.key.empty()) return;  // said under "key"
      out.push_back(
          bad("account", e.message(), "check the key and what it may do on the vendor's site", e.code()));
    } else if (e.code() == ErrorCode::network) {
      out.push_back(
          bad("api", e.message(), "check the network, HTTPS_PROXY and --api-base, then try again", e.code()));
    } else {
      out.push_back(bad("api", e.message(), "check --api-base and HEYGEN_API_BASE", e.code()));
    }
  }
}

}  // namespace

std::span<const char* const> run::needed_filters() {
  return kFilters;
}

std::vector<Finding> examine(const Settings& settings, const std::stop_token& stop) {
  using media::Part;
  std::vector<Finding> out;
  out.push_back(
      good("libraries", fmt::format("avstage {}, {}, {}, {}", AVSTAGE_VERSION, media::library_versions(),
                                    net::library_version(), ledger::library_version())));
  out.push_back(check_parts(
      "encoders", Part::encoder, kEncoders, kMoreEncoders,
      "outputs in hevc (libx265), ProRes (prores_ks, pcm_s24le) or DNxHR (dnxhd, pcm_s24le), or the "
      "sandbox's transparent clips (the others) will fail"));
  out.push_back(
      check_parts("decoders", Part::decoder, kDecoders, kMoreDecoders,
                  "media in these cannot be read (libvpx-vp9: a transparent WebM would lose its alpha)"));
  out.push_back(check_parts("filters", Part::filter, kFilters, {}, ""));
  bool sandbox = !settings.sandbox.empty();
  if (!media::missing(Part::filter, kSandboxFilters).empty()) {
    const char* const found = "missing: flite, with which the sandbox speaks";
    out.push_back(sandbox ? bad("voice", found, kFfmpegAdvice, ErrorCode::local)
                          : doubtful("voice", found, kFfmpegAdvice));
  }
  out.push_back(check_font());
  for (const char* folder : {"state", "cache"}) {
    try {
      out.push_back(folder == std::string("state") ? check_state(settings.state_dir)
                                                   : check_folder("cache", settings.cache_dir, false));
    } catch (const Error& e) {
      out.push_back(bad(folder, e.message(), "choose another folder", e.code()));
    }
  }
  try {
    heygen::Account account = run::account_of(settings);
    out.push_back(check_key(settings, account));
    check_api(settings, account, out, stop);
  } catch (const Error& e) {
    if (e.code() == ErrorCode::interrupted) throw;
    out.push_back(bad("api", e.message(), "check --api-base and HEYGEN_API_BASE", e.code()));
  }
  for (Finding& finding : out) finding.found = log::redact(finding.found);
  return out;
}

}  // namespace avstage
