#include "run/compose/layer_renderer.h"

#include <fmt/format.h>

#include <mutex>
#include <set>

#include "base/log.h"
#include "media/image.h"
#include "media/text_image.h"
#include "plan/spans.h"
#include "run/compose/filter_chain.h"
#include "run/compose/picture.h"

namespace avstage::run {
namespace {

constexpr int kMatteEvery = 12;  ///< frames between two looks at a matte
constexpr double kMatteLimit = 0.005;

/// A clip is rendered in many pieces; its user is told once.
void warn_once(const std::string& label, const std::string& text) {
  static std::mutex mutex;
  static std::set<std::string> said;
  if (text.empty()) return;
  std::lock_guard lock(mutex);
  if (said.insert(label + text).second) log::warning("{}: {}", label, text);
}

}  // namespace

/// Source picture → rotation, filters → box: crop, scale, key. Rebuilt when time does not go on.
class LayerRenderer::Chain {
 public:
  /// `alpha`: the source has transparency of its own.
  Chain(const plan::PlannedClip& planned, bool alpha, const Canvas& canvas, std::int64_t clip_frames)
      : planned_(planned),
        clip_(plan::as_delivered(planned.clip, alpha)),
        canvas_(canvas),
        clip_frames_(clip_frames) {}

  bool keyed() const { return clip_.key.has_value(); }

  bool follows(std::int64_t local) const { return last_ < 0 || local > last_; }

  media::FramePtr run(const AVFrame& source, std::int64_t local, const media::Orientation& orientation,
                      bool wants_alpha, plan::Box& box) {
    media::FramePtr frame = media::ref_frame(source);
    frame->pts = local;
    settle_color(*frame, plan::is_still(planned_.clip) || plan::is_captions(planned_.clip), planned_.label);
    if (last_ < 0) warn_once(planned_.label, color_warning(*frame));
    last_ = local;
    if (!prepare_ && !fit_) {
      prepare_ =
          make_prepare_chain(clip_, planned_.key_color, *frame, orientation, canvas_.fps, clip_frames_);
    }
    if (prepare_) frame = prepare_->run(*frame);
    if (!fit_) {
      const int rotation = orientation.rotation;
      auto [width, height] = display_size(*frame, rotation);
      box_ = plan::place_picture(planned_.clip, width, height, canvas_);
      fit_ = make_fit_chain(clip_, planned_.key_color, *frame, rotation, box_, wants_alpha, canvas_.fps,
                            clip_frames_);
    }
    box = box_;
    return fit_->run(*frame);
  }

