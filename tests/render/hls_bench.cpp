#include "render/hls_bench.h"

#include <algorithm>
#include <filesystem>
#include <memory>
#include <sstream>

#include "media/demuxer.h"
#include "media/muxer.h"

namespace avstage::test {
namespace {

namespace fs = std::filesystem;

Media read_media(const std::string& path) {
  Media media;
  media.folder = fs::path(path).parent_path().string();
  media.lines = lines_of(path);
  for (const std::string& line : media.lines) {
    if (line.starts_with("#EXTINF:")) media.lengths.push_back(std::stod(line.substr(8)));
    if (line.starts_with('#')) continue;
    media.files.push_back(media.folder + "/" + line);
    EXPECT_TRUE(fs::is_regular_file(media.files.back())) << media.files.back();
  }
  EXPECT_TRUE(fs::is_regular_file(media.init()));
  EXPECT_EQ(media.lengths.size(), media.files.size());
  return media;
}

}  // namespace

double Media::sum() const {
  double sum = 0;
  for (double length : lengths) sum += length;
  return sum;
}

std::vector<std::string> lines_of(const std::string& path) {
  EXPECT_TRUE(fs::is_regular_file(path)) << path;
  if (!fs::is_regular_file(path)) return {};
  std::istringstream text(read_bytes(path));
  std::vector<std::string> lines;
  for (std::string line; std::getline(text, line);) lines.push_back(line);
  return lines;
}

std::string attribute(const std::string& line, const std::string& name) {
  for (const char* before : {":", ","}) {
    const std::size_t found = line.find(before + name + "=");
    if (found == std::string::npos) continue;
    const std::size_t at = found + name.size() + 2;
    if (line[at] == '"') return line.substr(at + 1, line.find('"', at + 1) - at - 1);
    return line.substr(at, line.find(',', at) - at);
  }
  return "";
}

std::map<std::string, Media> read_stream(const std::string& master) {
  const std::string folder = fs::path(master).parent_path().string() + "/";
  std::map<std::string, Media> out;
  std::string name;
  for (const std::string& line : lines_of(master)) {
    if (line.starts_with("#EXT-X-MEDIA:")) out["sound"] = read_media(folder + attribute(line, "URI"));
    if (line.starts_with("#EXT-X-STREAM-INF:")) name = attribute(line, "RESOLUTION");
    if (!line.starts_with('#')) out[name] = read_media(folder + line);
  }
  return out;
}

void join(const Media& media, const std::vector<std::string>& files, const std::string& path) {
  std::string bytes = read_bytes(media.init());
  for (const std::string& file : files) bytes += read_bytes(file);
  write_bytes(path, bytes);
}

void put_together(const std::string& picture, const std::string& sound, const std::string& path) {
  using media::Demuxer;
  Demuxer video = Demuxer::open_file(picture), audio = Demuxer::open_file(sound);
  media::Muxer muxer(path, "mov");
  const Rational video_base = media::from_av(video.video()->time_base);
  const Rational audio_base = media::from_av(audio.audio()->time_base);
  muxer.add_stream(*video.video()->codecpar, video_base, Rational(25));
  muxer.add_stream(*audio.audio()->codecpar, audio_base);
  muxer.write_header();
  media::PacketPtr packet = media::make_packet();
  while (video.read(*packet)) muxer.write(*packet, 0, video_base);
  while (audio.read(*packet)) muxer.write(*packet, 1, audio_base);
  muxer.finish();
}

std::map<std::string, std::string> all_files(const std::string& dir) {
  std::map<std::string, std::string> out;
  if (!fs::exists(dir)) return out;
  for (const auto& entry : fs::recursive_directory_iterator(dir)) {
    if (!entry.is_regular_file()) continue;
    out[entry.path().string().substr(dir.size() + 1)] = read_bytes(entry.path().string());
  }
  return out;
}

HlsStreams read_with_libav(const std::string& master) {
  HlsStreams out;
  AVFormatContext* context = nullptr;
  media::check(avformat_open_input(&context, master.c_str(), nullptr, nullptr), "opening", master);
  auto close = [](AVFormatContext* c) { avformat_close_input(&c); };
  std::unique_ptr<AVFormatContext, decltype(close)> guard(context, close);
  media::check(avformat_find_stream_info(context, nullptr), "streams", master);
  media::PacketPtr packet = media::make_packet();
  for (;;) {
    av_packet_unref(packet.get());
    const int answer = av_read_frame(context, packet.get());
    if (answer == AVERROR_EOF) return out;
    media::check(answer, "reading", master);
    const AVStream& stream = *context->streams[packet->stream_index];
    const AVCodecParameters& p = *stream.codecpar;
    const std::string name =
        p.width > 0 ? std::to_string(p.width) + "x" + std::to_string(p.height) : std::string("sound");
    const double start = static_cast<double>(packet->pts) * av_q2d(stream.time_base);
    const double end = static_cast<double>(packet->pts + packet->duration) * av_q2d(stream.time_base);
    if (out.packets[name]++ == 0) out.start[name] = start, out.end[name] = end;
    out.start[name] = std::min(out.start[name], start);
    out.end[name] = std::max(out.end[name], end);
  }
}

}  // namespace avstage::test
