#include "run/segment_renderer.h"

#include <fmt/format.h>

#include <future>
#include <optional>
#include <thread>

#include "base/atomic_file.h"
#include "base/bounded_queue.h"
#include "base/mezzanine.h"
#include "base/stop.h"
#include "media/muxer.h"
#include "plan/media_cuts.h"
#include "run/compose/picture.h"

namespace avstage::run {

/// One deliverable's encoder for one segment, writing into a part file. It encodes on a thread of its own:
/// beside it the next picture is composed, and the same one is encoded for other deliverables.
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
    thread_ = std::jthread([this] {
      while (auto work = queue_.pop()) (*work)();
    });
  }

  ~Target() { queue_.close(); }

  /// Begins to encode it, once the frame before is done. Throws what went wrong with that one.
  void send(const AVFrame& composed, std::int64_t n) {
    after_the_last([this, frame = media::ref_frame(composed), n] { encode(*frame, n); });
  }

  /// No frame follows. As send().
  void end() {
    after_the_last([this] {
      encoder_.send(nullptr);
      drain();
    });
  }

  /// After end(); waits until all is encoded.
  void keep(SegmentStore& store, const std::set<int>& unproven) {
    working_.get();
    muxer_.finish();
    store.keep(part_, key_, unproven);
    remover_.release();
  }

  const std::string& key() const { return key_; }

 private:
  /// On the one thread: called from a new one for each frame, x264 makes other bytes of the same frames at
  /// times (852x480, 1 of 8).
  template <typename Work>
  void after_the_last(Work work) {
    if (working_.valid()) working_.get();
    std::packaged_task<void()> task(std::move(work));
    working_ = task.get_future();
    queue_.push(std::move(task));
  }

  void encode(const AVFrame& composed, std::int64_t n) {
    media::FramePtr frame = converted(composed, n);
    frame->pts = n;
    encoder_.send(frame.get());
    drain();
  }

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
  std::future<void> working_;
  BoundedQueue<std::packaged_task<void()>> queue_{1};
  std::jthread thread_;  ///< last: it ends before what it uses
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

/// What is composed for one part, and who encodes it.
struct SegmentRenderer::Step {
  const plan::Segment& segment;
  Compositor& compositor;
  std::vector<std::unique_ptr<Target>> targets;
  std::size_t span = 0;
  std::int64_t span_first = 0;  ///< its first frame in the segment

  media::FramePtr compose(std::int64_t n) {
    while (n >= span_first + segment.spans[span].frames) span_first += segment.spans[span++].frames;
    return compositor.compose(segment.spans[span], n - span_first);
  }
};

SegmentRenderer::SegmentRenderer(const plan::Plan& plan, const plan::RenderPlan& render,
                                 const MediaAccess& media, Mattes& mattes, SegmentStore& store,
                                 const std::function<void(int, std::int64_t)>& on_decoded)
    : plan_(plan), timing_(render.timing), store_(store), films_(media) {
  for (std::size_t c = 0; c < plan.compositions.size(); ++c) {
    copies_.push_back(render.compositions[c].copy);
    compositors_.push_back(std::make_unique<Compositor>(LayerRenderer::Context{
        plan, timing_, media, films_, mattes, plan.compositions[c].canvas, on_decoded}));
  }
}

void SegmentRenderer::copy(const plan::Segment& segment, const std::string& key,
                           const std::stop_token& stop) {
  const plan::Copy& c = segment.copy.value();
  const std::string part = store_.part_path(key);
  FileRemover remover(part);
  const std::string& source = std::get<FileRef>(plan_.clips[c.clip].clip.media).path;
  if (!copier_ || copier_->source() != source) copier_.emplace(source, plan_.job.canvas.fps, stop);
  copier_->copy(part, c.first, c.frames);
  store_.keep(part, key, {});
  remover.release();
}

media::VideoEncoderSettings SegmentRenderer::settings_for(const Part& part, std::size_t output) const {
  const OutputSpec& spec = plan_.job.outputs[plan_.compositions[part.composition].outputs[output]];
  const plan::CopyChoice& copy = copies_[part.composition];
  media::VideoEncoderSettings settings = encoder_settings(plan_.job, spec);
  if (copy.takes(output)) {
    if (spec.codec == "h264" || spec.codec == kXdcam) settings.beside = copy.sets;
    if (!mezzanine(spec.codec)) settings.key_frames = last_key(part.segment.frames, settings.fps);
  }
  if (!spec.rendition.empty()) {
    settings.key_frames = plan::media_cuts(part.segment, spec.media_segment, settings.fps);
  }
  return settings;
}

SegmentRenderer::Step SegmentRenderer::prepare(const Part& part, const std::stop_token& stop) {
  Step step{part.segment, *compositors_[part.composition], {}};
  std::set<std::string> taken;  // deliverables that differ in nothing but their container share a segment
  for (std::size_t k = 0; k < part.segment.keys.size(); ++k) {
    const std::string& key = part.segment.keys[k];
    if (!store_.find(key).empty() || !taken.insert(key).second) continue;
    if (part.segment.copied[k]) {
      copy(part.segment, key, stop);
    } else {
      step.targets.push_back(std::make_unique<Target>(settings_for(part, k), store_.part_path(key), key));
    }
  }
  return step;
}

std::vector<std::string> SegmentRenderer::render(const std::vector<Part>& parts,
                                                 const std::set<int>& unproven,
                                                 const std::function<void(std::int64_t)>& on_frame,
                                                 const std::stop_token& stop) {
  std::vector<Step> steps;
  for (const Part& part : parts) {
    Step step = prepare(part, stop);
    if (!step.targets.empty()) steps.push_back(std::move(step));
  }
  if (steps.empty()) return {};
  std::int64_t done = 0;
  for (std::int64_t n = 0; n < parts.front().segment.frames; ++n) {
    for (Step& step : steps) {
      require_going(stop);
      const media::FramePtr frame = step.compose(n);
      for (auto& target : step.targets) target->send(*frame, n);
      on_frame(++done);
    }
  }
  std::vector<std::string> encoded;
  for (Step& step : steps) {
    step.compositor.keep_only(step.segment.spans.back().layers);
    for (auto& target : step.targets) target->end();
  }
  for (Step& step : steps) {
    for (auto& target : step.targets) {
      target->keep(store_, unproven);
      encoded.push_back(target->key());
    }
  }
  return encoded;
}

}  // namespace avstage::run
