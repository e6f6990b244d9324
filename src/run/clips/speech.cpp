#include "run/clips/speech.h"

#include <fmt/format.h>

#include "heygen/speech.h"
#include "media/silence.h"

namespace avstage::run {

void require_speech(const AvatarRef& avatar, const std::string& video_id, const std::string& label,
                    media::Demuxer demuxer, const MediaFacts& facts) {
  if (!heygen::guess_speech(avatar).spoken || !media::is_silent(std::move(demuxer), facts)) return;
  throw Error(
      ErrorCode::proof,
      fmt::format("{}: was to speak, but video {} is silent; it is kept: to use it as it is, name it as "
                  "\"video_id\"; to buy another reading, set \"take\": {}",
                  label, video_id, avatar.take + 1),
      "silent");
}

}  // namespace avstage::run
