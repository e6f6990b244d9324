#include <algorithm>
#include <cmath>
#include <limits>

#include "media/audio_reader.h"
#include "media/decoder.h"
#include "media/demuxer.h"
#include "media/filter_graph.h"
#include "support/media_fixtures.h"

extern "C" {
#include <libavutil/imgutils.h>
}

namespace avstage::test {

using media::Decoder;
using media::Demuxer;
using media::FramePtr;

namespace {

FramePtr as_yuv444(const AVFrame& frame) {
  media::FilterGraph graph(1);
  auto source = graph.add_video_source(frame, Rational(1, 25), Rational(25));
  int sink = graph.add_video_sink(source, {"yuv444p"});
  graph.configure();
  graph.push(source, &frame);
  graph.push(source, nullptr);
  return graph.pull(sink);
}

double plane_mean(const AVFrame& frame, int plane, int shift_x, int shift_y) {
  int width = AV_CEIL_RSHIFT(frame.width, shift_x), height = AV_CEIL_RSHIFT(frame.height, shift_y);
  double sum = 0;
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) sum += frame.data[plane][y * frame.linesize[plane] + x];
  }
  return sum / (static_cast<double>(width) * height);
}

void take_frame(Decoded& out, const AVFrame& frame, Rational time_base) {
  ++out.frames;
  out.width = frame.width;
  out.height = frame.height;
  out.means.push_back(mean_of(frame));
  out.checksums.push_back(checksum(frame));
  out.times.push_back(static_cast<double>(frame.pts) * time_base.to_double());
  out.numbers.push_back(frame_number(frame));
}

std::vector<float> read_all_sound(Demuxer demuxer, int rate) {
  media::AudioReader reader(std::move(demuxer), rate);
  std::vector<float> all, chunk(2 * 4800);
  for (std::int64_t first = 0;; first += 4800) {
    std::size_t got = reader.read(first, chunk);
    all.insert(all.end(), chunk.begin(), chunk.begin() + static_cast<std::ptrdiff_t>(got * 2));
    if (got < 4800 && (first > 0 || got == 0)) return all;
  }
}

template <typename Take>
void decode_picture(const std::string& path, Take take) {
  Demuxer demuxer = Demuxer::open_file(path, Demuxer::Want::video);
  AVStream* stream = demuxer.video();
  if (stream == nullptr) return;
  Decoder decoder(*stream, path, 1);
  auto packet = media::make_packet();
  while (!decoder.drained()) {
    decoder.send(demuxer.read(*packet) ? packet.get() : nullptr);
    while (FramePtr frame = decoder.receive()) take(*frame, media::from_av(stream->time_base));
  }
}

}  // namespace

std::uint64_t checksum(const AVFrame& frame) {
  auto format = static_cast<AVPixelFormat>(frame.format);
  int size = media::check(av_image_get_buffer_size(format, frame.width, frame.height, 1), "size", "checksum");
  std::vector<std::uint8_t> bytes(static_cast<std::size_t>(size));
  media::check(av_image_copy_to_buffer(bytes.data(), size, frame.data, frame.linesize, format, frame.width,
                                       frame.height, 1),
               "copy", "checksum");
  std::uint64_t hash = 0xcbf29ce484222325;
  for (std::uint8_t b : bytes) hash = (hash ^ b) * 0x100000001b3;
  return hash;
}

Mean mean_of(const AVFrame& frame) {
  if (frame.format == AV_PIX_FMT_YUV420P || frame.format == AV_PIX_FMT_YUVA420P) {
    return {plane_mean(frame, 0, 0, 0), plane_mean(frame, 1, 1, 1), plane_mean(frame, 2, 1, 1)};
  }
  FramePtr yuv = as_yuv444(frame);
  return {plane_mean(*yuv, 0, 0, 0), plane_mean(*yuv, 1, 0, 0), plane_mean(*yuv, 2, 0, 0)};
}

Decoded decode_all(const std::string& path) {
  Decoded out;
  decode_picture(path, [&](const AVFrame& frame, Rational time_base) { take_frame(out, frame, time_base); });
  if (auto audio = Demuxer::open_file(path, Demuxer::Want::audio); audio.audio() != nullptr) {
    out.audio_rate = audio.facts().audio->sample_rate;
    out.audio_samples =
        static_cast<std::int64_t>(read_all_sound(std::move(audio), out.audio_rate).size() / 2);
  }
  return out;
}

std::vector<float> read_sound(const std::string& path) {
  return read_all_sound(Demuxer::open_file(path, Demuxer::Want::audio), 48000);
}

double AvOffset::worst() const {
  if (flashes.empty() || flashes.size() != beeps.size()) return std::numeric_limits<double>::max();
  double worst = 0;
  for (std::size_t i = 0; i < flashes.size(); ++i) worst = std::max(worst, std::abs(beeps[i] - flashes[i]));
  return worst;
}

AvOffset av_offset(const std::string& path) {
  AvOffset out;
  Decoded picture = decode_all(path);
  for (std::size_t i = 0; i < picture.means.size(); ++i) {
    bool bright = picture.means[i].y > 126, before = i > 0 && picture.means[i - 1].y > 126;
    if (bright && !before) out.flashes.push_back(picture.times[i]);
  }
  double zero = picture.times.empty() ? 0 : picture.times.front();
  std::vector<float> sound = read_sound(path);
  std::size_t quiet = 4800;  // samples since it was last loud
  for (std::size_t i = 0; i * 2 < sound.size(); ++i, ++quiet) {
    if (std::abs(sound[i * 2]) < 0.1F) continue;
    if (quiet >= 2400) out.beeps.push_back(zero + static_cast<double>(i) / 48000);
    quiet = 0;
  }
  return out;
}

}  // namespace avstage::test