 private:
  const plan::PlannedClip& planned_;
  const Clip clip_;  ///< as it is shown: without the key of a fallback that was not needed
  const Canvas& canvas_;
  std::int64_t clip_frames_;
  std::int64_t last_ = -1;
  std::unique_ptr<FilterChain> prepare_, fit_;
  plan::Box box_;
};

LayerRenderer::LayerRenderer(const Context& context, int clip)
    : planned_(context.plan.clips[clip]),
      position_(context.timing.clips[clip]),
      media_(context.media),
      films_(context.films),
      mattes_(context.mattes),
      canvas_(context.canvas),
      clip_(clip),
      fade_in_(plan::frames_of(planned_.clip.fade_in, canvas_.fps)),
      fade_out_(plan::frames_of(planned_.clip.fade_out, canvas_.fps)),
      timed_(plan::has_timed_filter(planned_.clip)),
      constant_(plan::looks_constant(planned_.clip)),
      on_decoded_(context.on_decoded) {}

LayerRenderer::~LayerRenderer() = default;

media::FramePtr LayerRenderer::draw_still() const {
  const MediaRef& ref = planned_.clip.media;
  if (const auto* color = std::get_if<ColorRef>(&ref)) {
    return solid_rgba(canvas_.width, canvas_.height, color->color);
  }
  if (const auto* text = std::get_if<TextRef>(&ref)) {
    TextRef scaled = *text;
    for (Length* length : {&scaled.size, &scaled.padding}) {
      if (!length->percent) length->value *= canvas_.unit;
    }
    return media::render_text(scaled, canvas_.width, canvas_.height, media::default_font());
  }
  return media::read_image(std::get<ImageRef>(ref).path);
}

/// Drawn anew only where the words change.
const AVFrame& LayerRenderer::words_at(std::int64_t local) {
  const Time time = plan::source_time(position_, local, canvas_.fps);
  const std::string words = plan::text_at(*media_.captions(planned_.purchase), time);
  if (still_ && words == words_) return *still_;
  words_ = words;
  still_ = words.empty() ? solid_rgba(2, 2, {0, 0, 0, 0}) : draw_words(words);
  ++source_;
  return *still_;
}

/// Smaller, where a line is wider than the canvas.
media::FramePtr LayerRenderer::draw_words(const std::string& words) const {
  constexpr double kRoom = 0.94, kLetter = 0.5;  // of the canvas' width; of a line's height
  TextRef text = std::get<CaptionsRef>(planned_.clip.media).look;
  for (Length* length : {&text.size, &text.padding}) {
    if (!length->percent) length->value *= canvas_.unit;
  }
  const double line = text.size.percent ? text.size.value * canvas_.height / 100 : text.size.value;
  const double letters = kRoom * canvas_.width / std::max(1.0, line * kLetter);
  text.text = plan::wrapped(words, static_cast<std::size_t>(std::clamp(letters, 8.0, 60.0)));
  try {
    media::FramePtr frame = media::render_text(text, canvas_.width, canvas_.height, media::default_font());
    if (frame->width <= kRoom * canvas_.width) return frame;
    text.size.value *= kRoom * canvas_.width / frame->width;
    return media::render_text(text, canvas_.width, canvas_.height, media::default_font());
  } catch (const Error& e) {
    if (e.name() == "empty_text") return solid_rgba(2, 2, {0, 0, 0, 0});  // characters that leave no ink
    throw;
  }
}

const AVFrame& LayerRenderer::source_frame(std::int64_t local) {
  if (plan::is_captions(planned_.clip)) return words_at(local);
  if (plan::is_still(planned_.clip)) {
    if (!still_) still_ = draw_still();
    return *still_;
  }
  if (!reader_) reader_ = films_.open(clip_);
  std::int64_t before = reader_->decoded();
  const AVFrame* frame = reader_->frame_at(plan::source_time(position_, local, canvas_.fps), canvas_.fps);
  if (on_decoded_ && reader_->decoded() != before) on_decoded_(clip_, reader_->decoded());
  source_ = reader_->shown();
  return *frame;
}

const AVFrame& LayerRenderer::prepared(std::int64_t local) {
  bool still = plan::is_still(planned_.clip) || plan::is_captions(planned_.clip);
  if (prepared_ && (constant_ || prepared_at_ == local)) return *prepared_;
  const std::int64_t before = source_;
  const AVFrame& source = source_frame(local);
  const bool other = source_ != before;
  if (!prepared_ || other || timed_) {
    if (!chain_ || !chain_->follows(local) || (still && other)) {
      std::int64_t frames = position_.count.is_known() ? position_.count.known : 0;
      const bool alpha = !still && reader_->facts().video && reader_->facts().video->alpha;
      chain_ = std::make_unique<Chain>(planned_, alpha, canvas_, frames);
    }
    media::Orientation orientation = media::orientation_of(source);
    if (!still && reader_->facts().video) {
      orientation = {reader_->facts().video->rotation, reader_->facts().video->mirrored};
    }
    bool wants_alpha = planned_.clip.opacity < 1 || fade_in_ > 0 || fade_out_ > 0;
    prepared_.reset();
    prepared_ = chain_->run(source, local, orientation, wants_alpha, box_);
  }
  prepared_at_ = local;
  if (chain_->keyed() && local % kMatteEvery == 0) measure_matte(*prepared_);
  return *prepared_;
}

double LayerRenderer::alpha_factor(std::int64_t local) const {
  double factor = planned_.clip.opacity;
  double middle = static_cast<double>(local) + 0.5;
  if (local < fade_in_) factor *= middle / static_cast<double>(fade_in_);
  if (fade_out_ > 0 && position_.count.is_known()) {
    double left = static_cast<double>(position_.count.known) - middle;
    if (left < static_cast<double>(fade_out_)) factor *= std::max(0.0, left / static_cast<double>(fade_out_));
  }
  return factor;
}

const AVFrame& LayerRenderer::picture(std::int64_t local) {
  const AVFrame& frame = prepared(local);
  double factor = alpha_factor(local);
  if (factor >= 1) return frame;
  output_ = media::ref_frame(frame);
  outputs_.make_writable(output_);
  scale_alpha(*output_, factor);
  return *output_;
}

void LayerRenderer::measure_matte(const AVFrame& frame) {
  if (!has_alpha(frame)) return;
  std::int64_t visible = 0;
  for (int y = 0; y < frame.height; ++y) {
    const std::uint8_t* p = frame.data[3] + std::ptrdiff_t(y) * frame.linesize[3];
    for (int x = 0; x < frame.width; ++x) visible += p[x] >= 128;
  }
  mattes_.add(clip_, static_cast<double>(visible) / (double(frame.width) * frame.height));
}

void LayerRenderer::check_matte() const {
  const std::optional<double> mean = mattes_.visible(clip_);
  if (!mean || (*mean > kMatteLimit && *mean < 1 - kMatteLimit)) return;
  const double visible = *mean;
  throw Error(ErrorCode::proof,
              fmt::format("{}: the key {} left {} of the picture ({:.1f} % visible); is that really the "
                          "background's colour?",
                          planned_.label, planned_.key_color ? planned_.key_color->hex() : "",
                          visible > 0.5 ? "all" : "nothing", visible * 100),
              "matte");
}

}  // namespace avstage::run
