#include "run/publish.h"

#include <fmt/format.h>

#include "base/atomic_file.h"
#include "base/crash_point.h"
#include "base/sha256.h"
#include "run/assemble.h"
#include "run/manifest.h"
#include "run/scheduler.h"
#include "run/side_files.h"
#include "run/soundtrack.h"
#include "run/transparency.h"

namespace avstage::run {
namespace {

void report_up_to_date(Production& p, const std::string& path) {
  const Manifest m = read_manifest(path).value();
  p.report.outputs.push_back(
      {path, "up_to_date", m.frames, m.duration, m.bytes, m.sha256, 0, 0, 0, m.loudness});
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
    d.pieces.push_back(
        {store.find(segment.keys[k]), segment.at.value(), segment.frames, bool(segment.copied[k])});
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

/// A film with copies that do not hold what they promise is encoded as a whole.
Assembled assemble_or_encode(Production& p, SegmentStore& store, std::size_t composition, std::size_t k,
                             Deliverable& d, const std::string& part) {
  try {
    return assemble(d, part, p.stop);
  } catch (const Error& e) {
    if (!p.copy || e.name() != "copy") throw;
    p.stop_copying(e);
  }
  render_segments(p, store);
  d.pieces = describe(p, store, composition, k).pieces;
  return assemble(d, part, p.stop);
}

std::int64_t copied_frames(const Deliverable& d) {
  std::int64_t frames = 0;
  for (const Piece& piece : d.pieces) frames += piece.copied ? piece.frames : 0;
  return frames;
}

void publish(Production& p, SegmentStore& store, Soundtrack& soundtrack, std::size_t composition,
             std::size_t k) {
  const int index = p.plan.compositions[composition].outputs[k];
  const OutputSpec& output = p.job.outputs[index];
  const std::string key = p.render.output_keys[index];  // of the film as planned, however it is made
  if (up_to_date(p.session, output.path, key)) {
    report_up_to_date(p, output.path);
    return;
  }
  Deliverable d = describe(p, store, composition, k);
  const Soundtrack::Track track = soundtrack.of(output);
  d.audio_file = track.file;
  const std::string part = part_path(output.path);
  FileRemover remover(part);
  crash_point("assembling");
  Assembled done = assemble_or_encode(p, store, composition, k, d, part);
  crash_point("assembled");
  const double duration = (Rational(d.frames) / d.fps).to_double();
  const std::map<std::string, std::string> side_files = make_side_files(p, output, part);
  Manifest manifest{key, done.bytes, done.sha256, d.frames, duration, track.loudness};
  for (const auto& [name, content] : side_files) manifest.side_files[name] = sha256_hex(content);
  // The manifest first: a kill between the two leaves a manifest that does not fit the file, never a film
  // that a later run would take for somebody else's. The film last: where it is, all of it is.
  write_manifest(output.path, manifest, inputs_of(p), toolchain());
  crash_point("manifest");
  for (const auto& [name, content] : side_files) {
    write_file_atomically(beside(output.path, name), content);
    crash_point("side_file");
  }
  publish_file(part, output.path);
  crash_point("published");
  remover.release();
  p.report.outputs.push_back({output.path, "written", d.frames, duration, done.bytes, done.sha256,
                              static_cast<int>(d.pieces.size()), rendered_of(p, composition, k),
                              copied_frames(d), track.loudness});
  p.tell(Event::Kind::output, output.path);
}

}  // namespace

void publish_outputs(Production& p, SegmentStore& store) {
  Soundtrack soundtrack(p, store);
  for (std::size_t c = 0; c < p.plan.compositions.size(); ++c) {
    for (std::size_t k = 0; k < p.plan.compositions[c].outputs.size(); ++k)
      publish(p, store, soundtrack, c, k);
  }
}

bool all_up_to_date(Production& p) {
  if (!p.render.complete) return false;
  for (std::size_t i = 0; i < p.job.outputs.size(); ++i) {
    if (!up_to_date(p.session, p.job.outputs[i].path, p.render.output_keys[i])) return false;
  }
  for (const OutputSpec& output : p.job.outputs) report_up_to_date(p, output.path);
  return true;
}

}  // namespace avstage::run
