#include "media/demuxer.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <limits>

#include "base/disk.h"
#include "media/allow_lists.h"
#include "media/facts.h"
#include "media/io_context.h"
#include "media/known_streams.h"
#include "media/stated_pictures.h"

extern "C" {
#include <libavutil/mem.h>
}

namespace avstage::media {
namespace {

// Enough for a container that keeps its parameters in the stream; mp4 and Matroska need a few frames of it.
constexpr std::int64_t kProbeBytes = 5'000'000;
constexpr std::int64_t kAnalyzeMicroseconds = 5'000'000;

/// Of a file of which only the sound is read, so much at a time: what lies between its chunks is picture.
constexpr std::int64_t kSoundBytes = 8192;

/// Its file_state().
std::string require_regular_file(const std::string& path) {
  struct stat s {};
  if (::stat(path.c_str(), &s) != 0) {
    throw Error(ErrorCode::input, fmt::format("{}: cannot be read: {}", path, std::strerror(errno)));
  }
  if (!S_ISREG(s.st_mode)) throw Error(ErrorCode::input, fmt::format("{}: is not a regular file", path));
  if (s.st_size == 0) throw Error(ErrorCode::input, fmt::format("{}: is empty", path));
  return file_state(s);
}

// A medium is one source of bytes: whatever else its content names is not opened.
int refuse_open(AVFormatContext*, AVIOContext**, const char*, int, AVDictionary**) {
  return AVERROR(EACCES);
}

char* duplicate(const char* text) {
  char* copy = av_strdup(text);
  if (copy == nullptr) throw std::bad_alloc();
  return copy;
}

bool is_cover(const AVStream& stream) {
  return (stream.disposition & AV_DISPOSITION_ATTACHED_PIC) != 0;
}

AVStream* best_video(AVFormatContext& context) {
  int best = av_find_best_stream(&context, AVMEDIA_TYPE_VIDEO, -1, -1, nullptr, 0);
  if (best < 0) return nullptr;
  if (!is_cover(*context.streams[best])) return context.streams[best];
  for (unsigned i = 0; i < context.nb_streams; ++i) {
    AVStream* stream = context.streams[i];
    if (stream->codecpar->codec_type == AVMEDIA_TYPE_VIDEO && !is_cover(*stream)) return stream;
  }
  return nullptr;
}

AVStream* best_audio(AVFormatContext& context, const AVStream* video) {
  int related = video != nullptr ? video->index : -1;
  int best = av_find_best_stream(&context, AVMEDIA_TYPE_AUDIO, -1, related, nullptr, 0);
  return best < 0 ? nullptr : context.streams[best];
}

// Bytes the index promises, by its last sample; 0 where the container has no complete index.
std::int64_t indexed_end(AVStream* stream) {
  if (stream == nullptr || stream->nb_frames <= 0) return 0;
  std::int64_t end = 0;
  for (int i = 0, n = avformat_index_get_entries_count(stream); i < n; ++i) {
    const AVIndexEntry* entry = avformat_index_get_entry(stream, i);
    end = std::max(end, entry->pos + entry->size);
  }
  return end;
}

}  // namespace

struct Demuxer::Impl {
  struct PlainFile {
    AVIOContext* context = nullptr;
    ~PlainFile() { avio_closep(&context); }
  };

  std::string name;
  std::string state;  // of a file
  std::unique_ptr<IoContext> source;
  PlainFile file;
  AVFormatContext* context = nullptr;
  AVStream* video = nullptr;
  AVStream* audio = nullptr;
  MediaFacts facts;

  ~Impl() { avformat_close_input(&context); }

  AVIOContext* io() const { return source ? source->get() : file.context; }

  // The cause inside a callback says more than libav's answer to it, and may come with no answer at all.
  int checked(int ret, const char* what) {
    if (source) source->rethrow_stashed();
    return check(ret, what, name);
  }

