#include "support/openh264.h"

#include <dlfcn.h>

#include "media/demuxer.h"
#include "media/h264.h"
#include "support/media_fixtures.h"

namespace avstage::test {

// The library's ABI since its version 1.4: no header is needed to run the tests. With a name of its own: in
// an unnamed namespace the compiler would know that nobody implements the decoder.
namespace openh264 {

struct DecodingParam {
  char* file = nullptr;
  unsigned int cpu_load = 0;
  unsigned char target_layer = 255;
  int error_concealment = 0;
  bool parse_only = false;
  struct {
    unsigned int size = 8;
    int kind = 1;
  } property;
};
struct BufferInfo {
  int status = 0;
  unsigned long long in_time = 0, out_time = 0;
  int width = 0, height = 0, format = 0, stride[2] = {};
  unsigned char* planes[3] = {};
};
struct Decoder {
  virtual long initialize(const DecodingParam*) = 0;
  virtual long uninitialize() = 0;
  virtual int decode_frame(const unsigned char*, int, unsigned char**, int*, int&, int&) = 0;
  /// Despite its name the one that reorders.
  virtual int decode_no_delay(const unsigned char*, int, unsigned char**, BufferInfo*) = 0;
  virtual int decode(const unsigned char*, int, unsigned char**, BufferInfo*) = 0;
  virtual int flush(unsigned char**, BufferInfo*) = 0;
  virtual int parse(const unsigned char*, int, void*) = 0;
  virtual int decode_extended(const unsigned char*, int, unsigned char*, int, int&, int&, int&, int&) = 0;
  virtual long set_option(int, void*) = 0;

 protected:
  ~Decoder() = default;
};

}  // namespace openh264

namespace {

using namespace openh264;

class Library {
 public:
  Library() : handle_(::dlopen("libopenh264.so.7", RTLD_NOW)) {}
  bool there() const { return handle_ != nullptr; }
  Decoder* create() const {
    Decoder* decoder = nullptr;
    auto make = reinterpret_cast<long (*)(Decoder**)>(::dlsym(handle_, "WelsCreateDecoder"));
    return make != nullptr && make(&decoder) == 0 ? decoder : nullptr;
  }
  void destroy(Decoder* decoder) const {
    reinterpret_cast<void (*)(Decoder*)>(::dlsym(handle_, "WelsDestroyDecoder"))(decoder);
  }

 private:
  void* handle_;
};

std::uint64_t checksum_of(unsigned char* const* planes, const BufferInfo& info) {
  media::FramePtr frame = media::make_frame();
  frame->width = info.width;
  frame->height = info.height;
  frame->format = AV_PIX_FMT_YUV420P;
  for (int i = 0; i < 3; ++i) {
    frame->data[i] = planes[i];
    frame->linesize[i] = info.stride[i > 0];
  }
  return checksum(*frame);
}

std::string with_start_codes(std::string_view packet, media::h264::LengthSize length_size) {
  std::string out;
  media::h264::for_each_nal(packet, length_size, [&](std::string_view nal) {
    out.append("\0\0\0\1", 4);
    out += nal;
  });
  return out;
}

}  // namespace

std::optional<std::vector<std::uint64_t>> decode_with_openh264(const std::string& path) {
  static const Library library;
  if (!library.there()) return std::nullopt;
  Decoder* decoder = library.create();
  DecodingParam param;
  decoder->initialize(&param);
  std::vector<std::uint64_t> out;
  unsigned char* planes[3] = {};
  BufferInfo info;
  auto take = [&] {
    if (info.status == 1) out.push_back(checksum_of(planes, info));
    return info.status == 1;
  };
  media::Demuxer demuxer = media::Demuxer::open_file(path, media::Demuxer::Want::video);
  const AVCodecParameters& p = *demuxer.video()->codecpar;
  media::h264::LengthSize length_size = 0;
  const media::h264::ParameterSets sets = media::h264::read_sets(
      {reinterpret_cast<const char*>(p.extradata), static_cast<std::size_t>(p.extradata_size)}, &length_size);
  std::string head;
  for (const auto& list : {sets.sps, sets.pps}) {
    for (const std::string& nal : list) head.append("\0\0\0\1", 4).append(nal);
  }
  auto packet = media::make_packet();
  int errors = 0;
  while (demuxer.read(*packet)) {
    const std::string bytes = head + with_start_codes({reinterpret_cast<const char*>(packet->data),
                                                       static_cast<std::size_t>(packet->size)},
                                                      length_size);
    head.clear();
    info = {};
    errors += decoder->decode_no_delay(reinterpret_cast<const unsigned char*>(bytes.data()),
                                       static_cast<int>(bytes.size()), planes, &info) != 0;
    take();
  }
  constexpr int end_option = 1;
  int end = 1;
  decoder->set_option(end_option, &end);
  for (int i = 0; i < 32; ++i) {
    info = {};
    decoder->flush(planes, &info);
    if (!take()) break;
  }
  decoder->uninitialize();
  library.destroy(decoder);
  if (errors > 0) out.clear();
  return out;
}

}  // namespace avstage::test
