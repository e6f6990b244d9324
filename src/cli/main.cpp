#include <malloc.h>

#include "cli/commands.h"

int main(int argc, char** argv) {
#ifdef __GLIBC__
  // Left alone it raises this limit to the largest block that was ever freed, and keeps what is freed below
  // it: four deliverables (W4) took 595 instead of 535 MB.
  mallopt(M_MMAP_THRESHOLD, 1 << 20);
#endif
  return avstage::cli::run(argc, argv);
}
