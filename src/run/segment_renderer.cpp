#include "run/segment_renderer.h"

#include <fmt/format.h>

#include <optional>

#include "base/atomic_file.h"
#include "base/mezzanine.h"
#include "base/stop.h"
#include "media/muxer.h"
#include "plan/media_cuts.h"
#include "run/compose/picture.h"

namespace avstage::run {

/// One deliverable's encoder for one segment, writing into a part file.
class SegmentRenderer::Target {
 public:
  Target(const media::VideoEncoderSettings& settings, std::string part, std::string key)
      : settings_(settings),
        key_(std::move(key)),
        part_(std::move(part)),
        remover_(part_),
        encoder_(settings),
        muxer_(part_, media::own_format(encoder_.parameters()->codec_id)) {
    stream_ = muxer_.add_stream(*encoder_.parameters(), encoder_.time_base(), settings.fps);
    muxer_.write_header();
  }

  void send(const AVFrame& composed, std::int64_t n) {
    media::FramePtr frame = converted(composed, n);
    frame->pts = n;
    encoder_.send(frame.get());
    drain();
  }

  void finish(SegmentStore& store, const std::set<int>& unproven) {
    encoder_.send(nullptr);
    drain();
    muxer_.finish();
    store.keep(part_, key_, unproven);
    remover_.release();
  }

 private:
  media::FramePtr converted(const AVFrame& composed, std::int64_t n) {
    if (composed.width == settings_.width && composed.height == settings_.height &&
        composed.format == av_get_pix_fmt(settings_.pix_fmt.c_str())) {
      return media::ref_frame(composed);
    }
    if (!scaler_) {
      scaler_.emplace();
      source_ = scaler_->add_video_source(composed, Rational(1) / settings_.fps, settings_.fps);
      auto scaled = scaler_->add(
          "scale", scale_options(composed, settings_.width, settings_.height, settings_.pix_fmt), source_);
      sink_ = scaler_->add_video_sink(scaled, {settings_.pix_fmt});
      scaler_->configure();
    }
    media::FramePtr input = media::ref_frame(composed);
    input->pts = n;
    scaler_->push(source_, input.get());
    media::FramePtr out = scaler_->pull(sink_);
    if (!out) throw Error(ErrorCode::bug, "the scaler held a frame back");
    return out;
  }

  void drain() {
    while (media::PacketPtr packet = encoder_.receive()) muxer_.write(*packet, stream_, encoder_.time_base());
  }

  media::VideoEncoderSettings settings_;
  std::string key_, part_;
  FileRemover remover_;
  media::VideoEncoder encoder_;
  media::Muxer muxer_;
  int stream_ = 0;
  std::optional<media::FilterGraph> scaler_;
  media::FilterGraph::Pad source_;
  int sink_ = 0;
};

namespace {

/// A key frame a second before the end of what may stand before a copy: check_copies() decodes from there to
/// the seam, not from the segment's beginning.
std::vector<std::int64_t> last_key(std::int64_t frames, Rational fps) {
  const std::int64_t second = fps.ceil();
  return frames > 2 * second ? std::vector{frames - second} : std::vector<std::int64_t>{};
}

}  // namespace

media::VideoEncoderSettings encoder_settings(const Job& job, const OutputSpec& output) {
  media::VideoEncoderSettings s;
  auto size = output.size.value_or(std::pair(job.canvas.width, job.canvas.height));
  s.codec = output.codec;
  if (const Mezzanine* profile = mezzanine(output.codec)) s.pix_fmt = profile->pix_fmt;
  s.preset = output.preset;
  s.crf = output.crf;
  s.bitrate = output.bitrate;
  s.width = size.first;
  s.height = size.second;
  s.fps = job.canvas.fps;
  return s;
}

SegmentRenderer::SegmentRenderer(const plan::Plan& plan, int composition, const plan::RenderPlan& render,
                                 const MediaAccess& media, Mattes& mattes, SegmentStore& store,
                                 std::function<void(int, std::int64_t)> on_decoded)
    : plan_(plan),
      composition_(plan.compositions[composition]),
      timing_(render.timing),
      copy_(render.compositions[composition].copy),
      store_(store),
      compositor_({plan, timing_, media, mattes, composition_.canvas, std::move(on_decoded)}) {}

void SegmentRenderer::copy(const plan::Segment& segment, const std::string& key,
                           const std::stop_token& stop) {
  const plan::Copy& c = segment.copy.value();
  const std::string part = store_.part_path(key);
  FileRemover remover(part);
  const std::string& source = std::get<FileRef>(plan_.clips[c.clip].clip.media).path;
  if (!copier_ || copier_->source() != source) copier_.emplace(source, composition_.canvas.fps, stop);
  copier_->copy(part, c.first, c.frames);
  store_.keep(part, key, {});
  remover.release();
}

std::vector<std::string> SegmentRenderer::render(const plan::Segment& segment, const std::set<int>& unproven,
                                                 const std::function<void(std::int64_t)>& on_frame,
                                                 const std::stop_token& stop) {
  std::vector<std::unique_ptr<Target>> targets;
  std::vector<std::string> encoded;
  std::set<std::string> taken;  // deliverables that differ in nothing but their container share a segment
  for (std::size_t k = 0; k < segment.keys.size(); ++k) {
    const std::string& key = segment.keys[k];
    if (!store_.find(key).empty() || !taken.insert(key).second) continue;
    if (segment.copied[k]) {
      copy(segment, key, stop);
      continue;
    }
    const OutputSpec& output = plan_.job.outputs[composition_.outputs[k]];
    media::VideoEncoderSettings settings = encoder_settings(plan_.job, output);
    if (copy_.takes(k)) {
      if (output.codec == "h264" || output.codec == kXdcam) settings.beside = copy_.sets;
      if (!mezzanine(output.codec)) settings.key_frames = last_key(segment.frames, settings.fps);
    }
    if (!output.rendition.empty()) {
      settings.key_frames = plan::media_cuts(segment, output.media_segment, settings.fps);
    }
    targets.push_back(std::make_unique<Target>(settings, store_.part_path(key), key));
    encoded.push_back(key);
  }
  if (targets.empty()) return encoded;
  std::int64_t n = 0;
  for (const plan::Span& span : segment.spans) {
    compositor_.compose(span, [&](media::FramePtr frame) {
      require_going(stop);
      for (auto& target : targets) target->send(*frame, n);
      on_frame(++n);
    });
  }
  compositor_.keep_only(segment.spans.back().layers);
  for (auto& target : targets) target->finish(store_, unproven);
  return encoded;
}

}  // namespace avstage::run
