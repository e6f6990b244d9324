#pragma once

#include "media/av.h"

namespace avstage::media {

/// Takes from the parameter set of an mp4's H.264 track what libavformat else decodes pictures for, 45 ms at
/// 15 Mbit/s: their format, colours and shape (ISO/IEC 14496-10, 7.3.2.1.1 and annex E). Called before the
/// track is analysed, which then may skip its pictures. False, with nothing changed, where that one set does
/// not say all of it or another may come: taken are `avc1`, progressive 8-bit 4:2:0 in limited range with
/// B-frames.
bool take_stated_pictures(AVCodecParameters& video);

}  // namespace avstage::media
