#include "run/clips/account.h"

namespace avstage::run {

net::Client::Options client_options(const Settings& settings, net::Listener listener) {
  net::Client::Options options;
  options.allow_http = !settings.sandbox.empty() || heygen::allow_http();
  options.allow_private = options.allow_http;
  options.ca_bundle = settings.ca_bundle;
  options.listener = std::move(listener);
  return options;
}

heygen::Account account_of(const Settings& settings) {
  if (!settings.sandbox.empty()) return {settings.sandbox, "sandbox"};
  return {heygen::resolve_api_base(settings.api_base), ""};
}

void require_key(heygen::Account& account) {
  if (!account.key.empty()) return;
  std::optional<std::string> key = heygen::load_api_key();
  if (!key) {
    throw Error(ErrorCode::money,
                "no API key: set HEYGEN_API_KEY, or put it into ~/.heygen/credentials (mode 0600); --sandbox "
                "needs none, its clips are a stand-in's",
                "no_key");
  }
  account.key = *key;
}

}  // namespace avstage::run
