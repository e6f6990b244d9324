#include "run/prepare.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <memory>
#include <set>

#include "base/at_once.h"
#include "base/suggest.h"
#include "media/text_image.h"
#include "run/clips/acquire.h"
#include "run/clips/extras.h"
#include "run/clips/transparency.h"
#include "run/clips/uploads.h"
#include "run/compose/filter_chain.h"
#include "run/file_facts.h"
#include "run/gop_cache.h"
#include "run/segment_renderer.h"

namespace avstage::run {
namespace {

namespace fs = std::filesystem;

plan::ClipFacts clip_facts(const std::string& path, const FileFacts& file, bool image) {
  if (file.error) std::rethrow_exception(file.error);
  MediaFacts facts = file.media;
  if (image) {
    if (!facts.video) throw Error(ErrorCode::input, path + ": holds no picture", "no_video");
    facts.image = true;
    facts.audio.reset();
    facts.available.reset();
  }
  return {facts, "file " + file.hash};
}

plan::ClipFacts still_facts(const std::string& identity) {
  plan::ClipFacts facts;
  facts.media.image = true;
  facts.identity = identity;
  return facts;
}

plan::ClipFacts text_facts(Session& session, const plan::Plan& plan, const TextRef& text) {
  for (const plan::Composition& c : plan.compositions) {  // a bad font must fail before anything is bought
    media::render_text(text, c.canvas.width, c.canvas.height, media::default_font());
  }
  return still_facts("text " + session.content_hash(font_of(text)));
}

std::optional<plan::ClipFacts> facts_of(Session& session, const plan::Plan& plan, int index,
                                        const std::map<std::string, FileFacts>& files, MediaAccess& media) {
  const plan::PlannedClip& planned = plan.clips[index];
  const MediaRef& ref = planned.clip.media;
  if (const std::string* path = file_of(ref))
    return clip_facts(*path, files.at(*path), std::holds_alternative<ImageRef>(ref));
  if (const auto* text = std::get_if<TextRef>(&ref)) return text_facts(session, plan, *text);
  if (std::holds_alternative<ColorRef>(ref)) return still_facts("color");
  if (const auto* captions = std::get_if<CaptionsRef>(&ref)) require_look(*captions);
  const plan::Purchase& purchase = plan.purchases[planned.purchase];
  auto clip = kept_clip(session, purchase, plan.clips[purchase.clips.front()].label);
  if (!clip) return std::nullopt;
  for (plan::Extra extra : purchase.extras) {  // without them the clip has still to be obtained
    if (archived_extra(session, clip->entry.clip_key, extra).empty()) return std::nullopt;
  }
  if (const auto* shown = std::get_if<CaptionsRef>(&ref)) {
    const std::string path = archived_extra(session, clip->entry.clip_key, plan::Extra::captions);
    Captions captions = read_captions(path, planned.label);
    media.set_captions(planned.purchase, std::move(captions.cues));
    return captions_facts(session, *shown, captions.sha256);
  }
  media.set_file(planned.purchase, clip->path);
  return plan::ClipFacts{clip->facts, avatar_identity(session.realm(), clip->entry.video_id)};
}

/// Outputs whose encoder writes the parameter sets that a HEVC source has.
std::set<int> encoded_alike(const plan::Plan& plan, const std::string& sets,
                            std::map<int, std::string>& written) {
  std::set<int> alike;
  for (std::size_t k = 0; k < plan.job.outputs.size(); ++k) {
    const OutputSpec& output = plan.job.outputs[k];
    if (output.codec != "hevc") continue;
    std::string& own = written[static_cast<int>(k)];
    if (own.empty()) own = media::parameter_sets(encoder_settings(plan.job, output));
    if (own == sets) alike.insert(static_cast<int>(k));
  }
  return alike;
}

/// Where something could be copied, the packets tell what.
void add_gops(Session& session, const plan::Plan& plan, plan::Facts& facts) {
  struct Film {
    std::string path;
    std::shared_ptr<GopIndex> index = std::make_shared<GopIndex>();
  };
  std::map<std::string, Film> films;  // by content: of two copies of one film only one is looked through
  std::vector<std::size_t> wanting;
  for (std::size_t i = 0; i < facts.size(); ++i) {
    if (!plan::wants_gops(plan, facts, static_cast<int>(i))) continue;
    wanting.push_back(i);
    films[facts[i]->identity].path = *file_of(plan.clips[i].clip.media);
  }
  std::vector<Film> each;
  for (const auto& [identity, film] : films) each.push_back(film);
  at_once(each.size(), kFilesAtOnce,
          [&](std::size_t i) { *each[i].index = known_gops(session, each[i].path, plan.job.canvas.fps); });
  std::map<int, std::string> written;  // by output: parameter sets
  for (std::size_t i : wanting) {
    facts[i]->gops = films[facts[i]->identity].index;
    if (facts[i]->gops->why_not.empty() && facts[i]->media.video->codec == "hevc") {
      facts[i]->encoded_alike = encoded_alike(plan, facts[i]->gops->sets, written);
    }
  }
}

/// Checked here, where all names are known, not where the first unknown one would be used.
void require_known_filters(const Clip& clip) {
  std::vector<std::string_view> names;
  for (const filters::Filter* f : filters::all()) names.push_back(f->name);
  names.push_back("lavfi");
  for (const FilterSpec& spec : clip.filters) {
    if (std::find(names.begin(), names.end(), spec.name) != names.end()) continue;
    throw Error(ErrorCode::usage,
                fmt::format("{}: found the filter {}; allowed: {}{}", spec.mark.str(), in_quotes(spec.name),
                            fmt::join(names, ", "), did_you_mean(spec.name, names)),
                "unknown_filter");
  }
}

/// What is asked of the picture of a clip that has none would be ignored: it is refused instead.
void require_picture(const Clip& clip) {
  const Placement plain;
  const Placement& p = clip.place;
  const char* word = !clip.filters.empty()                          ? "filters"
                     : plan::as_delivered(clip, true).key           ? "key"
                     : clip.opacity != 1                            ? "opacity"
                     : p.fit                                        ? "fit"
                     : p.width || p.height                          ? "a size"
                     : p.at_x != plain.at_x || p.at_y != plain.at_y ? "a place"
                                                                    : nullptr;
  if (!word) return;
  throw Error(
      ErrorCode::usage,
      fmt::format("{}: found {} for a medium that has no picture, only sound; allowed: times, fades and "
                  "volume",
                  clip.mark.str(), word),
      "no_picture");
}

}  // namespace

const std::string* file_of(const MediaRef& ref) {
  if (const auto* file = std::get_if<FileRef>(&ref)) return &file->path;
  if (const auto* image = std::get_if<ImageRef>(&ref)) return &image->path;
  return nullptr;
}

std::string font_of(const MediaRef& ref) {
  const auto* text = std::get_if<TextRef>(&ref);
  if (const auto* captions = std::get_if<CaptionsRef>(&ref); captions && captions->burn)
    text = &captions->look;
  if (text == nullptr) return "";
  return text->font.empty() ? media::default_font() : text->font;
}

std::string toolchain() {
  return "avstage " AVSTAGE_VERSION "; " + media::library_versions();
}

plan::Plan checked_plan(const Job& job) {
  plan::Plan plan = plan::make_plan(with_hashed_assets(job), avatar_words());
  for (const plan::PlannedClip& planned : plan.clips) {
    require_known_filters(planned.clip);
    check_filters(planned.clip);
    if (const auto* avatar = std::get_if<AvatarRef>(&planned.clip.media)) {
      heygen::validate(*avatar, heygen::choose_dialect(*avatar, job.heygen.api));
      if (auto fallback = plan::fallback_of(*avatar)) {
        heygen::validate(*fallback, heygen::choose_dialect(*fallback, job.heygen.api));
      }
    }
  }
  return plan;
}

plan::Facts gather_facts(Session& session, const plan::Plan& plan, MediaAccess& media, InputFiles& inputs) {
  std::set<std::string> paths;
  for (const plan::PlannedClip& planned : plan.clips) {
    if (const std::string* path = file_of(planned.clip.media)) paths.insert(*path);
    if (const std::string font = font_of(planned.clip.media); !font.empty()) inputs.add(font);
  }
  for (const std::string& path : paths) inputs.add(path);
  const std::map<std::string, FileFacts> files = look_at_files(session, paths);
  plan::Facts facts(plan.clips.size());
  for (std::size_t i = 0; i < plan.clips.size(); ++i) {
    try {
      facts[i] = facts_of(session, plan, static_cast<int>(i), files, media);
    } catch (const Error& e) {
      throw e.within(plan.clips[i].clip.mark.str());
    }
  }
  add_gops(session, plan, facts);
  return facts;
}

void check_pictures(const plan::Plan& plan, const plan::Facts& facts, const plan::Timing& timing) {
  for (std::size_t i = 0; i < plan.clips.size(); ++i) {
    if (!facts[i]) continue;
    if (!facts[i]->media.video) {
      if (facts[i]->media.audio) require_picture(plan.clips[i].clip);
      continue;
    }
    const VideoFacts& video = *facts[i]->media.video;
    const plan::Frames& count = timing.clips[i].count;
    check_filters(plan.clips[i].clip, video.display_width, video.display_height, plan.job.canvas.fps,
                  count.is_known() ? count.known : 0);
  }
}

}  // namespace avstage::run
