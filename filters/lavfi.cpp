#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>

#include "avstage/error.h"
#include "base/suggest.h"
#include "filters/nodes.h"

namespace avstage::filters {
namespace {

/// What a libavfilter filter works on, and so how the picture is brought to it.
enum class Works {
  yuv,   ///< on YUV samples; alpha is carried around it
  rgb,   ///< on RGB samples; alpha is carried around it
  moves  ///< moves pixels: alpha has to go through it
};

struct Allowed {
  std::string_view name;
  Works works;
};

// Each of them makes one frame of one frame, without memory of other frames (a segment may begin anywhere),
// without files, network or loadable code, and never a picture of another size.
constexpr std::array kAllowed{
    Allowed{"avgblur", Works::yuv},
    Allowed{"bilateral", Works::yuv},
    Allowed{"boxblur", Works::yuv},
    Allowed{"cas", Works::yuv},
    Allowed{"chromahold", Works::yuv},
    Allowed{"chromanr", Works::yuv},
    Allowed{"chromashift", Works::yuv},
    Allowed{"colorbalance", Works::rgb},
    Allowed{"colorchannelmixer", Works::rgb},
    Allowed{"colorcontrast", Works::rgb},
    Allowed{"colorcorrect", Works::yuv},
    Allowed{"colorhold", Works::rgb},
    Allowed{"colorize", Works::yuv},
    Allowed{"colorlevels", Works::rgb},
    Allowed{"colortemperature", Works::rgb},
    Allowed{"convolution", Works::yuv},
    Allowed{"curves", Works::rgb},
    Allowed{"dblur", Works::yuv},
    Allowed{"dctdnoiz", Works::rgb},
    Allowed{"deband", Works::yuv},
    Allowed{"deblock", Works::yuv},
    Allowed{"deflate", Works::yuv},
    Allowed{"delogo", Works::yuv},
    Allowed{"despill", Works::rgb},
    Allowed{"dilation", Works::yuv},
    Allowed{"drawbox", Works::yuv},
    Allowed{"drawgrid", Works::yuv},
    Allowed{"eq", Works::yuv},
    Allowed{"erosion", Works::yuv},
    Allowed{"exposure", Works::rgb},
    Allowed{"fillborders", Works::moves},
    Allowed{"floodfill", Works::yuv},
    Allowed{"gblur", Works::yuv},
    Allowed{"geq", Works::yuv},
    Allowed{"gradfun", Works::yuv},
    Allowed{"grayworld", Works::rgb},
    Allowed{"hflip", Works::moves},
    Allowed{"hsvhold", Works::yuv},
    Allowed{"hue", Works::yuv},
    Allowed{"huesaturation", Works::rgb},
    Allowed{"inflate", Works::yuv},
    Allowed{"kirsch", Works::yuv},
    Allowed{"lenscorrection", Works::moves},
    Allowed{"limiter", Works::yuv},
    Allowed{"lut", Works::yuv},
    Allowed{"lutrgb", Works::rgb},
    Allowed{"lutyuv", Works::yuv},
    Allowed{"median", Works::yuv},
    Allowed{"monochrome", Works::yuv},
    Allowed{"negate", Works::rgb},
    Allowed{"nlmeans", Works::yuv},
    Allowed{"normalize", Works::rgb},
    Allowed{"owdenoise", Works::yuv},
    Allowed{"perspective", Works::moves},
    Allowed{"pixelize", Works::moves},
    Allowed{"prewitt", Works::yuv},
    Allowed{"pseudocolor", Works::yuv},
    Allowed{"removegrain", Works::yuv},
    Allowed{"rgbashift", Works::rgb},
    Allowed{"roberts", Works::yuv},
    Allowed{"rotate", Works::moves},
    Allowed{"sab", Works::yuv},
    Allowed{"scharr", Works::yuv},
    Allowed{"selectivecolor", Works::rgb},
    Allowed{"shear", Works::moves},
    Allowed{"smartblur", Works::yuv},
    Allowed{"sobel", Works::yuv},
    Allowed{"swaprect", Works::moves},
    Allowed{"swapuv", Works::yuv},
    Allowed{"unsharp", Works::yuv},
    Allowed{"vaguedenoiser", Works::yuv},
    Allowed{"vflip", Works::moves},
    Allowed{"vibrance", Works::rgb},
    Allowed{"yaepblur", Works::yuv},
};

constexpr auto kNames = [] {
  std::array<std::string_view, kAllowed.size()> names;
  std::ranges::transform(kAllowed, names.begin(), &Allowed::name);
  return names;
}();

struct DeniedOption {
  std::string_view filter;  ///< "": of every filter
  std::string_view option;
  std::string_view reason;
};

constexpr std::string_view kReadsFile = "it reads a file";
constexpr std::string_view kSize = "it changes the picture's size";
constexpr std::string_view kThreads = "threads are chosen for the whole run";

constexpr std::array kDenied{
    DeniedOption{"", "threads", kThreads},
    DeniedOption{"", "thread_type", kThreads},
    DeniedOption{"", "extra_hw_frames", kThreads},
    DeniedOption{"curves", "psfile", kReadsFile},
    DeniedOption{"curves", "plot", "it writes a file"},
    DeniedOption{"normalize", "smoothing", "it remembers other frames"},
    DeniedOption{"rotate", "out_w", kSize},
    DeniedOption{"rotate", "ow", kSize},
    DeniedOption{"rotate", "out_h", kSize},
    DeniedOption{"rotate", "oh", kSize},
    DeniedOption{"selectivecolor", "psfile", kReadsFile},
};

// Functions of libavutil's expressions that may never end, print, or depend on more than their arguments.
constexpr std::array<std::string_view, 9> kDeniedFunctions{"while(",  "time(", "random(", "print(",  "root(",
                                                           "taylor(", "st(",   "ld(",     "gettime("};
// Counters that start anew with each segment, and the packet's place in its file.
constexpr std::array<std::string_view, 5> kDeniedVariables{"n", "N", "pos", "in", "on"};

constexpr std::size_t kLongestValue = 4096;

const Allowed* find_allowed(std::string_view name) {
  const auto found = std::ranges::find(kAllowed, name, &Allowed::name);
  return found == kAllowed.end() ? nullptr : &*found;
}

bool word_start(char c) {
  return std::isalpha(static_cast<unsigned char>(c)) != 0 || c == '_';
}
bool word_part(char c) {
  return word_start(c) || std::isdigit(static_cast<unsigned char>(c)) != 0;
}

std::string without_spaces(std::string_view text) {
  std::string out;
  std::ranges::copy_if(text, std::back_inserter(out),
                       [](char c) { return std::isspace(static_cast<unsigned char>(c)) == 0; });
  return out;
}

/// The part of an expression that is not allowed, or "". A value that is one plain word such as "on" may
/// be the name of a setting.
std::string denied_part(std::string_view value) {
  const std::string text = without_spaces(value);
  for (std::string_view function : kDeniedFunctions) {
    if (text.find(function) != std::string::npos) return std::string(function.substr(0, function.size() - 1));
  }
  for (std::size_t i = 0; i < text.size();) {
    if (!word_part(text[i])) {
      ++i;
      continue;
    }
    std::size_t end = i;
    while (end < text.size() && word_part(text[end])) ++end;
    const std::string_view word = std::string_view(text).substr(i, end - i);
    const bool setting = word.size() == text.size() && (word == "in" || word == "on");
    if (!setting && std::ranges::find(kDeniedVariables, word) != kDeniedVariables.end()) {
      return std::string(word);
    }
    i = end;
  }
  return "";
}

std::string option_text(const ParamValue& value) {
  if (const bool* b = std::get_if<bool>(&value)) return *b ? "1" : "0";
  if (const double* d = std::get_if<double>(&value)) return fmt::format("{}", *d);
  return std::get<std::string>(value);
}

void check_option(const std::string& where, const std::string& filter, const std::string& name,
                  const std::string& value) {
  for (const DeniedOption& denied : kDenied) {
    if ((!denied.filter.empty() && denied.filter != filter) || denied.option != name) continue;
    throw Error(ErrorCode::usage,
                fmt::format("{}option \"{}\" is not allowed: {}", where, name, denied.reason),
                "denied_option");
  }
  if (value.size() > kLongestValue) {
    throw Error(ErrorCode::usage,
                fmt::format("{}option {} has {} bytes; allowed {}", where, in_quotes(name), value.size(),
                            kLongestValue),
                "bad_parameter");
  }
  const std::string denied = denied_part(value);
  if (denied.empty()) return;
  throw Error(ErrorCode::usage,
              fmt::format("{}option {} is {}; allowed are expressions of t, the clip's time, not \"{}\"",
                          where, in_quotes(name), in_quotes(value), denied),
              "bad_expression");
}

Options checked_options(const FilterSpec& spec) {
  const std::string where = fmt::format("{}: lavfi \"{}\": ", spec.mark.str(), spec.lavfi);
  Options options;
  for (const auto& [name, value] : spec.params) {
    options.emplace_back(name, option_text(value));
    check_option(where, spec.lavfi, name, options.back().second);
  }
  return options;
}

}  // namespace

bool lavfi_allowed(std::string_view libavfilter_name) {
  return find_allowed(libavfilter_name) != nullptr;
}

std::span<const std::string_view> lavfi_list() {
  return kNames;
}

Graph lavfi_graph(const FilterSpec& spec, const Context& context) {
  const Allowed* filter = find_allowed(spec.lavfi);
  if (filter == nullptr) {
    throw Error(ErrorCode::usage,
                fmt::format("{}: lavfi: {} is not allowed; allowed are filters that change pixels and never "
                            "time, files or the network{}",
                            spec.mark.str(), in_quotes(spec.lavfi), did_you_mean(spec.lavfi, kNames)),
                "denied_filter");
  }
  Options options = checked_options(spec);
  Nodes nodes;
  const auto work = [&](Link picture) { return nodes.add(spec.lavfi, std::move(options), picture); };
  if (filter->works == Works::yuv) {
    nodes.on_yuv(context, work);
  } else if (filter->works == Works::rgb) {
    nodes.on_rgb(context, work);
  } else {
    work(nodes.convert(context, context.alpha ? "yuva420p|yuva444p|gbrap" : "yuv420p|yuv444p|gbrp", kInput));
  }
  return nodes.take();
}

}  // namespace avstage::filters
