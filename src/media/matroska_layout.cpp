#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>

#include "avstage/error.h"
#include "media/layout_reader.h"

namespace avstage::media {
namespace {

constexpr std::uint64_t kEbml = 0x1a45dfa3, kSegment = 0x18538067, kCluster = 0x1f43b675, kCues = 0x1c53bb6b;
constexpr std::uint64_t kCuePoint = 0xbb, kCueTrackPositions = 0xb7, kCueClusterPosition = 0xf1;
constexpr std::uint64_t kVoid = 0xec, kCrc = 0xbf;
/// Beside clusters and cues: seek head, info, tracks, attachments, chapters, tags.
constexpr std::array<std::uint64_t, 6> kOtherParts{0x114d9b74, 0x1549a966, 0x1654ae6b,
                                                   0x1941a469, 0x1043a770, 0x1254c367};

struct Element {
  std::uint64_t id, begin, body;
  std::optional<std::uint64_t> end;  ///< nullopt: unknown, as in a live recording
};

bool is_part_of_segment(std::uint64_t id) {
  return id == kCluster || id == kCues ||
         std::find(kOtherParts.begin(), kOtherParts.end(), id) != kOtherParts.end();
}

[[noreturn]] void throw_damaged(const std::string& name, std::uint64_t at) {
  throw Error(ErrorCode::input, fmt::format("{}: damaged: no Matroska element at byte {}", name, at),
              "corrupt");
}

/// How many bytes a variable-length number takes by its first one; 0 where it takes more than `most`.
std::size_t length_of(std::uint8_t first, std::size_t most) {
  std::size_t length = 1;
  while (length <= most && (first & (0x80 >> (length - 1))) == 0) ++length;
  return length <= most ? length : 0;
}

/// The head at `at`; nullopt where the source ends there.
std::optional<Element> read_element(ByteSource& source, std::uint64_t at, const std::string& name) {
  const Bytes head = read_at(source, at, 12);
  if (head.empty()) return std::nullopt;
  const std::size_t id_length = length_of(head[0], 4);
  if (id_length == 0) throw_damaged(name, at);
  if (head.size() <= id_length) throw_cut(name, "an element's head", at + id_length + 1, source.size());
  const std::size_t size_length = length_of(head[id_length], 8);
  if (size_length == 0) throw_damaged(name, at);
  const std::uint64_t body = at + id_length + size_length;
  if (head.size() < id_length + size_length) throw_cut(name, "an element's head", body, source.size());
  const std::uint64_t mask = (std::uint64_t(1) << (7 * size_length)) - 1;
  const std::uint64_t size = big_endian(head, id_length, size_length) & mask;
  Element element{big_endian(head, 0, id_length), at, body, std::nullopt};
  if (size != mask) element.end = body + size;
  return element;
}

class Walk {
 public:
  Walk(ByteSource& source, const std::string& name) : source_(source), name_(name) {}

  /// Whether the file says how long it is.
  bool run() {
    auto header = read_element(source_, 0, name_);
    if (!header || header->id != kEbml || !header->end) return false;
    auto segment = read_element(source_, *header->end, name_);
    if (!segment || segment->id != kSegment) return false;
    if (segment->end) require_bytes(source_, *segment->end, "the Matroska segment", name_);
    std::uint64_t at = segment->body;
    while (!segment->end || at < *segment->end) {
      auto part = read_element(source_, at, name_);
      if (!part && !segment->end) break;
      at = part_of_segment(part, *segment);
    }
    require_cued(segment->body);
    return segment->end.has_value();
  }

 private:
  /// Where the next part begins.
  std::uint64_t part_of_segment(const std::optional<Element>& part, const Element& segment) {
    if (!part) throw_cut(name_, "the Matroska segment", *segment.end, source_.size());
    const bool padding = part->id == kVoid || part->id == kCrc;
    if (!padding && !is_part_of_segment(part->id)) throw_damaged(name_, part->begin);
    if (part->end) require_inside(*part, segment);
    if (part->id == kCues) cues_ = *part;
    if (part->id != kCluster) {
      if (!part->end) throw_damaged(name_, part->begin);
      return *part->end;
    }
    clusters_.insert(part->begin - segment.body);
    return end_of_cluster(*part, segment);
  }

  std::uint64_t end_of_cluster(const Element& cluster, const Element& segment) {
    std::uint64_t at = cluster.body;
    while (!cluster.end || at < *cluster.end) {
      if (!cluster.end && segment.end && at >= *segment.end) return at;
      auto block = read_element(source_, at, name_);
      if (!block && !cluster.end) return at;
      if (!block) throw_cut(name_, "a cluster", *cluster.end, source_.size());
      if (!cluster.end && is_part_of_segment(block->id)) return at;
      if (!block->end) throw_damaged(name_, block->begin);
      require_inside(*block, cluster);
      at = *block->end;
    }
    return at;
  }

  void require_inside(const Element& inner, const Element& outer) const {
    if (*inner.end < inner.body || (outer.end && *inner.end > *outer.end)) throw_damaged(name_, inner.begin);
    if (!outer.end) require_bytes(source_, *inner.end, "an element", name_);
  }

  /// Cues list where clusters begin, counted from the segment's body.
  void require_cued(std::uint64_t segment_body) {
    constexpr std::uint64_t kMost = 64 << 20;
    if (!cues_ || *cues_->end - cues_->body > kMost) return;
    for_each(*cues_, kCuePoint, [&](const Element& point) {
      for_each(point, kCueTrackPositions, [&](const Element& positions) {
        for_each(positions, kCueClusterPosition, [&](const Element& position) {
          const std::uint64_t size = *position.end - position.body;
          if (size > 8) throw_damaged(name_, position.begin);
          require_cluster(big_endian(read_at(source_, position.body, size), 0, size), segment_body);
        });
      });
    });
  }

  template <typename Work>
  void for_each(const Element& outer, std::uint64_t id, const Work& work) {
    for (std::uint64_t at = outer.body; at < *outer.end;) {
      auto element = read_element(source_, at, name_);
      if (!element || !element->end) throw_damaged(name_, at);
      require_inside(*element, outer);
      if (element->id == id) work(*element);
      at = *element->end;
    }
  }

  void require_cluster(std::uint64_t position, std::uint64_t segment_body) const {
    if (clusters_.contains(position)) return;
    throw Error(
        ErrorCode::input,
        fmt::format("{}: a cluster is missing: its cues name one at byte {}", name_, segment_body + position),
        "incomplete");
  }

  ByteSource& source_;
  const std::string& name_;
  std::set<std::uint64_t> clusters_;
  std::optional<Element> cues_;
};

}  // namespace

bool check_matroska(ByteSource& source, const std::string& name) {
  return Walk(source, name).run();
}

}  // namespace avstage::media
