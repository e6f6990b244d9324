#include "fuzz/fuzz.h"
#include "media/decoder.h"
#include "media/demuxer.h"
#include "media/memory_source.h"
#include "support/media_fixtures.h"

// A clip as it arrives: probed, proven and decoded through avstage's own I/O, or refused as input.

namespace {

using namespace avstage;
using namespace avstage::media;

std::unique_ptr<ByteSource> source(std::string_view bytes) {
  return std::make_unique<test::MemorySource>(std::string(bytes));
}

void decode(std::string_view bytes, Demuxer::Want want) {
  Demuxer demuxer = Demuxer::open(source(bytes), "clip", want);
  const AVStream* stream = want == Demuxer::Want::video ? demuxer.video() : demuxer.audio();
  if (stream == nullptr) return;
  Decoder decoder(*stream, "clip", 1);
  PacketPtr packet = make_packet();
  for (int packets = 0; packets < 8 && !decoder.drained(); ++packets) {
    decoder.send(demuxer.read(*packet) ? packet.get() : nullptr);
    while (decoder.receive()) {
    }
  }
}

std::string clip(test::Index index, const std::string& ending = ".mp4") {
  test::VideoSpec spec;
  spec.width = spec.height = 32;
  spec.seconds = Rational(1, 5);
  spec.index = index;
  const std::string path = std::filesystem::temp_directory_path() / ("avstage-fuzz-seed" + ending);
  test::make_video(path, spec);
  std::string bytes = test::read_bytes(path);
  std::filesystem::remove(path);
  return bytes;
}

}  // namespace

extern "C" int LLVMFuzzerInitialize(int* argc, char*** argv) {
  using test::Index;
  return fuzz::begin(
      *argc, *argv,
      {clip(Index::first), clip(Index::last), clip(Index::fragmented), clip(Index::first, ".mkv")});
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view bytes = fuzz::text_of(data, size);
  auto proven = [&] { prove_complete(source(bytes), "clip"); };
  auto probed = [&] {
    MediaFacts facts = probe(source(bytes), "clip");
    fuzz::require(facts.video || facts.audio, "a medium with nothing in it");
  };
  if (!fuzz::survives(probed, {ErrorCode::input})) return 0;
  fuzz::survives(proven, {ErrorCode::input});
  fuzz::survives([&] { decode(bytes, Demuxer::Want::video); }, {ErrorCode::input});
  fuzz::survives([&] { decode(bytes, Demuxer::Want::audio); }, {ErrorCode::input});
  return 0;
}
