#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace avstage::media {

/// The lines of a text (LF, CR LF or CR between them). Error{usage} when it is not valid UTF-8 or holds a
/// control character other than a tab.
std::vector<std::string> text_lines(std::string_view text);

/// Characters, not bytes, of valid UTF-8.
std::size_t count_characters(std::string_view text);

}  // namespace avstage::media
