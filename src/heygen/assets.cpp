#include "heygen/assets.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "avstage/error.h"
#include "base/atomic_file.h"

namespace avstage::heygen {
namespace {

constexpr std::size_t max_upload = std::size_t(32) << 20;  // the vendor's limit for one request

/// "" for a type that the vendor does not take. The ending of a name proves nothing.
std::string_view sniff(std::string_view content) {
  struct Magic {
    std::size_t at;
    std::string_view bytes, type;
  };
  static constexpr std::array magics{Magic{0, "\x89PNG\r\n\x1a\n", "image/png"},
                                     Magic{0, "\xff\xd8\xff", "image/jpeg"},
                                     Magic{4, "ftyp", "video/mp4"},
                                     Magic{0, "\x1a\x45\xdf\xa3", "video/webm"},
                                     Magic{0, "ID3", "audio/mpeg"},
                                     Magic{8, "WAVE", "audio/wav"}};
  for (const Magic& magic : magics) {
    if (content.size() >= 12 && content.substr(magic.at).starts_with(magic.bytes)) return magic.type;
  }
  // An MPEG audio frame: eleven set bits, layer III.
  bool frame = content.size() >= 12 && content[0] == '\xff' && (content[1] & 0xe6) == 0xe2;
  return frame ? "audio/mpeg" : "";
}

std::string_view types_of(std::string_view kind) {
  return kind == "audio" ? "WAV, MP3" : kind == "image" ? "PNG, JPEG" : "MP4, WebM";
}

void add_backdrop(std::vector<NamedAsset>& out, AvatarScene& scene) {
  if (scene.backdrop) out.push_back({&scene.backdrop->media, scene.backdrop->video ? "video" : "image"});
}

void add_scene(std::vector<NamedAsset>& out, AvatarScene& scene) {
  if (scene.photo) out.push_back({&*scene.photo, "image"});
  if (scene.audio) out.push_back({&*scene.audio, "audio"});
  add_backdrop(out, scene);
}

}  // namespace

std::vector<NamedAsset> assets_of(AvatarRef& clip) {
  using Kind = TemplateVariable::Kind;
  std::vector<NamedAsset> out;
  add_scene(out, clip);
  for (AvatarScene& scene : clip.scenes) add_scene(out, scene);
  for (TemplateVariable& variable : clip.variables) {
    if (variable.kind == Kind::image) out.push_back({&variable.media, "image"});
    if (variable.kind == Kind::video) out.push_back({&variable.media, "video"});
    if (variable.kind == Kind::audio) out.push_back({&variable.media, "audio"});
  }
  return out;
}

std::vector<const AvatarScene*> scenes_of(const AvatarRef& clip) {
  std::vector<const AvatarScene*> out;
  for (const AvatarScene& scene : clip.scenes) out.push_back(&scene);
  if (out.empty()) out.push_back(&clip);
  return out;
}

AssetFile read_asset_file(const AssetRef& asset, std::string_view kind) {
  auto fail = [&asset](const std::string& why) {
    return Error(ErrorCode::usage, fmt::format("{}: {}", asset.mark.str(), why), "asset");
  };
  AssetFile out;
  try {
    out.content = read_file(asset.file, max_upload);
  } catch (const Error& e) {
    throw fail(fmt::format("{}; allowed: a file of at most {} MiB", e.message(), max_upload >> 20));
  }
  out.mime_type = sniff(out.content);
  if (!out.mime_type.starts_with(kind)) {
    throw fail(fmt::format("{} is {}; allowed as {}: {}", asset.file,
                           out.mime_type.empty() ? "of no type that the vendor takes" : out.mime_type, kind,
                           types_of(kind)));
  }
  out.name = asset.file.substr(asset.file.rfind('/') + 1);
  return out;
}

}  // namespace avstage::heygen
