#pragma once

/// Where this build stands.
namespace avstage::test {

const char* source_dir();      ///< the checkout
const char* avstage_binary();  ///< the command-line tool of this build

}  // namespace avstage::test
