#include <unistd.h>

#include "fuzz/fuzz.h"
#include "ledger/ledger.h"

// A ledger that was damaged on disk, or was never one: it is read, or refused as a local error. The input is
// the database, or (first byte odd) the write-ahead log beside a sound one.

namespace {

using namespace avstage;
namespace fs = std::filesystem;

const std::string kFolder = "/dev/shm/avstage-fuzz-" + std::to_string(::getpid());

std::string read(const std::string& name) {
  std::ifstream in(kFolder + name, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

void write(const std::string& name, std::string_view bytes) {
  std::ofstream(kFolder + name, std::ios::binary | std::ios::trunc) << bytes;
}

void use() {
  auto ledger = ledger::Ledger::open(kFolder, system_clock());
  for (const ledger::Entry& e : ledger->list()) {
    fuzz::require(e.state >= ledger::State::intent && e.state <= ledger::State::ambiguous, "no such state");
  }
  if (auto entry = ledger->find("realm", "key1"); entry && entry->state == ledger::State::intent) {
    ledger->submitting(*entry);
  }
  ledger->remember("1:2", "hash");
}

/// A small ledger with two entries, as the two files that a crash leaves.
std::pair<std::string, std::string> sound_files() {
  auto ledger = ledger::Ledger::open(kFolder, system_clock());
  for (const char* key : {"key1", "key2"}) ledger->begin("realm", key, "v3", "{}", "a title");
  return {read("/ledger.sqlite"), read("/ledger.sqlite-wal")};
}

const std::pair<std::string, std::string>& sound() {
  static const auto files = [] {
    fs::create_directories(kFolder);
    return sound_files();
  }();
  return files;
}

}  // namespace

extern "C" int LLVMFuzzerInitialize(int* argc, char*** argv) {
  std::atexit([] { fs::remove_all(kFolder); });
  return fuzz::begin(*argc, *argv, {"\2" + sound().first, "\1" + sound().second, "\2SQLite format 3", "\1"});
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  bool log = (data[0] & 1) != 0;
  std::string_view input = fuzz::text_of(data + 1, size - 1);
  fs::remove(kFolder + "/ledger.sqlite-shm");
  write("/ledger.sqlite", log ? std::string_view(sound().first) : input);
  write("/ledger.sqlite-wal", log ? input : std::string_view());
  fuzz::survives(use, {ErrorCode::local});
  return 0;
}
