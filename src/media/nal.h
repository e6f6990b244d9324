#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

/// What H.264 and HEVC have in common as bytes: NAL units in a packet, the bits inside them. Pure; what is
/// cut off or nonsense is Error{input} named kDamaged.
namespace avstage::media::nal {

inline constexpr const char* kDamaged = "nal";

/// How NAL units stand in a packet: each behind its length of so many bytes, or (0) behind start codes.
using LengthSize = int;

/// Calls `use` with every NAL unit of a packet, in order, without its length or start code.
void for_each(std::string_view packet, LengthSize length_size,
              const std::function<void(std::string_view)>& use);
/// The packet with 4-byte lengths.
std::string with_lengths(std::string_view packet, LengthSize length_size);
void append_number(std::string& out, std::size_t value, int bytes);  ///< the most significant byte first

/// Without the zero bytes that may stand behind a unit.
std::string_view trimmed(std::string_view nal);
/// Without, and with, the bytes that keep a start code from appearing inside.
std::string unescaped(std::string_view nal);
std::string escaped(std::string_view raw);

/// Calls damaged() where `i` is behind the end.
std::uint8_t byte(std::string_view s, std::size_t i);
[[noreturn]] void damaged(const char* what);

/// Fields of an unescaped unit.
class BitReader {
 public:
  explicit BitReader(std::string_view bytes) : bytes_(bytes) {}
  std::size_t at() const { return at_; }
  bool flag();
  std::uint32_t bits(int n);
  void skip(int n);
  int ue();
  int ue_up_to(int most);  ///< calls damaged() above that
  int se();

 private:
  std::string_view bytes_;
  std::size_t at_ = 0;
};

class BitWriter {
 public:
  void flag(bool bit);
  void ue(int value);
  std::string take();  ///< closed by rbsp_trailing_bits

 private:
  std::string bytes_;
  std::size_t at_ = 0;
};

/// The payload types of a SEI unit whose header has so many bytes.
std::vector<int> sei_types(std::string_view nal, std::size_t header);

}  // namespace avstage::media::nal
