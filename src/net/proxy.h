#pragma once

#include <set>
#include <string>

struct sockaddr;

namespace avstage::net {

/// "192.0.2.1 443": an IP address and a port, as a set's key; "" for every family that is not IP.
std::string spell_endpoint(const sockaddr* address, unsigned length);

/// Where the proxy for https stands that the environment names (https_proxy, HTTPS_PROXY, all_proxy,
/// ALL_PROXY): all its endpoints, none without one or where its name is not known. Asks DNS, so it blocks.
std::set<std::string> proxy_endpoints();

}  // namespace avstage::net
