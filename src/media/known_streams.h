#pragma once

#include <memory>
#include <string>
#include <vector>

#include "avstage/media_facts.h"
#include "media/av.h"

/// What analysing a file has found, kept as long as the process lives: one job opens a film several times,
/// and each time libav decodes pictures to learn what it learned before, which takes longer than to copy a
/// group.
namespace avstage::media {

struct KnownStreams {
  struct Stream {
    CodecParametersPtr parameters;
    std::int64_t start_time, duration;
    AVRational avg_frame_rate, r_frame_rate;
  };
  std::vector<Stream> streams;  ///< of all of the file's
  int video, audio;             ///< the chosen ones' places; -1: none
  MediaFacts facts;
};

/// nullptr: not known. `state`: of file_state(). Any thread.
std::shared_ptr<const KnownStreams> known_streams(const std::string& state);

/// Keeps what an analysed context says, of the files that were analysed last. Of mp4 and mov with an index
/// alone: there every packet has its times and sizes from the index, analysed or not. Any thread.
void remember_streams(const std::string& state, const AVFormatContext& context, int video, int audio,
                      const MediaFacts& facts);

/// As if `context`, just opened, had been analysed; false, with nothing changed, where it has other streams.
bool apply(const KnownStreams& known, AVFormatContext& context);

}  // namespace avstage::media
