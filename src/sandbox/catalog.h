#pragma once

#include <string>
#include <vector>

namespace avstage::sandbox {

/// What the stand-in offers to those who ask. Any other id is accepted too and gets looks and a voice of its
/// own.
struct CatalogFigure {
  std::string id;     ///< the dress that it names is the one that is drawn
  std::string group;  ///< one person in several looks
  std::string gender;
};
struct CatalogSpeaker {
  std::string id, name, gender;
  std::string language;
};
const std::vector<CatalogFigure>& catalog_figures();
const std::vector<CatalogSpeaker>& catalog_speakers();

}  // namespace avstage::sandbox