  void open_plain(const std::string& path, Want want);
  void open(Want want, bool own = false);
  bool recall();
  void analyze();
  void find_streams();
  void require_indexed_bytes();
};

void Demuxer::Impl::open_plain(const std::string& path, Want want) {
  state = require_regular_file(path);
  name = path;
  AVDictionary* options = nullptr;
  av_dict_set(&options, "protocol_whitelist", "file", 0);
  if (want == Want::audio) av_dict_set_int(&options, "blocksize", kSoundBytes, 0);
  int ret = avio_open2(&file.context, ("file:" + path).c_str(), AVIO_FLAG_READ, nullptr, &options);
  av_dict_free(&options);
  check(ret, "cannot be opened", path);
  if (require_regular_file(path) != state) state.clear();  // replaced meanwhile: which one is open?
}

void Demuxer::Impl::open(Want want, bool own) {
  context = avformat_alloc_context();
  if (context == nullptr) throw std::bad_alloc();
  context->pb = io();
  context->io_open = refuse_open;
  context->format_whitelist = duplicate(kAllowedFormats);
  context->codec_whitelist = duplicate(kAllowedCodecs);
  context->protocol_whitelist = duplicate("none");
  context->max_streams = kMaxStreams;
  context->probesize = kProbeBytes;
  context->max_analyze_duration = kAnalyzeMicroseconds;
  // A stream must not be read to its end just to learn how long it is.
  context->skip_estimate_duration_from_pts = source ? 1 : 0;
  // Without a name libav judges by content alone, and no "%d" in it becomes a sequence of files.
  int ret = avformat_open_input(&context, "", nullptr, nullptr);
  if (source) source->rethrow_stashed();
  if (ret == AVERROR(ENOMEM)) {  // what libav answers to one stream too many
    throw Error(ErrorCode::input,
                fmt::format("{}: has more than {} streams, or its index is too large", name, kMaxStreams));
  }
  checked(ret, "is not a medium avstage reads");
  if (own) {
    find_streams();
  } else if (!recall()) {
    analyze();
    find_streams();
    facts = read_facts(*context, video, audio, name);
    if (!state.empty())
      remember_streams(state, *context, video ? video->index : -1, audio ? audio->index : -1, facts);
  }
  if (want == Want::video) audio = nullptr;
  if (want == Want::audio) video = nullptr;
  for (unsigned i = 0; i < context->nb_streams; ++i) {
    AVStream* stream = context->streams[i];
    stream->discard = stream == video || stream == audio ? AVDISCARD_DEFAULT : AVDISCARD_ALL;
  }
}

/// Of a file that was analysed before.
bool Demuxer::Impl::recall() {
  const auto known = state.empty() ? nullptr : known_streams(state);
  if (!known || !apply(*known, *context)) return false;
  if (known->video >= 0) video = context->streams[known->video];
  if (known->audio >= 0) audio = context->streams[known->audio];
  facts = known->facts;
  return true;
}

void Demuxer::Impl::analyze() {
  std::vector<AVDictionary*> limits(context->nb_streams, nullptr);
  auto free_limits = [](std::vector<AVDictionary*>* all) {
    for (AVDictionary*& d : *all) av_dict_free(&d);
  };
  std::unique_ptr<std::vector<AVDictionary*>, decltype(free_limits)> guard(&limits, free_limits);
  for (unsigned i = 0; i < context->nb_streams; ++i) {
    av_dict_set_int(&limits[i], "max_pixels", kMaxPixels, 0);
    if (take_stated_pictures(*context->streams[i]->codecpar)) av_dict_set(&limits[i], "skip_frame", "all", 0);
  }
  checked(avformat_find_stream_info(context, limits.empty() ? nullptr : limits.data()),
          "its streams cannot be read");
  for (unsigned i = 0; i < context->nb_streams; ++i) forget_unknown_colors(*context->streams[i]->codecpar);
}

void Demuxer::Impl::find_streams() {
  video = best_video(*context);
  audio = best_audio(*context, video);
  if (video == nullptr && audio == nullptr) {
    throw Error(ErrorCode::input, fmt::format("{}: has neither picture nor sound", name));
  }
}

// libav's mp4 reader answers "end" where a file was cut off.
void Demuxer::Impl::require_indexed_bytes() {
  std::int64_t promised = std::max(indexed_end(video), indexed_end(audio));
  if (promised == 0) return;
  std::int64_t size = avio_size(context->pb);
  if (source) source->rethrow_stashed();
  if (size >= 0 && size < promised) {
    throw Error(ErrorCode::input, fmt::format("{}: cut off: {} of at least {} bytes", name, size, promised),
                "truncated");
  }
}

Demuxer::Demuxer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Demuxer::Demuxer(Demuxer&&) noexcept = default;
Demuxer& Demuxer::operator=(Demuxer&&) noexcept = default;
Demuxer::~Demuxer() = default;

Demuxer Demuxer::open_file(const std::string& path, Want want) {
  init_logging();
  auto impl = std::make_unique<Impl>();
  impl->open_plain(path, want);
  impl->open(want);
  return Demuxer(std::move(impl));
}

Demuxer Demuxer::open_own(const std::string& path, Want want) {
  init_logging();
  auto impl = std::make_unique<Impl>();
  impl->open_plain(path, want);
  impl->open(want, true);
  return Demuxer(std::move(impl));
}

Demuxer Demuxer::open_own(std::unique_ptr<ByteSource> source, const std::string& name, Want want) {
  return open_source(std::move(source), name, want, true);
}

Demuxer Demuxer::open(std::unique_ptr<ByteSource> source, const std::string& name, Want want) {
  return open_source(std::move(source), name, want, false);
}

Demuxer Demuxer::open_source(std::unique_ptr<ByteSource> source, const std::string& name, Want want,
                             bool own) {
  init_logging();
  auto impl = std::make_unique<Impl>();
  impl->name = name;
  impl->source = std::make_unique<IoContext>(std::move(source));
  impl->open(want, own);
  return Demuxer(std::move(impl));
}

const MediaFacts& Demuxer::facts() const {
  return impl_->facts;
}
const std::string& Demuxer::name() const {
  return impl_->name;
}
AVStream* Demuxer::video() const {
  return impl_->video;
}
AVStream* Demuxer::audio() const {
  return impl_->audio;
}

AVFormatContext* Demuxer::context() const {
  return impl_->context;
}

void Demuxer::rethrow_stashed() {
  if (impl_->source) impl_->source->rethrow_stashed();
}

bool Demuxer::read(AVPacket& packet) {
  for (;;) {
    av_packet_unref(&packet);
    int ret = av_read_frame(impl_->context, &packet);
    if (impl_->source) impl_->source->rethrow_stashed();
    if (int error = impl_->context->pb->error; error < 0 && error != AVERROR_EOF) {
      impl_->checked(error, "reading");
    }
    if (ret == AVERROR_EOF) {
      impl_->require_indexed_bytes();
      return false;
    }
    impl_->checked(ret, "reading");
    const AVStream* stream = impl_->context->streams[packet.stream_index];
    if (stream != impl_->video && stream != impl_->audio) continue;
    if ((packet.flags & AV_PKT_FLAG_CORRUPT) != 0) {
      throw Error(ErrorCode::input, fmt::format("{}: damaged or cut off at byte {}", impl_->name, packet.pos),
                  "corrupt");
    }
    return true;
  }
}

void Demuxer::seek(const AVStream& stream, std::int64_t timestamp) {
  impl_->context->pb->error = 0;  // of a read that failed; libav would answer all others with it
  std::int64_t first = stream.start_time == AV_NOPTS_VALUE ? 0 : stream.start_time;
  // Priming lies before the first sample; a time further back means no more than the start.
  std::int64_t earliest = first - (Time(1) / from_av(stream.time_base)).ceil();
  std::string_view format = impl_->context->iformat->name;
  bool by_byte = format == "mpegts" || format == "h264" || format == "hevc";
  int ret = 0;
  if (by_byte && timestamp <= first) {  // without an index, a search by time misses the first packet
    ret = av_seek_frame(impl_->context, -1, 0, AVSEEK_FLAG_BYTE);
  } else {
    ret = av_seek_frame(impl_->context, stream.index, std::max(timestamp, earliest), AVSEEK_FLAG_BACKWARD);
  }
  if (ret < 0) {
    ret = avformat_seek_file(impl_->context, stream.index, std::numeric_limits<std::int64_t>::min(), first,
                             std::numeric_limits<std::int64_t>::max(), 0);
  }
  impl_->checked(ret, "seeking");
}

}  // namespace avstage::media
