#include "run/deliver/hls_playlist.h"

#include <fmt/format.h>

#include <algorithm>
#include <sstream>
#include <string_view>

#include "avstage/error.h"

namespace avstage::run {
namespace {

std::int64_t microseconds(Time time) {
  return (time * Rational(1'000'000)).round();
}

std::int64_t rate(std::uint64_t bytes, Time duration) {
  return (Rational(static_cast<std::int64_t>(bytes) * 8) / duration).ceil();
}

std::string stream_line(const Rendition& picture, const Rendition* sound, Rational fps, int target) {
  Rates r = rates(picture, target);
  std::string codecs = picture.codec;
  if (sound != nullptr) {
    const Rates s = rates(*sound, target);
    r.peak += s.peak, r.mean += s.mean;
    codecs += "," + sound->codec;
  }
  return fmt::format(
      "#EXT-X-STREAM-INF:BANDWIDTH={},AVERAGE-BANDWIDTH={},CODECS=\"{}\",RESOLUTION={}x{},FRAME-RATE={:.3f}{}"
      ","
      "CLOSED-CAPTIONS=NONE\n",
      r.peak, r.mean, codecs, picture.width, picture.height, fps.to_double(),
      sound != nullptr ? ",AUDIO=\"sound\"" : "");
}

}  // namespace

int target_duration(const std::vector<Rendition>& renditions) {
  std::int64_t longest = 1;
  for (const Rendition& rendition : renditions) {
    for (const MediaSegment& s : rendition.segments) longest = std::max(longest, (s.end - s.start).round());
  }
  return static_cast<int>(longest);
}

Rates rates(const Rendition& rendition, int target) {
  const std::vector<MediaSegment>& segments = rendition.segments;
  const Time shortest = Rational(target, 2), longest = Rational(3 * std::int64_t(target), 2);
  Rates out;
  std::uint64_t all = 0;
  for (std::size_t first = 0; first < segments.size(); ++first) {
    all += segments[first].bytes;
    std::uint64_t bytes = 0;
    for (std::size_t last = first; last < segments.size(); ++last) {
      bytes += segments[last].bytes;
      const Time duration = segments[last].end - segments[first].start;
      if (duration > longest) break;
      if (duration >= shortest) out.peak = std::max(out.peak, rate(bytes, duration));
    }
  }
  out.mean = rate(all, segments.back().end - segments.front().start);
  out.peak = std::max(out.peak, out.mean);  // a programme of less than half a target duration
  return out;
}

std::string media_playlist(const Rendition& rendition, int target) {
  std::string out = fmt::format(
      "#EXTM3U\n#EXT-X-VERSION:7\n#EXT-X-TARGETDURATION:{}\n#EXT-X-MEDIA-SEQUENCE:0\n"
      "#EXT-X-PLAYLIST-TYPE:VOD\n#EXT-X-INDEPENDENT-SEGMENTS\n#EXT-X-MAP:URI=\"{}\"\n",
      target, kInitFile);
  for (const MediaSegment& s : rendition.segments) {
    const std::int64_t duration = microseconds(s.end) - microseconds(s.start);
    out += fmt::format("#EXTINF:{}.{:06},\n{}\n", duration / 1'000'000, duration % 1'000'000, s.file);
  }
  return out + "#EXT-X-ENDLIST\n";
}

std::string multivariant_playlist(const std::vector<Rendition>& renditions, Rational fps,
                                  const std::string& base) {
  const int target = target_duration(renditions);
  auto is_sound = [](const Rendition& r) { return r.width == 0; };
  auto sound = std::find_if(renditions.begin(), renditions.end(), is_sound);
  std::string out = "#EXTM3U\n#EXT-X-VERSION:7\n#EXT-X-INDEPENDENT-SEGMENTS\n";
  if (sound != renditions.end()) {
    out += fmt::format(
        "#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=\"sound\",NAME=\"sound\",DEFAULT=YES,AUTOSELECT=YES,CHANNELS=\"2\","
        "URI=\"{}/{}/{}\"\n",
        base, sound->folder, kPlaylistFile);
  }
  for (const Rendition& picture : renditions) {
    if (is_sound(picture)) continue;
    out += stream_line(picture, sound != renditions.end() ? &*sound : nullptr, fps, target);
    out += fmt::format("{}/{}/{}\n", base, picture.folder, kPlaylistFile);
  }
  return out;
}

Listing read_media_playlist(const std::string& text, const std::string& name) {
  Listing out;
  std::optional<Time> duration;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    constexpr std::string_view map = "#EXT-X-MAP:URI=\"", inf = "#EXTINF:";
    if (line.starts_with(map)) {
      out.init = line.substr(map.size(), line.size() - map.size() - 1);
    } else if (line.starts_with(inf) && line.ends_with(",")) {
      duration = parse_decimal(std::string_view(line).substr(inf.size(), line.size() - inf.size() - 1));
    } else if (line == "#EXT-X-ENDLIST") {
      out.ended = true;
    } else if (!line.starts_with('#')) {
      if (!duration)
        throw Error(ErrorCode::proof, fmt::format("{}: '{}' has no length", name, line), "proof");
      out.segments.push_back({line, *duration});
      duration.reset();
    }
  }
  return out;
}

}  // namespace avstage::run
