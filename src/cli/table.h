#pragma once

#include <string>
#include <vector>

namespace avstage::cli {

/// Prints a table for people on stdout: columns as wide as their widest word, the last one as it is.
void print_table(const std::vector<std::string>& head, const std::vector<std::vector<std::string>>& rows);

}  // namespace avstage::cli
