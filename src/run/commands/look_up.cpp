#include <fmt/format.h>
#include <fmt/ranges.h>

#include <filesystem>
#include <iostream>

#include "avstage/avstage.h"
#include "base/atomic_file.h"
#include "base/suggest.h"
#include "filters/filter.h"
#include "media/demuxer.h"
#include "media/filter_graph.h"
#include "timeline/job_reader.h"

/// The façade's small questions: a job file, a media file, a filter.
namespace avstage {
namespace {

constexpr std::size_t kMaxJobBytes = std::size_t(16) << 20;

std::string type_of(const filters::Param& p) {
  switch (p.type) {
    case filters::ParamType::number:
    case filters::ParamType::integer:
      return p.min == p.max ? "number" : fmt::format("{}–{} {}", p.min, p.max, p.unit);
    case filters::ParamType::boolean:
      return "true, false";
    case filters::ParamType::color:
      return "#rrggbb";
    case filters::ParamType::choice: {
      std::string all;
      for (std::string_view choice : p.choices) all += (all.empty() ? "" : ", ") + std::string(choice);
      return all;
    }
    case filters::ParamType::length:
      return "pixels or \"10%\"";
    case filters::ParamType::duration:
      return "seconds or \"12f\"";
    case filters::ParamType::string:
      break;
  }
  return std::string(p.unit.empty() ? "text" : p.unit);
}

std::string table_of(const filters::Filter& f) {
  std::string out = fmt::format("{}: {}\n", f.name, f.summary);
  for (const filters::Param& p : f.params) {
    std::string value = p.required ? "required" : fmt::format("default {}", p.default_value);
    out += fmt::format("  {:<14} {:<28} {:<18} {}\n", p.name, type_of(p), value, p.doc);
  }
  return out;
}

std::string lavfi_table() {
  std::string out = "lavfi: a filter of libavfilter by its own name, with its own options\n";
  for (std::string_view name : filters::lavfi_list()) out += fmt::format("  {}\n", name);
  return out;
}

std::string lavfi_options(const std::string& name) {
  std::string out = fmt::format("lavfi {}:\n", name);
  for (const media::FilterOption& o :
       media::filter_options(name).value_or(std::vector<media::FilterOption>{})) {
    out += fmt::format("  {:<18} {:<12} {}\n", o.name, o.type, o.help);
  }
  return out;
}

}  // namespace

Job load_job(const std::string& path, const std::map<std::string, std::string>& set) {
  ReadOptions options;
  options.set = set;
  if (path == "-") {
    std::string text(kMaxJobBytes + 1, '\0');  // one more than is allowed: the reader says how much that is
    std::cin.read(text.data(), static_cast<std::streamsize>(text.size()));
    text.resize(static_cast<std::size_t>(std::cin.gcount()));
    return read_job(text, "-", "", options);
  }
  std::string text;
  try {
    text = read_file(path, kMaxJobBytes);
  } catch (const Error& e) {
    throw Error(ErrorCode::usage, e.message(), e.name());
  }
  return read_job(text, path, std::filesystem::path(path).parent_path().string(), options);
}

Job parse_job(const std::string& text, const std::string& name) {
  return read_job(text, name, "");
}

MediaFacts probe_media(const std::string& path) {
  return media::probe_file(path);
}

std::string describe_filters(const std::string& name) {
  if (name.empty()) {
    std::string out;
    for (const filters::Filter* f : filters::all()) out += fmt::format("{:<12} {}\n", f->name, f->summary);
    return out + fmt::format("{:<12} a filter of libavfilter by name (avstage filters lavfi lists them)\n",
                             "lavfi");
  }
  if (const filters::Filter* f = filters::find(name)) return table_of(*f);
  if (name == "lavfi") return lavfi_table();
  if (filters::lavfi_allowed(name)) return lavfi_options(name);
  std::vector<std::string_view> known;
  for (const filters::Filter* f : filters::all()) known.push_back(f->name);
  known.push_back("lavfi");
  throw Error(ErrorCode::usage,
              fmt::format("there is no filter {}; there are {}{}", in_quotes(name), fmt::join(known, ", "),
                          did_you_mean(name, known)),
              "unknown_filter");
}

}  // namespace avstage
