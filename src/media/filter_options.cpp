#include "media/filter_options.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "media/filter_graph.h"

extern "C" {
#include <libavutil/opt.h>
}

namespace avstage::media {
namespace {

const char* type_name(AVOptionType type) {
  switch (type) {
    case AV_OPT_TYPE_FLAGS:
      return "flags";
    case AV_OPT_TYPE_INT:
    case AV_OPT_TYPE_INT64:
    case AV_OPT_TYPE_UINT64:
      return "integer";
    case AV_OPT_TYPE_DOUBLE:
    case AV_OPT_TYPE_FLOAT:
      return "number";
    case AV_OPT_TYPE_STRING:
      return "text";
    case AV_OPT_TYPE_RATIONAL:
      return "fraction";
    case AV_OPT_TYPE_BINARY:
      return "binary";
    case AV_OPT_TYPE_DICT:
      return "key=value list";
    case AV_OPT_TYPE_IMAGE_SIZE:
      return "size";
    case AV_OPT_TYPE_PIXEL_FMT:
      return "pixel format";
    case AV_OPT_TYPE_SAMPLE_FMT:
      return "sample format";
    case AV_OPT_TYPE_VIDEO_RATE:
      return "frame rate";
    case AV_OPT_TYPE_DURATION:
      return "duration";
    case AV_OPT_TYPE_COLOR:
      return "color";
    case AV_OPT_TYPE_CHANNEL_LAYOUT:
    case AV_OPT_TYPE_CHLAYOUT:
      return "channel layout";
    case AV_OPT_TYPE_BOOL:
      return "true or false";
    case AV_OPT_TYPE_CONST:
      return "constant";
  }
  return "value";
}

std::vector<std::string> constants(const AVClass* const* object, const char* unit) {
  std::vector<std::string> names;
  if (unit == nullptr) return names;
  for (const AVOption* o = nullptr; (o = av_opt_next(object, o)) != nullptr;) {
    if (o->type == AV_OPT_TYPE_CONST && o->unit != nullptr && std::string_view(o->unit) == unit) {
      names.emplace_back(o->name);
    }
  }
  return names;
}

std::string allowed(const AVClass* const* object, const AVOption& option) {
  if (auto names = constants(object, option.unit); !names.empty()) {
    return fmt::format("one of {}", fmt::join(names, ", "));
  }
  switch (option.type) {
    case AV_OPT_TYPE_INT:
    case AV_OPT_TYPE_INT64:
    case AV_OPT_TYPE_DOUBLE:
    case AV_OPT_TYPE_FLOAT:
      return fmt::format("{} from {} to {}", type_name(option.type), option.min, option.max);
    default:
      return type_name(option.type);
  }
}

std::vector<FilterOption> list_options(const AVFilter& filter) {
  std::vector<FilterOption> out;
  if (filter.priv_class == nullptr) return out;
  for (const AVOption* o = nullptr; (o = av_opt_next(&filter.priv_class, o)) != nullptr;) {
    if (o->type == AV_OPT_TYPE_CONST) continue;
    out.push_back({o->name, allowed(&filter.priv_class, *o), o->help != nullptr ? o->help : ""});
  }
  return out;
}

[[noreturn]] void throw_unknown(const AVFilter& filter, const std::string& key) {
  std::vector<std::string> names;
  for (const FilterOption& option : list_options(filter)) names.push_back(option.name);
  throw Error(ErrorCode::usage,
              fmt::format("filter '{}' has no option '{}'; it has: {}", filter.name, key,
                          names.empty() ? "none" : fmt::format("{}", fmt::join(names, ", "))),
              "unknown_option");
}

}  // namespace

void set_filter_option(AVFilterContext& context, const std::string& key, const std::string& value) {
  const AVFilter& filter = *context.filter;
  void* own = filter.priv_class != nullptr ? context.priv : nullptr;
  void* target = nullptr;
  const AVOption* option = nullptr;
  if (own != nullptr) option = av_opt_find2(own, key.c_str(), nullptr, 0, AV_OPT_SEARCH_CHILDREN, &target);
  if (option == nullptr) option = av_opt_find2(&context, key.c_str(), nullptr, 0, 0, &target);
  if (option == nullptr || option->type == AV_OPT_TYPE_CONST) throw_unknown(filter, key);
  if (av_opt_set(target, key.c_str(), value.c_str(), 0) >= 0) return;
  std::string line = take_last_log_line();
  throw Error(ErrorCode::usage,
              fmt::format("filter '{}' option '{}': '{}' is not allowed; allowed is {}{}", filter.name, key,
                          value, allowed(static_cast<const AVClass* const*>(target), *option),
                          line.empty() ? "" : " (" + line + ")"),
              "bad_option");
}

std::optional<std::vector<FilterOption>> filter_options(const std::string& filter) {
  const AVFilter* f = avfilter_get_by_name(filter.c_str());
  if (f == nullptr) return std::nullopt;
  return list_options(*f);
}

}  // namespace avstage::media
