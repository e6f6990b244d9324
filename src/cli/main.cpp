#include "cli/commands.h"

int main(int argc, char** argv) {
  return avstage::cli::run(argc, argv);
}
