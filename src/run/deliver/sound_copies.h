#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "media/aac.h"
#include "plan/resolve.h"

namespace avstage::run {

/// Packets of a sound that are those of a file.
struct CopiedSound {
  std::size_t part = 0;  ///< of plan::RenderPlan::audio, which says the next two
  std::string path;
  std::int64_t offset = 0;              ///< samples: so much later than in the file it is heard
  std::int64_t packet = 0, frames = 0;  ///< in the sound
  std::int64_t source = 0;              ///< the first one's number in the file
};

/// What of a programme's AAC can be taken from files as it is: where nothing is heard but one file,
/// untouched. Frames of AAC are 1024 samples, wherever a clip begins; so the grid of the whole track is laid
/// where most of the files' own frames fall on it, and what falls beside it is encoded.
struct SoundCopies {
  struct Stretch {
    CopiedSound sound;
    std::shared_ptr<const media::AacIndex> index;
  };
  std::int64_t shift = 0;          ///< samples of silence before the sound that lay the grid, below 1024
  std::vector<Stretch> stretches;  ///< in order, with room between them for what is encoded
};

/// Which file `sound` is from, and where it is heard.
void find_source(CopiedSound& sound, const plan::Plan& plan, const plan::RenderPlan& render);

/// For the sound of `output`: nothing where it asks for a loudness, is not AAC or has `copy` "never", where
/// one clip gives way to another, where a file's rate is above the output's, or where a clip is bought: then
/// CommonPieces encode while it is made, on a grid that does not hang on its length. Everything has to be
/// known. Looks into the files; Error{input} where one cannot be opened.
SoundCopies choose_sound_copies(const plan::Plan& plan, const plan::RenderPlan& render,
                                const OutputSpec& output);

}  // namespace avstage::run
