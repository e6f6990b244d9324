#pragma once

#include <string>
#include <vector>

namespace avstage::sandbox {

/// A part of a script: words that are synthesised in one go, or a pause.
struct Piece {
  std::string words;  ///< printable ASCII only; empty: a pause
  double pause = 0;   ///< seconds
};

/// Cuts UTF-8 text at sentence ends and at <break time="1.5s"/> tags, so that a long script never has to be
/// synthesised as a whole. Letters of other scripts become syllables: the sandbox's voices speak English
/// only, but the length and the mouth should be about right. Text with nothing to say becomes a short pause.
std::vector<Piece> cut_script(const std::string& text);

/// Number of code points.
std::size_t utf8_length(const std::string& text);

}  // namespace avstage::sandbox
