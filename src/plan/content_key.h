#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "avstage/time.h"
#include "base/sha256.h"
#include "plan/copy.h"

namespace avstage::plan {

/// Collects named values unambiguously (each with its length before it) and hashes them.
class KeyBuilder {
 public:
  explicit KeyBuilder(std::string_view kind) { add("kind", kind); }
  KeyBuilder& add(std::string_view name, std::string_view value);
  KeyBuilder& add(std::string_view name, std::int64_t value) { return add(name, std::to_string(value)); }
  KeyBuilder& add(std::string_view name, Rational value) { return add(name, value.str()); }
  std::string hex() { return hash_.hex(); }

 private:
  Sha256 hash_;
};

/// The key of one segment for one deliverable: everything that can change a byte of it, and nothing else; in
/// particular not its place in the programme. `beside` names the parameter sets it shares a track with;
/// empty: none but its own. `groups` as in Segment.
std::string segment_key(const Plan& plan, const Facts& facts, const Timing& timing,
                        const std::vector<Span>& spans, const std::vector<std::int64_t>& groups,
                        const Canvas& canvas, const OutputSpec& output, const std::string& beside,
                        const std::string& toolchain);
/// The key of a segment that is copied, whatever the output.
std::string copy_key(const Plan& plan, const Facts& facts, const Copy& copy, const std::string& toolchain);

/// One clip's sound as it stands in the mix.
void add_audio(KeyBuilder& key, const Plan& plan, const Facts& facts, const Timing& timing, int clip);

/// What is asked of an output's loudness, where anything is.
void add_loudness(KeyBuilder& key, const OutputSpec& output);

}  // namespace avstage::plan
