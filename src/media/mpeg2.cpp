#include "media/mpeg2.h"

#include <functional>

#include "media/nal.h"

namespace avstage::media::mpeg2 {
namespace {

// Start codes (H.262, table 6-1) and identifiers of extensions (table 6-2).
constexpr int kPicture = 0x00, kFirstSlice = 0x01, kLastSlice = 0xaf, kUserData = 0xb2, kSequence = 0xb3,
              kExtension = 0xb5, kGroup = 0xb8;
constexpr int kSequenceExtension = 1, kDisplay = 2, kQuantMatrix = 3, kCopyright = 4, kPictureDisplay = 7,
              kPictureCoding = 8;
constexpr int kWholeFrame = 3;
constexpr std::string_view kPrefix("\0\0\1", 3);

/// Calls `use` with each start code and what is behind it, up to the first slice or until it says no. Returns
/// where it stopped.
std::size_t for_each(std::string_view bytes, const std::function<bool(int, std::string_view)>& use) {
  std::size_t at = bytes.find(kPrefix);
  while (at != std::string_view::npos && at + kPrefix.size() < bytes.size()) {
    const int code = static_cast<std::uint8_t>(bytes[at + kPrefix.size()]);
    if (code >= kFirstSlice && code <= kLastSlice) return at;
    const std::size_t body = at + kPrefix.size() + 1, next = bytes.find(kPrefix, body);
    if (!use(code, bytes.substr(body, next == std::string_view::npos ? next : next - body))) return at;
    at = next;
  }
  return bytes.size();
}

void append(std::string& headers, int code, std::string_view body) {
  headers.append(kPrefix).push_back(static_cast<char>(code));
  headers.append(body);
}

std::string_view first_bytes(std::string_view body, std::size_t count) {
  if (body.size() < count) nal::damaged("a sequence header");
  return body.substr(0, count);
}

void read_header(std::string_view body, Sequence& s) {
  constexpr std::size_t kSize = 8;  // up to the matrices
  std::string header(first_bytes(body, kSize));
  header.back() = static_cast<char>(header.back() & ~3);  // that there are none
  append(s.headers, kSequence, header);
  nal::BitReader r(header);
  s.width = static_cast<int>(r.bits(12));
  s.height = static_cast<int>(r.bits(12));
  r.skip(4 + 4);  // shape, frame rate
  s.bit_rate = r.bits(18);
  r.skip(1);
  s.buffer = r.bits(10);
}

void read_extension(std::string_view body, Sequence& s) {
  constexpr std::size_t kSize = 6;
  append(s.headers, kExtension, first_bytes(body, kSize));
  nal::BitReader r(body.substr(0, kSize));
  r.skip(4);
  s.profile_and_level = static_cast<int>(r.bits(8));
  s.progressive = r.flag();
  s.chroma_format = static_cast<int>(r.bits(2));
  s.width |= static_cast<int>(r.bits(2)) << 12;
  s.height |= static_cast<int>(r.bits(2)) << 12;
  s.bit_rate |= static_cast<std::int64_t>(r.bits(12)) << 18;
  r.skip(1);
  s.buffer |= static_cast<std::int64_t>(r.bits(8)) << 10;
  s.low_delay = r.flag();
}

void read_display(std::string_view body, Sequence& s) {
  nal::BitReader r(body);
  r.skip(4 + 3);
  const bool colors = r.flag();
  append(s.headers, kExtension, first_bytes(body, colors ? 8 : 5));
  if (!colors) return;
  s.primaries = static_cast<int>(r.bits(8));
  s.transfer = static_cast<int>(r.bits(8));
  s.matrix = static_cast<int>(r.bits(8));
}

int extension_kind(std::string_view body) {
  return nal::byte(body, 0) >> 4;
}

void read_coding(std::string_view body, Picture& picture) {
  nal::BitReader r(body);
  r.skip(4 + 16 + 2);  // its kind, ranges of motion, precision
  const bool whole = r.bits(2) == kWholeFrame;
  r.skip(6);
  const bool repeats = r.flag();
  r.skip(1);
  picture.progressive = r.flag() && whole && !repeats;
}

}  // namespace

std::optional<Sequence> read_sequence(std::string_view bytes) {
  std::optional<Sequence> s;
  for_each(bytes, [&](int code, std::string_view body) {
    if (!s && code == kSequence) {
      s.emplace();
      read_header(body, *s);
      return true;
    }
    if (!s || code != kExtension) return false;
    const int kind = extension_kind(body);
    if (kind == kSequenceExtension) {
      read_extension(body, *s);
    } else if (kind == kDisplay) {
      read_display(body, *s);
    } else {
      s->other_extension = kind;
    }
    return true;
  });
  if (!s) return s;
  constexpr std::int64_t kRateUnit = 400, kBufferUnit = 16 * 1024;
  s->bit_rate *= kRateUnit;
  s->buffer *= kBufferUnit;
  return s;
}

std::string with_headers(std::string_view packet, std::string_view headers) {
  const std::size_t end =
      for_each(packet, [](int code, std::string_view) { return code == kSequence || code == kExtension; });
  return std::string(headers).append(packet.substr(end));
}

Picture read_picture(std::string_view packet) {
  Picture picture;
  for_each(packet, [&](int code, std::string_view body) {
    if (code == kPicture) {
      picture.found = true;
      nal::BitReader r(body);
      r.skip(10);  // its place in the group
      picture.intra = r.bits(3) == 1;
    } else if (code == kSequence) {
      picture.sequence = true;
    } else if (code == kGroup) {
      nal::BitReader r(body);
      r.skip(25);  // time code
      picture.closed_group = r.flag();
    } else if (code == kUserData) {
      picture.user_data = true;
    } else if (code == kExtension && picture.found) {
      const int kind = extension_kind(body);
      if (kind == kPictureCoding) {
        read_coding(body, picture);
      } else if (kind != kQuantMatrix && kind != kCopyright && kind != kPictureDisplay) {
        picture.other_extension = kind;
      }
    }
    return true;
  });
  return picture;
}

}  // namespace avstage::media::mpeg2
