#pragma once

#include "avstage/avstage.h"
#include "heygen/provider.h"
#include "net/client.h"

namespace avstage::run {

/// How this run may use the network: a stand-in is on loopback and speaks plain http.
net::Client::Options client_options(const Settings& settings, net::Listener listener = {});

/// The account without its key, which is read when it is first needed; a stand-in takes any key, so it has
/// one. Error{usage} for an API base that is not allowed.
heygen::Account account_of(const Settings& settings);
/// Reads the key unless it is there. Error{money} when there is none, Error{usage} for an unsafe key file.
void require_key(heygen::Account& account);

}  // namespace avstage::run
