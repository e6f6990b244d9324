#pragma once

struct sockaddr;

namespace avstage::net {

/// Whether `address` belongs to the public internet: false for loopback, private, link-local (with the cloud
/// metadata service), shared, documentation, multicast and reserved ranges, for IPv4 hidden in IPv6, and for
/// every family that is not IP.
bool is_public_address(const sockaddr* address);

}  // namespace avstage::net
