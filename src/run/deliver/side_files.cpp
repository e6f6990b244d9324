#include "run/deliver/side_files.h"

#include <fmt/format.h>

#include <array>
#include <filesystem>
#include <set>

#include "base/atomic_file.h"
#include "base/log.h"
#include "media/still.h"
#include "media/video_reader.h"
#include "run/clips/extras.h"
#include "run/clips/transparency.h"

namespace avstage::run {
namespace {

std::string stem(const std::string& path) {
  return path.substr(0, path.rfind('.'));
}

std::string name_of(const OutputSpec& output, const std::string& ending) {
  return std::filesystem::path(stem(output.path)).filename().string() + "." + ending;
}

/// The programme's words in one form, of all clips that are to be written so.
std::string captions_of(Production& p, const std::string& ending) {
  const Rational fps = p.job.canvas.fps;
  plan::Cues all;
  for (std::size_t i = 0; i < p.plan.clips.size(); ++i) {
    const auto* captions = std::get_if<CaptionsRef>(&p.plan.clips[i].clip.media);
    if (captions == nullptr) continue;
    if (std::find(captions->sidecar.begin(), captions->sidecar.end(), ending) == captions->sidecar.end())
      continue;
    const plan::Position& at = p.render.timing.clips[i];
    plan::Cues moved = plan::retimed(*p.media.captions(p.plan.clips[i].purchase), at.in,
                                     Rational(at.count.known) / fps, Rational(at.start.known) / fps);
    all.insert(all.end(), moved.begin(), moved.end());
  }
  plan::sort_cues(all);
  return ending == "srt" ? plan::to_srt(all) : plan::to_vtt(all);
}

std::set<std::string> caption_endings(const Job& job) {
  std::set<std::string> endings;
  for (const Track& track : job.tracks) {
    for (const Clip& clip : track.clips) {
      if (const auto* captions = std::get_if<CaptionsRef>(&clip.media)) {
        endings.insert(captions->sidecar.begin(), captions->sidecar.end());
      }
    }
  }
  return endings;
}

std::string frame_of(Production& p, const PosterSpec& poster, const std::vector<Piece>& picture) {
  const Rational fps = p.job.canvas.fps;
  const std::int64_t last = p.render.frames - 1, wanted = (poster.at.seconds * fps).floor();
  if (wanted > last) {
    log::warning("{}: the film ends before; its last frame is the poster", poster.mark.str());
  }
  const std::int64_t n = std::min(wanted, last);
  const Piece& piece = *std::find_if(picture.begin(), picture.end(),
                                     [&](const Piece& some) { return n < some.at + some.frames; });
  media::VideoReader reader(media::Demuxer::open_file(piece.file, media::Demuxer::Want::video));
  return media::still_bytes(*reader.frame_at(Rational(n - piece.at) / fps, fps));
}

/// The ending that fits what the picture is.
std::string picture_ending(const std::string& bytes) {
  if (bytes.starts_with("GIF8")) return "gif";
  if (bytes.starts_with("\x89PNG")) return "png";
  return bytes.starts_with("RIFF") ? "webp" : "jpg";
}

std::string picture_of(Production& p, const PosterSpec& poster) {
  const int from = plan::find_avatar(p.plan, poster.from, poster.mark);
  const plan::Purchase& purchase = p.plan.purchases[p.plan.clips[from].purchase];
  auto entry = entry_in_use(p.session, purchase, p.facts[from]->identity);
  const auto extra = poster.kind == PosterSpec::Kind::gif ? plan::Extra::gif : plan::Extra::thumbnail;
  return read_file(archived_extra(p.session, entry ? entry->clip_key : purchase.clip_key, extra));
}

}  // namespace

std::vector<std::string> with_side_files(const Job& job, const OutputSpec& output) {
  std::vector<std::string> paths{output.path};
  for (const std::string& ending : caption_endings(job)) paths.push_back(stem(output.path) + "." + ending);
  if (!output.poster) return paths;
  for (const char* ending : {"png", "jpg", "webp", "gif"})
    paths.push_back(stem(output.path) + ".poster." + ending);
  return paths;
}

std::map<std::string, std::string> make_side_files(Production& p, const OutputSpec& output,
                                                   const std::vector<Piece>& pieces) {
  std::map<std::string, std::string> files;
  for (const std::string& ending : caption_endings(p.job))
    files[name_of(output, ending)] = captions_of(p, ending);
  if (!output.poster) return files;
  const bool frame = output.poster->kind == PosterSpec::Kind::frame;
  const std::string picture = frame ? frame_of(p, *output.poster, pieces) : picture_of(p, *output.poster);
  files[name_of(output, "poster." + picture_ending(picture))] = picture;
  return files;
}

}  // namespace avstage::run
