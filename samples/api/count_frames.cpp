// Counts the pictures of a video behind a URL that expires, while it is still arriving.
//   count_frames URL [COMMAND]     COMMAND prints a fresh URL once the old one is no longer good
#include <avstage/clip_source.h>

extern "C" {
#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>
}

#include <array>
#include <csignal>
#include <cstdio>
#include <memory>

namespace {

std::string output_of(const std::string& command) {
  std::unique_ptr<FILE, int (*)(FILE*)> pipe(::popen(command.c_str(), "r"), ::pclose);
  std::array<char, 4096> line{};
  if (!pipe || std::fgets(line.data(), line.size(), pipe.get()) == nullptr) return "";
  std::string url = line.data();
  return url.substr(0, url.find('\n'));
}

long count_pictures(avstage::ClipSource& clip) {
  AVFormatContext* format = clip.format();
  const int video = clip.check(av_find_best_stream(format, AVMEDIA_TYPE_VIDEO, -1, -1, nullptr, 0));
  AVPacket* packet = av_packet_alloc();
  long pictures = 0;
  // check() throws for whatever went wrong, and lets the end pass only once the clip is proven complete.
  while (clip.check(av_read_frame(format, packet)) != AVERROR_EOF) {
    pictures += packet->stream_index == video;
    av_packet_unref(packet);
  }
  av_packet_free(&packet);
  return pictures;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) return 2;
  std::signal(SIGPIPE, SIG_IGN);
  try {
    avstage::UrlClip url;
    url.url = argv[1];
    if (argc > 2) url.refresh = [command = std::string(argv[2])] { return output_of(command); };
    auto clip = avstage::ClipSource::open(url, avstage::default_settings());
    std::printf("%ld pictures\n", count_pictures(*clip));
    return 0;
  } catch (const avstage::Error& e) {
    std::fprintf(stderr, "count_frames: %s\n", e.what());
    return e.exit_code();
  }
}
