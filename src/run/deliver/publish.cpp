#include "run/deliver/publish.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>

#include "base/atomic_file.h"
#include "base/crash_point.h"
#include "base/sha256.h"
#include "plan/media_cuts.h"
#include "run/clips/transparency.h"
#include "run/compose/audio_mix.h"
#include "run/deliver/assemble.h"
#include "run/deliver/hls.h"
#include "run/deliver/manifest.h"
#include "run/deliver/side_files.h"
#include "run/deliver/soundtrack.h"
#include "run/scheduler.h"

namespace avstage::run {
namespace {

void report_up_to_date(Production& p, const std::string& path) {
  const Manifest m = read_manifest(path).value();
  if (!m.folder.empty()) remove_other_editions(path, m.folder);  // a kill came before that
  const int files = m.folder.empty() ? 1 : hls_files_at(p.session, path, m.folder).files;
  p.report.outputs.push_back(
      {path, "up_to_date", m.frames, m.duration, m.bytes, m.sha256, 0, 0, 0, 0, m.loudness, files});
  p.tell(Event::Kind::output, path + " is up to date");
}

std::vector<ManifestInput> inputs_of(const Production& p) {
  std::vector<ManifestInput> inputs;
  for (std::size_t i = 0; i < p.plan.clips.size(); ++i) {
    const plan::PlannedClip& planned = p.plan.clips[i];
    ManifestInput in;
    in.clip = planned.label;
    const std::string& identity = p.facts[i]->identity;
    std::string hash = identity.substr(identity.find_last_of(' ') + 1);
    if (const auto* file = std::get_if<FileRef>(&planned.clip.media)) {
      in.kind = "file", in.path = file->path, in.sha256 = hash;
    } else if (const auto* image = std::get_if<ImageRef>(&planned.clip.media)) {
      in.kind = "image", in.path = image->path, in.sha256 = hash;
    } else if (plan::is_captions(planned.clip)) {
      in.kind = "captions", in.sha256 = hash;
    } else if (planned.purchase >= 0) {
      in.kind = "avatar", in.video_id = hash;
      const plan::Purchase& purchase = p.plan.purchases[planned.purchase];
      auto entry = entry_in_use(p.session, purchase, identity);  // none of a video that is only named
      in.clip_key = entry ? entry->clip_key : purchase.clip_key, in.realm = p.session.realm();
    } else {
      in.kind = std::holds_alternative<ColorRef>(planned.clip.media) ? "color" : "text";
    }
    inputs.push_back(std::move(in));
  }
  return inputs;
}

std::vector<std::string> video_ids(const std::vector<ManifestInput>& inputs) {
  std::set<std::string> ids;
  for (const ManifestInput& in : inputs) {
    if (!in.video_id.empty()) ids.insert(in.video_id);
  }
  return {ids.begin(), ids.end()};
}

Deliverable describe(Production& p, const SegmentStore& store, std::size_t composition, std::size_t k) {
  const plan::Composition& c = p.plan.compositions[composition];
  const OutputSpec& output = p.job.outputs[c.outputs[k]];
  Deliverable d;
  d.path = output.path;
  d.frames = p.render.frames;
  d.fps = p.job.canvas.fps;
  std::tie(d.width, d.height) = output.size.value_or(std::pair(p.job.canvas.width, p.job.canvas.height));
  d.codec = output.codec;
  for (const plan::Segment& segment : p.render.compositions[composition].segments) {
    Piece piece{store.find(segment.keys[k]), segment.at.value(), segment.frames};
    if (segment.copied[k]) {
      const auto& file = std::get<FileRef>(p.plan.clips[segment.copy->clip].clip.media);
      piece.copied_from = {file.path, segment.copy->first};
    }
    d.pieces.push_back(std::move(piece));
  }
  d.metadata = ai_metadata(video_ids(inputs_of(p)));
  return d;
}

int rendered_of(const Production& p, std::size_t composition, std::size_t k) {
  int n = 0;
  for (const plan::Segment& s : p.render.compositions[composition].segments)
    n += p.rendered.contains(s.keys[k]);
  return n;
}

/// One of them may have rotted in the store: a later run copies them again.
void forget_copies(const plan::RenderPlan& render, const SegmentStore& store) {
  for (const plan::CompositionPlan& composition : render.compositions) {
    for (const plan::Segment& segment : composition.segments) {
      for (std::size_t k = 0; k < segment.keys.size(); ++k) {
        if (segment.copied[k]) store.forget(segment.keys[k]);
      }
    }
  }
}

/// `make`; anew, with all picture or all sound encoded, where copies do not hold what they promise.
void make_or_encode(Production& p, SegmentStore& store, Soundtrack& soundtrack, const OutputSpec& output,
                    const std::function<void()>& make) {
  for (;;) {
    try {
      return make();
    } catch (const Error& e) {
      if (e.name() == "copy" && p.copy) {
        forget_copies(p.render, store);
        p.stop_copying(e);
      } else if (e.name() == "sound_copy" && soundtrack.copies()) {
        soundtrack.stop_copying(output);
        warn(p, fmt::format("no sound is copied, all is encoded: {}", e.message()));
      } else {
        throw;
      }
    }
    render_segments(p, store);
  }
}

std::int64_t copied_frames(const Deliverable& d) {
  std::int64_t frames = 0;
  for (const Piece& piece : d.pieces) frames += piece.copied_from ? piece.frames : 0;
  return frames;
}

double seconds_of(const std::vector<CopiedSound>& copies) {
  std::int64_t frames = 0;
  for (const CopiedSound& copy : copies) frames += copy.frames;
  return static_cast<double>(frames * media::kAacFrame) / kSampleRate;
}

using SideFiles = std::map<std::string, std::string>;  // name → content

SideFiles hashes_of(const SideFiles& side_files) {
  SideFiles hashes;
  for (const auto& [name, content] : side_files) hashes[name] = sha256_hex(content);
  return hashes;
}

void write_side_files(const OutputSpec& output, const SideFiles& side_files) {
  for (const auto& [name, content] : side_files) {
    write_file_atomically(beside(output.path, name), content);
    crash_point("side_file");
  }
}

Soundtrack::Track sound_of(Production& p, Soundtrack& soundtrack, const OutputSpec& output) {
  Soundtrack::Track track = soundtrack.of(output);
  for (const std::string& line : track.warnings) warn(p, line);
  return track;
}

void publish(Production& p, SegmentStore& store, Soundtrack& soundtrack, std::size_t composition,
             std::size_t k, const std::string& key) {
  const OutputSpec& output = p.job.outputs[p.plan.compositions[composition].outputs[k]];
  if (up_to_date(p.session, output.path, key)) {
    report_up_to_date(p, output.path);
    return;
  }
  Soundtrack::Track track;
  const std::string part = part_path(output.path);
  FileRemover remover(part);
  crash_point("assembling");
  Deliverable d;
  Assembled done;
  make_or_encode(p, store, soundtrack, output, [&] {
    track = sound_of(p, soundtrack, output);
    d = describe(p, store, composition, k);
    d.audio_file = track.file, d.sound_copies = track.copies;
    done = assemble(d, part, p.stop);
  });
  crash_point("assembled");
  const double duration = (Rational(d.frames) / d.fps).to_double();
  const SideFiles side_files = make_side_files(p, output, {{part, 0, d.frames}});
  Manifest manifest{key, done.bytes, done.sha256, d.frames, duration, track.loudness};
  manifest.side_files = hashes_of(side_files);
  p.inputs.require_unchanged();  // the manifest says what they are
  // The manifest first: a kill between the two leaves a manifest that does not fit the file, never a film
  // that a later run would take for somebody else's. The film last: where it is, all of it is.
  write_manifest(output.path, manifest, inputs_of(p), toolchain());
  crash_point("manifest");
  write_side_files(output, side_files);
  publish_file(part, output.path);
  crash_point("published");
  remover.release();
  p.report.outputs.push_back({output.path, "written", d.frames, duration, done.bytes, done.sha256,
                              static_cast<int>(d.pieces.size()), rendered_of(p, composition, k),
                              copied_frames(d), seconds_of(track.copies), track.loudness});
  p.tell(Event::Kind::output, output.path);
}

/// Where an output stands among the compositions: its index there, and its place in that one.
std::pair<std::size_t, std::size_t> place_of(const Production& p, std::size_t output) {
  for (std::size_t c = 0; c < p.plan.compositions.size(); ++c) {
    const std::vector<int>& outputs = p.plan.compositions[c].outputs;
    auto found = std::find(outputs.begin(), outputs.end(), static_cast<int>(output));
    if (found != outputs.end()) return {c, found - outputs.begin()};
  }
  throw Error(ErrorCode::bug, "an output is in no composition");
}

/// The stream whose first rendition is output `first`, without its sound; `report` gets what it is made of.
HlsStream describe_stream(Production& p, const SegmentStore& store, std::size_t first, OutputReport& report) {
  const OutputSpec& output = p.job.outputs[first];
  report = {output.path, "written", p.render.frames,
            (Rational(p.render.frames) / p.job.canvas.fps).to_double()};
  HlsStream stream;
  for (std::size_t i = first; i < p.job.outputs.size() && p.job.outputs[i].path == output.path; ++i) {
    const auto [composition, k] = place_of(p, i);
    Deliverable d = describe(p, store, composition, k);
    report.segments += static_cast<int>(d.pieces.size());
    report.segments_rendered += rendered_of(p, composition, k);
    report.frames_copied = std::max(report.frames_copied, copied_frames(d));
    stream.pictures.push_back({p.job.outputs[i].rendition, d.width, d.height, std::move(d.pieces)});
    stream.path = d.path, stream.frames = d.frames, stream.fps = d.fps, stream.metadata = d.metadata;
    stream.edges = plan::media_segments(p.render.compositions[composition].segments, output.media_segment,
                                        p.job.canvas.fps);
  }
  return stream;
}

/// All renditions of the stream that begins with output `first`.
void publish_stream(Production& p, SegmentStore& store, Soundtrack& soundtrack, std::size_t first,
                    const std::string& key) {
  const OutputSpec& output = p.job.outputs[first];
  if (up_to_date(p.session, output.path, key)) return report_up_to_date(p, output.path);
  OutputReport report;
  auto make = [&] {
    const Soundtrack::Track track = sound_of(p, soundtrack, output);
    HlsStream stream = describe_stream(p, store, first, report);
    stream.audio_file = track.file, stream.sound_copies = track.copies;
    report.loudness = track.loudness, report.sound_copied = seconds_of(track.copies);
    const auto largest =
        std::max_element(stream.pictures.begin(), stream.pictures.end(),
                         [](const HlsPicture& a, const HlsPicture& b) { return a.width < b.width; });
    const SideFiles side_files = make_side_files(p, output, largest->pieces);
    auto before_playlist = [&](const std::string& folder, const HlsFiles& files) {
      p.inputs.require_unchanged();  // the manifest says what they are
      report.bytes = files.bytes, report.sha256 = files.sha256, report.files = files.files;
      write_manifest(output.path,
                     {key, files.bytes, files.sha256, report.frames, report.duration, track.loudness,
                      hashes_of(side_files), folder},
                     inputs_of(p), toolchain());
      crash_point("manifest");
      write_side_files(output, side_files);
    };
    publish_hls(stream, key, before_playlist, p.stop, p.session);
  };
  make_or_encode(p, store, soundtrack, output, make);
  p.report.outputs.push_back(std::move(report));
  p.tell(Event::Kind::output, output.path);
}

}  // namespace

std::vector<std::size_t> outputs_to_make(Production& p) {
  std::vector<std::size_t> outputs;
  for (std::size_t i = 0; i < p.job.outputs.size(); ++i) {
    if (begins_deliverable(p.job, i) &&
        !up_to_date(p.session, p.job.outputs[i].path, deliverable_key(p.job, p.render, i)))
      outputs.push_back(i);
  }
  return outputs;
}

void publish_outputs(Production& p, SegmentStore& store, Soundtrack& soundtrack) {
  std::vector<std::string> keys;  // of the outputs as planned, however they are made
  for (std::size_t i = 0; i < p.job.outputs.size(); ++i) keys.push_back(deliverable_key(p.job, p.render, i));
  for (std::size_t c = 0; c < p.plan.compositions.size(); ++c) {
    for (std::size_t k = 0; k < p.plan.compositions[c].outputs.size(); ++k) {
      const int index = p.plan.compositions[c].outputs[k];
      if (p.job.outputs[index].rendition.empty()) publish(p, store, soundtrack, c, k, keys[index]);
    }
  }
  for (std::size_t i = 0; i < p.job.outputs.size(); ++i) {
    if (!p.job.outputs[i].rendition.empty() && begins_deliverable(p.job, i))
      publish_stream(p, store, soundtrack, i, keys[i]);
  }
}

bool all_up_to_date(Production& p) {
  if (!p.render.complete || !outputs_to_make(p).empty()) return false;
  for (std::size_t i = 0; i < p.job.outputs.size(); ++i) {
    if (begins_deliverable(p.job, i)) report_up_to_date(p, p.job.outputs[i].path);
  }
  return true;
}

}  // namespace avstage::run
