#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "avstage/job.h"
#include "avstage/time.h"
#include "filters/native/picture.h"

/// The filter contract. A filter is a pure function from parameters to a small libavfilter graph, given as
/// key/value options (never a filter string: nothing needs escaping). It may change pixels, samples or size,
/// never time: n frames in, n frames out. Frames carry *clip* time: pts 0 is the clip's first frame, time
/// base 1/fps, wherever the segment was cut. One parameter table per filter drives validation, defaults,
/// `avstage filters NAME`, the documentation and the tests.
namespace avstage::filters {

/// An output pad of a node of the same filter; node −1 is the filter's input.
struct Link {
  int node = -1;
  int pad = 0;
};

/// One libavfilter filter. `inputs` empty for a source such as "color".
struct Node {
  std::string filter;
  std::vector<std::pair<std::string, std::string>> options;
  std::vector<Link> inputs;
};

/// A filter's nodes in order; the last node's first output is the filter's output.
using Graph = std::vector<Node>;

/// What a filter may know about the clip it works on.
struct Context {
  int width = 0, height = 0;           ///< of the picture that comes in, square pixels
  Rational fps{25};                    ///< of the canvas
  std::int64_t frames = 0;             ///< the clip's length on the canvas
  std::string color_matrix = "bt709";  ///< of the picture: FFmpeg's names ("bt709", "smpte170m", "bt2020nc")
  bool full_range = false;
  bool alpha = false;  ///< the picture has an alpha plane
};

enum class ParamType {
  number,
  integer,
  boolean,
  string,
  color,  ///< "#rrggbb" or "#rrggbbaa"
  choice,
  length,   ///< a number of pixels, or per cent of the picture as "10%"
  duration  ///< seconds, or frames of the canvas as "12f"
};

struct Param {
  std::string_view name;
  ParamType type = ParamType::number;
  std::string_view default_value;  ///< as text; "" with `required`; "auto": the filter chooses
  bool required = false;
  double min = 0, max = 0;  ///< numbers; ignored when min == max
  std::vector<std::string_view> choices;
  std::string_view unit;  ///< "px", "s", "frames", "0–1" …
  std::string_view doc;   ///< one sentence
};

/// Parameter values after validation: every parameter of the table is present.
class Values {
 public:
  /// The value is "auto": build() chooses.
  bool automatic(std::string_view name) const { return text(name) == "auto"; }
  double number(std::string_view name) const;
  std::int64_t integer(std::string_view name) const;
  bool boolean(std::string_view name) const;
  const std::string& text(std::string_view name) const;
  Color color(std::string_view name) const;
  /// A length in pixels; per cent are of `whole`.
  double pixels(std::string_view name, int whole) const;
  /// A duration in frames of `fps`.
  std::int64_t frames(std::string_view name, Rational fps) const;
  void set(std::string_view name, std::string value);
  friend bool operator==(const Values&, const Values&) = default;
  const std::map<std::string, std::string, std::less<>>& all() const { return values_; }

 private:
  std::map<std::string, std::string, std::less<>> values_;
};

/// Work on the pixels of one frame, in place.
using Native = std::function<void(const native::Picture&)>;

struct Filter {
  std::string_view name;
  std::string_view summary;  ///< one sentence
  std::vector<Param> params;
  Graph (*build)(const Values&, const Context&);
  /// Where libavfilter is too slow for what this project is for: work on every frame that comes out of the
  /// graph, which then ends in yuva420p or yuva444p. nullptr: the graph is all.
  Native (*native)(const Values&, const Context&) = nullptr;
  /// Sets the size of the picture that comes out; nullptr: the size stays.
  void (*resize)(const Values&, Context&) = nullptr;
  bool makes_alpha = false;  ///< the result has an alpha plane
  bool timed = false;        ///< the result depends on clip time: a still cannot be filtered once
  /// Part of every content key; raise it when the same parameters give other pixels.
  int version = 1;
};

/// All filters in alphabetical order.
std::span<const Filter* const> all();
/// nullptr when there is none of that name.
const Filter* find(std::string_view name);
/// Checks `spec.params` against the table and fills defaults. Error{usage} with the mark, the value found,
/// what is allowed, and "did you mean" for an unknown name.
Values validate(const Filter& filter, const FilterSpec& spec);
/// What the filter after this one may know.
Context context_after(const Filter& filter, const Values& values, Context context);
/// libavfilter's filters that `lavfi` may use: no time changes, no files, no network, one input, one
/// output, the same size.
bool lavfi_allowed(std::string_view libavfilter_name);
std::span<const std::string_view> lavfi_list();
/// The way from a job's `lavfi` to nodes, and the only one: Error{usage} with the mark for a filter that is
/// not allowed, an option that reads or writes files, and an expression that would not end or that depends
/// on more than clip time. The picture's alpha survives. An expression may use `t`: the result is timed.
Graph lavfi_graph(const FilterSpec& spec, const Context& context);

}  // namespace avstage::filters
