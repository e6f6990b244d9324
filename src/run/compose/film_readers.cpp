#include "run/compose/film_readers.h"

namespace avstage::run {

std::shared_ptr<media::VideoReader> FilmReaders::open(int clip) {
  std::weak_ptr<media::VideoReader>& slot = open_[clip];
  std::shared_ptr<media::VideoReader> reader = slot.lock();
  if (!reader) slot = reader = media_.open_picture(clip);
  return reader;
}

}  // namespace avstage::run
