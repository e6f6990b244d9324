#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/mezzanine.h"

/// Frames of ProRes (SMPTE RDD 36) and DNxHR (SMPTE ST 2019-1) as bytes: what their headers say of
/// themselves. Pure; never throws.
namespace avstage::media {

/// The profile that the four characters of a ProRes track name; nullptr: none that is copied.
const Mezzanine* prores_profile(std::uint32_t fourcc);
/// The profile that a DNxHR frame's compression id names; nullptr: none that is copied.
const Mezzanine* dnxhr_profile(std::string_view frame);

/// What a stream and each of its frames have to be.
struct IntraPicture {
  const Mezzanine* profile = nullptr;
  int width = 0, height = 0;
};
/// Why a frame cannot stand in a film of such pictures, progressive, 4:2:2, BT.709 and without alpha, as the
/// end of "it is encoded: …"; "": it can. What is not said counts as that.
std::string why_not_prores_frame(std::string_view frame, const IntraPicture& picture);
std::string why_not_dnxhr_frame(std::string_view frame, const IntraPicture& picture);

}  // namespace avstage::media
