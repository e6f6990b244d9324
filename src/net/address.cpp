#include "net/address.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>

namespace avstage::net {
namespace {

constexpr std::uint32_t ipv4(std::uint32_t a, std::uint32_t b, std::uint32_t c = 0) {
  return a << 24 | b << 16 | c << 8;
}

struct Block {
  std::uint32_t network;
  int bits;
};

// IANA's registry of special-purpose IPv4 addresses.
constexpr std::array<Block, 15> special_ipv4{{{ipv4(0, 0), 8},
                                              {ipv4(10, 0), 8},
                                              {ipv4(100, 64), 10},
                                              {ipv4(127, 0), 8},
                                              {ipv4(169, 254), 16},
                                              {ipv4(172, 16), 12},
                                              {ipv4(192, 0, 0), 24},
                                              {ipv4(192, 0, 2), 24},
                                              {ipv4(192, 88, 99), 24},
                                              {ipv4(192, 168), 16},
                                              {ipv4(198, 18), 15},
                                              {ipv4(198, 51, 100), 24},
                                              {ipv4(203, 0, 113), 24},
                                              {ipv4(224, 0), 4},
                                              {ipv4(240, 0), 4}}};

bool is_public_ipv4(std::uint32_t address) {
  return std::none_of(special_ipv4.begin(), special_ipv4.end(), [&](const Block& block) {
    return (address ^ block.network) >> (32 - block.bits) == 0;
  });
}

std::uint32_t big_endian(const std::uint8_t* bytes) {
  std::uint32_t value = 0;
  std::memcpy(&value, bytes, sizeof value);
  return ntohl(value);
}

bool is_public_ipv6(const std::uint8_t* bytes) {
  constexpr std::array<std::uint8_t, 12> mapped{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
  constexpr std::array<std::uint8_t, 12> nat64{0, 0x64, 0xff, 0x9b};
  if (std::equal(mapped.begin(), mapped.end(), bytes) || std::equal(nat64.begin(), nat64.end(), bytes)) {
    return is_public_ipv4(big_endian(bytes + 12));
  }
  std::uint32_t head = big_endian(bytes);
  if (head >> 29 != 1) return false;               // only 2000::/3 is global unicast
  if (head >> 9 == 0x20010000 >> 9) return false;  // 2001::/23: Teredo and other protocols' own
  if (head == 0x20010db8) return false;            // documentation
  if (head >> 16 == 0x2002) return false;          // 6to4: an IPv4 address inside
  return head >> 12 != 0x3fff0;                    // 3fff::/20: documentation
}

}  // namespace

bool is_public_address(const sockaddr* address) {
  if (address->sa_family == AF_INET) {
    sockaddr_in v4;
    std::memcpy(&v4, address, sizeof v4);
    return is_public_ipv4(ntohl(v4.sin_addr.s_addr));
  }
  if (address->sa_family == AF_INET6) {
    sockaddr_in6 v6;
    std::memcpy(&v6, address, sizeof v6);
    return is_public_ipv6(v6.sin6_addr.s6_addr);
  }
  return false;
}

}  // namespace avstage::net
