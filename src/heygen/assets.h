#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "avstage/job.h"

namespace avstage::heygen {

/// Media that a clip names, with what they are to be: "audio", "image" or "video".
struct NamedAsset {
  AssetRef* asset;
  std::string_view kind;
};
std::vector<NamedAsset> assets_of(AvatarRef& clip);

/// The scenes of a clip in neutral words: its `scenes`, or itself.
std::vector<const AvatarScene*> scenes_of(const AvatarRef& clip);

/// A local file that the vendor takes, with its content in memory.
struct AssetFile {
  std::string content;
  std::string mime_type;
  std::string name;  ///< without a folder
};

/// Reads a file that is to be uploaded as `kind`. Error{usage} with the asset's mark where it cannot be read,
/// is too large, or is not of a kind that the vendor takes there.
AssetFile read_asset_file(const AssetRef& asset, std::string_view kind);

}  // namespace avstage::heygen
