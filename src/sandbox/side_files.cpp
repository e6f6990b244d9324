#include "sandbox/side_files.h"

#include <fmt/format.h>

#include <filesystem>
#include <vector>

#include "base/atomic_file.h"
#include "base/utf8.h"
#include "media/still.h"
#include "media/video_reader.h"

namespace avstage::sandbox {
namespace {

constexpr std::size_t kPhrase = 42;  ///< characters, as subtitles usually have

struct Phrase {
  double start, end;
  std::string text;
};

/// Parts of at most kPhrase characters, broken between words.
std::vector<std::string> phrases_of(const std::string& text) {
  std::vector<std::string> out;
  std::string word, phrase;
  auto take_word = [&] {
    if (word.empty()) return;
    if (!phrase.empty() && count_characters(phrase) + 1 + count_characters(word) > kPhrase) {
      out.push_back(std::exchange(phrase, ""));
    }
    phrase += (phrase.empty() ? "" : " ") + std::exchange(word, "");
  };
  for (char c : text) {
    if (c == ' ' || c == '\n' || c == '\t' || c == '\r') {
      take_word();
    } else {
      word += c;
    }
  }
  take_word();
  if (!phrase.empty()) out.push_back(phrase);
  return out;
}

std::vector<Phrase> timed_phrases(const Video& video) {
  std::vector<Phrase> out;
  double begin = 0;
  for (std::size_t i = 0; i < video.spec.scenes.size() && i < video.scene_ends.size(); ++i) {
    const std::vector<std::string> phrases = phrases_of(video.spec.scenes[i].voice.text);
    double all = 0, said = 0;
    for (const std::string& phrase : phrases) all += double(count_characters(phrase));
    const double length = video.scene_ends[i] - begin;
    for (const std::string& phrase : phrases) {
      const double from = begin + length * said / all;
      said += double(count_characters(phrase));
      out.push_back({from, begin + length * said / all, phrase});
    }
    begin = video.scene_ends[i];
  }
  return out;
}

std::string clock(double seconds, const char* point, int decimals) {
  const auto unit = decimals == 3 ? 1000 : 100;
  const auto ticks = static_cast<std::int64_t>(seconds * unit + 0.5);
  return fmt::format("{:02}:{:02}:{:02}{}{:0{}}", ticks / unit / 3600, ticks / unit / 60 % 60,
                     ticks / unit % 60, point, ticks % unit, decimals);
}

std::string srt_of(const Video& video) {
  std::string out;
  int number = 0;
  for (const Phrase& phrase : timed_phrases(video)) {
    out += fmt::format("{}\n{} --> {}\n{}\n\n", ++number, clock(phrase.start, ",", 3),
                       clock(phrase.end, ",", 3), phrase.text);
  }
  return out;
}

std::string ass_of(const Video& video) {
  std::string out = fmt::format(
      "[Script Info]\nScriptType: v4.00+\nPlayResX: {}\nPlayResY: {}\n\n[V4+ Styles]\nFormat: Name, "
      "Fontname, Fontsize, "
      "PrimaryColour\nStyle: Default,Arial,48,&H00FFFFFF\n\n[Events]\nFormat: Layer, Start, End, Style, "
      "Name, MarginL, "
      "MarginR, MarginV, Effect, Text\n",
      video.spec.width, video.spec.height);
  for (const Phrase& phrase : timed_phrases(video)) {
    out +=
        fmt::format("Dialogue: 0,{},{},Default,,0,0,0,,{{\\an2}}{}\n", clock(phrase.start, ".", 2).substr(1),
                    clock(phrase.end, ".", 2).substr(1), phrase.text);
  }
  return out;
}

media::VideoReader open(const std::string& clip_file) {
  return media::VideoReader(media::Demuxer::open_file(clip_file, media::Demuxer::Want::video), 1);
}

void write_moving_picture(const std::string& clip_file, const std::string& path) {
  constexpr int kFrames = 8, kRate = 5;
  media::VideoReader reader = open(clip_file);
  std::vector<media::FramePtr> frames;
  for (int i = 0; i < kFrames; ++i)
    frames.push_back(media::ref_frame(*reader.frame_at(Time(i, kRate), Rational(kRate))));
  const std::string part = path + ".part";
  FileRemover remover(part);
  media::write_gif(part, frames, Rational(kRate));
  publish_file(part, path);
  remover.release();
}

}  // namespace

std::string caption_text(const Video& video) {
  return video.dialect == Dialect::v3 ? srt_of(video) : ass_of(video);
}

std::string SideFiles::file_of(const Video& video, const std::string& ending, const std::string& clip_file) {
  const bool caption = ending == (video.dialect == Dialect::v3 ? "srt" : "ass");
  if (ending != "jpeg" && ending != "gif" && !(caption && video.caption)) return "";
  std::lock_guard lock(making_);
  // Captions are words of the order, and one clip may be several orders'.
  const std::string path = fmt::format("{}.{}.{}", clip_file, caption ? video.id : "side", ending);
  if (std::filesystem::exists(path)) return path;
  if (caption) {
    write_file_atomically(path, caption_text(video));
  } else if (ending == "jpeg") {
    media::VideoReader reader = open(clip_file);
    write_file_atomically(path, media::still_bytes(*reader.frame_at(Time(0), Rational(25)), "mjpeg"));
  } else {
    write_moving_picture(clip_file, path);
  }
  return path;
}

std::string side_type(const std::string& ending) {
  if (ending == "jpeg" || ending == "gif") return "image/" + ending;
  return ending == "srt" ? "application/x-subrip" : "text/plain; charset=utf-8";
}

}  // namespace avstage::sandbox
