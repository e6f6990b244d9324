#include "media/inventory.h"

#include "media/av.h"

namespace avstage::media {
namespace {

bool is_there(Part part, const char* name) {
  switch (part) {
    case Part::encoder:
      return avcodec_find_encoder_by_name(name) != nullptr;
    case Part::decoder:
      return avcodec_find_decoder_by_name(name) != nullptr;
    case Part::filter:
      return avfilter_get_by_name(name) != nullptr;
  }
  return false;
}

}  // namespace

std::vector<std::string> missing(Part part, std::span<const char* const> names) {
  std::vector<std::string> out;
  for (const char* name : names) {
    if (!is_there(part, name)) out.emplace_back(name);
  }
  return out;
}

}  // namespace avstage::media
