#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "media/av.h"

struct AVFilterContext;
struct AVFilterGraph;

namespace avstage::media {

/// A libavfilter graph built from key/value options. Build: sources, filters, sinks; then configure(); then
/// push and pull. Errors are Error{usage} while building (unknown filter or option, named) and Error{input}
/// while running. One thread at a time (libavfilter may use `threads` slices).
class FilterGraph {
 public:
  /// An output pad of a node.
  struct Pad {
    AVFilterContext* filter = nullptr;
    int index = 0;
  };

  explicit FilterGraph(int threads = 0);
  ~FilterGraph();
  FilterGraph(FilterGraph&&) noexcept;
  FilterGraph& operator=(FilterGraph&&) noexcept;

  /// A source for frames like `like` (size, format, SAR); pts in `time_base`, nominal `fps`.
  Pad add_video_source(const AVFrame& like, Rational time_base, Rational fps);
  /// Interleaved stereo float; pts in samples.
  Pad add_audio_source(int sample_rate);
  /// A filter fed by `inputs` in order. What is left over of `options` is an error that names the option.
  /// Its output pads are {returned.filter, 0…}.
  Pad add(const std::string& filter, const Options& options, std::span<const Pad> inputs);
  Pad add(const std::string& filter, const Options& options, Pad input);
  /// Where frames come out; the index is for pull(). A video sink only accepts `pix_fmts` (FFmpeg's names).
  int add_video_sink(Pad from, const std::vector<std::string>& pix_fmts);
  int add_audio_sink(Pad from, int sample_rate);
  void configure();

  /// Hands a reference of `frame` to a source; nullptr ends that source.
  void push(Pad source, const AVFrame* frame);
  /// The next frame of a sink; nullptr when more input is needed or the sink has ended.
  FramePtr pull(int sink);

 private:
  AVFilterGraph* graph_ = nullptr;
  std::vector<AVFilterContext*> sinks_;
  int names_ = 0;
};

/// One option of a libavfilter filter, for messages and `avstage filters`.
struct FilterOption {
  std::string name, type, help;
};
/// nullopt: this build of libavfilter has no such filter.
std::optional<std::vector<FilterOption>> filter_options(const std::string& filter);
/// Tries `options` on a fresh instance: Error{usage} names the bad option or value and what is allowed.
void check_filter(const std::string& filter, const Options& options);

}  // namespace avstage::media
