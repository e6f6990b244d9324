// Buys the avatar clip of a job (or takes it from the archive) and copies it into another container.
//   remux JOB OUT [SANDBOX]     SANDBOX: the URL that `avstage sandbox` prints; without it the clip is really
//   bought
#include <avstage/clip_source.h>

extern "C" {
#include <libavformat/avformat.h>
}

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <vector>

namespace {

void require(int answer, const char* what) {
  if (answer < 0) throw avstage::Error(avstage::ErrorCode::local, what);
}

AVFormatContext* create(const char* path, const AVFormatContext& like) {
  AVFormatContext* out = nullptr;
  require(avformat_alloc_output_context2(&out, nullptr, nullptr, path), "no container of that name");
  for (unsigned i = 0; i < like.nb_streams; ++i) {
    AVStream* stream = avformat_new_stream(out, nullptr);
    require(avcodec_parameters_copy(stream->codecpar, like.streams[i]->codecpar), "out of memory");
    stream->codecpar->codec_tag = 0;
    stream->time_base = like.streams[i]->time_base;
  }
  require(avio_open(&out->pb, path, AVIO_FLAG_WRITE), "cannot write the file");
  require(avformat_write_header(out, nullptr), "the container cannot hold the clip");
  return out;
}

void copy(avstage::ClipSource& clip, const char* path) {
  AVFormatContext* in = clip.format();
  AVFormatContext* out = create(path, *in);
  AVPacket* packet = av_packet_alloc();
  while (clip.check(av_read_frame(in, packet)) != AVERROR_EOF) {
    const int i = packet->stream_index;
    av_packet_rescale_ts(packet, in->streams[i]->time_base, out->streams[i]->time_base);
    require(av_interleaved_write_frame(out, packet), "cannot write the file");
  }
  av_packet_free(&packet);
  require(av_write_trailer(out), "cannot write the file");
  require(avio_closep(&out->pb), "cannot write the file");
  avformat_free_context(out);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3) return 2;
  std::signal(SIGPIPE, SIG_IGN);
  try {
    avstage::Settings settings = avstage::default_settings();
    if (argc > 3) settings.sandbox = argv[3];
    avstage::Job job = avstage::load_job(argv[1]);
    auto clip = avstage::ClipSource::open(job, "", settings, [](const avstage::Event& event) {
      if (event.kind == avstage::Event::Kind::submitted) std::printf("bought %s\n", event.text.c_str());
    });
    copy(*clip, argv[2]);
    return 0;
  } catch (const avstage::Error& e) {
    std::fprintf(stderr, "remux: %s\n", e.what());
    return e.exit_code();
  }
}
