#pragma once

#include <stop_token>
#include <string>
#include <vector>

#include "avstage/catalog.h"
#include "heygen/provider.h"

namespace avstage::heygen {

/// Asks one account what it may use and what is left. `dialect` is "v2" or "v3". Foreign words in the answers
/// are fit for one line each; entries without an id are left out. Any thread; throws as Provider::status
/// does, and Error{vendor} for a list that is not there.
class Catalog {
 public:
  Catalog(net::Client& client, Account account, Clock& clock, std::string dialect);
  ~Catalog();

  std::vector<CatalogAvatar> avatars(const std::stop_token& stop);
  std::vector<CatalogVoice> voices(const std::stop_token& stop);
  Quota quota(const std::stop_token& stop);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace avstage::heygen
