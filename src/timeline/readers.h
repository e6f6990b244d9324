#pragma once

#include <map>
#include <string>
#include <vector>

#include "avstage/job.h"
#include "timeline/value.h"

/// The objects of the job, one reader each; job_reader.cpp calls them in the order in which they depend on
/// each other.
namespace avstage {

/// What the reader of a clip must know of the job around it.
struct Context {
  std::string base_dir;
  Rational fps{25};
  std::map<std::string, MediaRef, std::less<>> sources;
};

constexpr std::size_t max_clips = 10'000;

/// Paths in it are relative to `base_dir`.
AvatarRef read_avatar(const Value& value, const std::string& base_dir);
/// `"sources": { name: { "file": … } }`
std::map<std::string, MediaRef, std::less<>> read_sources(const Value& value, const Context& context);
std::vector<Clip> read_clips(const Value& list, const Context& context);
/// `"captions": { "from": … }` of a track, as the clip that shows them.
Clip read_captions(const Value& value, const Context& context);
std::vector<FilterSpec> read_filters(const Value& list);
/// One output: itself, or the renditions of an HLS stream.
std::vector<OutputSpec> read_output(const Value& value, const std::string& base_dir, const Canvas& canvas);
/// The vendor's own request body as canonical JSON text: keys sorted, no white space.
std::string read_request(const Value& value);

}  // namespace avstage
