#include "run/ahead.h"

#include <algorithm>
#include <cmath>
#include <set>
#include <utility>

#include "run/clips/budget.h"

namespace avstage::run {
namespace {

/// What is spoken seldom takes less than this share of what its text lets expect.
constexpr double kGuessedShare = 0.75;
constexpr double kUnknownSeconds = 20;

}  // namespace

void Ahead::foresee() {
  given_up_ = opened_ = false;
  plan_.reset();
  if (!p_.is_known()) plan_ = with_share(kGuessedShare);
  foresee_sound();
}

void Ahead::foresee_sound() {
  sound_.reset();
  if (!plan_ || SoundAhead::sounds_of(p_.job).empty()) return;
  if (std::optional<plan::RenderPlan> longer = with_share(1))
    sound_ = std::make_unique<SoundAhead>(p_, store_, *plan_, std::move(*longer));
}

/// With missing clips of such a share of the length that is to be expected.
std::optional<plan::RenderPlan> Ahead::with_share(double share) const {
  std::vector<Time> lengths;
  const Prices prices;
  for (const plan::Purchase& purchase : p_.plan.purchases) {
    const Estimate guess = estimate(prices, purchase.avatar, "v3");
    const double seconds = guess.at_least ? std::max(guess.seconds, kUnknownSeconds) : guess.seconds;
    lengths.push_back(Time(std::max<std::int64_t>(1, std::llround(seconds * share * 1000)), 1000));
  }
  return plan::foresee(p_.plan, p_.facts, lengths, toolchain(), p_.copy);
}

std::optional<Place> Ahead::pick(const std::function<Standing(const plan::Segment&)>& standing) const {
  if (!plan_ || given_up_) return std::nullopt;
  for (std::size_t c = 0; c < plan_->compositions.size(); ++c) {
    const std::vector<plan::Segment>& segments = plan_->compositions[c].segments;
    for (std::size_t i = segments.size(); i-- > 1;) {
      if (segments[i].shows.empty() && segments[i - 1].shows.empty() &&
          standing(segments[i]) == Standing::open)
        return Place{c, i};
    }
  }
  return std::nullopt;
}

void Ahead::give_up(const Error& why) {
  log::warning("rendering ahead: {}", why.what());
  given_up_ = true;
}

bool Ahead::encode_sound() {
  if (!sound_) return false;
  try {
    if (sound_->encode_next()) return true;
  } catch (const Error& e) {
    if (e.code() == ErrorCode::interrupted) throw;
    log::warning("encoding sound ahead: {}", e.what());
  }
  sound_.reset();
  return false;
}

bool Ahead::is_missing(const plan::Segment& segment) const {
  return std::any_of(segment.shows.begin(), segment.shows.end(), [&](int purchase) {
    const MediaAccess::Source source = p_.media.source(purchase);
    return source.path.empty() && !source.stream;
  });
}

void Ahead::open_films(const std::stop_token& stop) {
  if (!plan_ || std::exchange(opened_, true)) return;
  p_.media.drop_ready();
  std::set<int> opened;  // compositions in step share a film's reader
  try {
    for (const plan::CompositionPlan& composition : plan_->compositions) {
      auto segment = std::find_if(composition.segments.begin(), composition.segments.end(),
                                  [&](const plan::Segment& s) { return is_missing(s); });
      if (segment == composition.segments.end()) continue;
      for (const plan::Layer& layer : segment->spans.front().layers) {
        if (opened.insert(layer.clip).second) get_ready(layer, stop);
      }
    }
  } catch (const Error& e) {
    if (e.code() == ErrorCode::interrupted) throw;
    log::warning("opening ahead: {}", e.what());
  }
}

void Ahead::get_ready(const plan::Layer& layer, const std::stop_token& stop) {
  const Rational fps = p_.job.canvas.fps;
  if (!std::holds_alternative<FileRef>(p_.plan.clips[layer.clip].clip.media)) return;
  if (!p_.facts[layer.clip]->media.video) return;
  p_.media.get_ready(layer.clip, plan::source_time(plan_->timing.clips[layer.clip], layer.first, fps), fps,
                     stop);
}

}  // namespace avstage::run
