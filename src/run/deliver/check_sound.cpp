#include "run/deliver/check_sound.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/stop.h"
#include "media/aac.h"
#include "run/compose/audio_mix.h"
#include "run/deliver/unproven.h"

namespace avstage::run {
namespace {

constexpr const char* kName = "sound_copy";
constexpr std::int64_t kAtOnce = 4096;  ///< packets of a source in memory

/// Goes through the sound of a film.
class FilmSound {
 public:
  FilmSound(media::Demuxer demuxer, const std::stop_token& stop) : demuxer_(std::move(demuxer)), stop_(stop) {
    if (demuxer_.audio() == nullptr) fail("has no sound");
    time_base_ = media::from_av(demuxer_.audio()->time_base);
  }

  void check(const CopiedSound& copy) {
    while (read_ < copy.packet) next();
    const auto index = media::index_aac(copy.path);
    if (!index) fail(fmt::format("{} is not what was copied", copy.path));
    for (std::int64_t done = 0; done < copy.frames; done += kAtOnce) {
      const std::int64_t first = copy.source + done;
      const auto packets = media::read_aac(copy.path, *index, first, std::min(copy.frames - done, kAtOnce));
      for (std::int64_t i = 0; i < std::ssize(packets); ++i) {
        next();
        if (media::bytes_of(*packet_) != media::bytes_of(*packets[static_cast<std::size_t>(i)]))
          fail(fmt::format("packet {} of its sound is not its source's", read_ - 1));
        require_at(index->sample(first + i) + copy.offset);
      }
    }
  }

  void check_rest() {
    while (advance()) {
    }
  }

 private:
  [[noreturn]] void fail(const std::string& what) const { unproven(demuxer_.name(), what, kName); }

  void next() {
    if (!advance()) fail("its sound ends early");
  }

  bool advance() {
    require_going(stop_);
    const std::int64_t last = packet_->dts;
    av_packet_unref(packet_.get());
    if (!demuxer_.read(*packet_)) return false;
    if (read_++ > 0 && packet_->dts <= last) fail("the times of its sound do not rise");
    return true;
  }

  /// Containers with coarser clocks round.
  void require_at(std::int64_t sample) const {
    const Time time = Rational(packet_->pts) * time_base_, wanted(sample, kSampleRate);
    if (time - wanted < time_base_ && wanted - time < time_base_) return;
    fail(fmt::format("packet {} of its sound is heard at {:.6f} s, planned was {:.6f} s", read_ - 1,
                     time.to_double(), wanted.to_double()));
  }

  media::Demuxer demuxer_;
  const std::stop_token& stop_;
  Rational time_base_;
  media::PacketPtr packet_ = media::make_packet();
  std::int64_t read_ = 0;  ///< packets
};

}  // namespace

void check_sound(media::Demuxer film, const std::vector<CopiedSound>& copies, const std::stop_token& stop) {
  const std::string name = film.name();
  try {
    FilmSound sound(std::move(film), stop);
    for (const CopiedSound& copy : copies) sound.check(copy);
    sound.check_rest();
  } catch (const Error& e) {
    if (e.code() == ErrorCode::interrupted || e.name() == kName) throw;
    unproven(name, e.message(), kName);
  }
}

}  // namespace avstage::run
