#include "support/places.h"

namespace avstage::test {

const char* source_dir() {
  return AVSTAGE_SOURCE_DIR;
}

const char* avstage_binary() {
  return AVSTAGE_BINARY;
}

}  // namespace avstage::test
