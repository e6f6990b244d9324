#include "media/known_streams.h"

#include <algorithm>
#include <deque>
#include <mutex>

namespace avstage::media {
namespace {

constexpr std::size_t kMostFiles = 256;

struct Known {
  std::mutex mutex;
  std::deque<std::pair<std::string, std::shared_ptr<const KnownStreams>>> files;  // the newest first

  auto find(const std::string& state) {
    return std::find_if(files.begin(), files.end(), [&](const auto& file) { return file.first == state; });
  }
};

Known& known() {
  static Known all;
  return all;
}

bool is_indexed(const AVFormatContext& context) {
  if (!std::string_view(context.iformat->name).starts_with("mov,")) return false;
  return std::all_of(context.streams, context.streams + context.nb_streams, [](const AVStream* stream) {
    const AVMediaType type = stream->codecpar->codec_type;
    return stream->nb_frames > 0 || (type != AVMEDIA_TYPE_VIDEO && type != AVMEDIA_TYPE_AUDIO);
  });
}

}  // namespace

std::shared_ptr<const KnownStreams> known_streams(const std::string& state) {
  std::lock_guard lock(known().mutex);
  auto found = known().find(state);
  return found == known().files.end() ? nullptr : found->second;
}

void remember_streams(const std::string& state, const AVFormatContext& context, int video, int audio,
                      const MediaFacts& facts) {
  if (!is_indexed(context)) return;
  auto file = std::make_shared<KnownStreams>();
  for (unsigned i = 0; i < context.nb_streams; ++i) {
    const AVStream& s = *context.streams[i];
    CodecParametersPtr parameters(avcodec_parameters_alloc());
    if (!parameters || avcodec_parameters_copy(parameters.get(), s.codecpar) < 0) throw std::bad_alloc();
    file->streams.push_back(
        {std::move(parameters), s.start_time, s.duration, s.avg_frame_rate, s.r_frame_rate});
  }
  file->video = video;
  file->audio = audio;
  file->facts = facts;
  std::lock_guard lock(known().mutex);
  auto& files = known().files;
  if (known().find(state) != files.end()) return;
  files.emplace_front(state, std::move(file));
  if (files.size() > kMostFiles) files.pop_back();
}

bool apply(const KnownStreams& known, AVFormatContext& context) {
  if (context.nb_streams != known.streams.size()) return false;
  for (unsigned i = 0; i < context.nb_streams; ++i) {
    const AVCodecParameters &now = *context.streams[i]->codecpar, &then = *known.streams[i].parameters;
    if (now.codec_type != then.codec_type || now.codec_id != then.codec_id) return false;
  }
  for (unsigned i = 0; i < context.nb_streams; ++i) {
    const KnownStreams::Stream& from = known.streams[i];
    AVStream& to = *context.streams[i];
    if (avcodec_parameters_copy(to.codecpar, from.parameters.get()) < 0) throw std::bad_alloc();
    to.start_time = from.start_time;
    to.duration = from.duration;
    to.avg_frame_rate = from.avg_frame_rate;
    to.r_frame_rate = from.r_frame_rate;
  }
  return true;
}

}  // namespace avstage::media
