#include "heygen/catalog.h"

#include <fmt/format.h>

#include <cmath>

#include "base/log.h"
#include "heygen/api.h"

namespace avstage::heygen {
namespace {

constexpr std::size_t kLongestId = 256;

std::string word_of(const Json& object, const char* key) {
  return quote(text_of(member(object, key)), 200);
}

/// An id goes back to the vendor as it is, or not at all.
std::string id_of(const Json& object, const char* key) {
  std::string id = text_of(member(object, key));
  return id.size() <= kLongestId && quote(id, kLongestId) == id ? id : "";
}

const Json& data_of(const Json& body) {
  return member(body, "data");
}
bool has_items(const Json& body) {
  return data_of(body).is_array();
}
bool has_object(const Json& body) {
  return data_of(body).is_object();
}

template <typename Entry>
void keep(std::vector<Entry>& out, Entry entry) {
  if (!entry.id.empty()) out.push_back(std::move(entry));
}

void read_v3_avatars(const Json& items, std::vector<CatalogAvatar>& out) {
  for (const Json& a : items) {
    keep<CatalogAvatar>(out, {id_of(a, "id"), word_of(a, "name"), word_of(a, "gender"),
                              word_of(a, "avatar_type"), id_of(a, "default_voice_id")});
  }
}

void read_v2_avatars(const Json& data, std::vector<CatalogAvatar>& out) {
  for (const Json& a : member(data, "avatars")) {
    keep<CatalogAvatar>(
        out, {id_of(a, "avatar_id"), word_of(a, "avatar_name"), word_of(a, "gender"), "avatar", ""});
  }
  for (const Json& p : member(data, "talking_photos")) {
    keep<CatalogAvatar>(
        out, {id_of(p, "talking_photo_id"), word_of(p, "talking_photo_name"), "", "talking_photo", ""});
  }
}

/// Both dialects call the members of a voice alike.
void read_voices(const Json& items, std::vector<CatalogVoice>& out) {
  for (const Json& v : items) {
    keep<CatalogVoice>(out, {id_of(v, "voice_id"), word_of(v, "name"), word_of(v, "language"),
                             word_of(v, "gender"), word_of(v, "type")});
  }
}

std::optional<double> figure_of(const Json& value) {
  if (value.is_number() && std::isfinite(value.get<double>())) return value.get<double>();
  return positive_number(value);
}

/// Every plain member of an object, one level of nesting included, as "name" or "outer.name".
void add_details(Quota& out, const Json& object, const std::string& prefix) {
  if (!object.is_object()) return;
  for (const auto& [name, value] : object.items()) {
    std::string path = prefix + quote(name, 60);
    if (value.is_object() && prefix.empty()) {
      add_details(out, value, path + ".");
    } else if (value.is_primitive() && !value.is_null()) {
      out.details.emplace_back(path, value.is_string() ? quote(text_of(value)) : value.dump());
    }
  }
}

Quota read_v3_quota(const Json& data) {
  Quota out;
  out.billing = word_of(data, "billing_type");
  const Json& wallet = member(data, "wallet");
  const Json& credits = member(member(data, "subscription"), "credits");
  if (wallet.is_object()) {
    out.remaining = figure_of(member(wallet, "remaining_balance"));
    out.unit = word_of(wallet, "currency");
  } else if (auto premium = figure_of(member(credits, "premium_credits"))) {
    out.remaining = *premium + figure_of(member(credits, "add_on_credits")).value_or(0);
    out.unit = "credits";
  }
  for (const char* part : {"wallet", "subscription", "usage_based"}) {
    add_details(out, member(data, part), "");
  }
  return out;
}

Quota read_v2_quota(const Json& data) {
  Quota out;
  out.billing = "quota";
  out.remaining = figure_of(member(data, "remaining_quota"));
  out.unit = "seconds";
  add_details(out, member(data, "details"), "");
  return out;
}

}  // namespace

struct Catalog::Impl {
  Impl(net::Client& client, Account account, Clock& clock, std::string d)
      : api(client, std::move(account), clock), dialect(std::move(d)) {}

  Json ask(const std::string& path, const std::stop_token& stop) {
    std::optional<Json> body = api.get(path, has_object, stop, AnswerSize::list);
    if (!body) no_such_list(path);
    return data_of(*body);
  }

  void pages(const std::string& path, const std::stop_token& stop,
             const std::function<void(const Json&)>& read) {
    auto take = [&](const Json& body) {
      read(data_of(body));
      return false;
    };
    if (!walk_pages(api, {path, has_items, next_v3_page}, stop, take)) {
      log::warning("GET {}: the list goes on; only its first 20000 entries are known", path);
    }
  }

  Api api;
  const std::string dialect;
};

Catalog::Catalog(net::Client& client, Account account, Clock& clock, std::string dialect)
    : impl_(std::make_unique<Impl>(client, std::move(account), clock, std::move(dialect))) {}
Catalog::~Catalog() = default;

std::vector<CatalogAvatar> Catalog::avatars(const std::stop_token& stop) {
  std::vector<CatalogAvatar> out;
  if (impl_->dialect == "v2") {
    read_v2_avatars(impl_->ask("/v2/avatars", stop), out);
  } else {
    impl_->pages("/v3/avatars/looks", stop, [&](const Json& items) { read_v3_avatars(items, out); });
  }
  return out;
}

std::vector<CatalogVoice> Catalog::voices(const std::stop_token& stop) {
  std::vector<CatalogVoice> out;
  if (impl_->dialect == "v2") {
    read_voices(member(impl_->ask("/v2/voices", stop), "voices"), out);
  } else {
    impl_->pages("/v3/voices", stop, [&](const Json& items) { read_voices(items, out); });
  }
  return out;
}

Quota Catalog::quota(const std::stop_token& stop) {
  bool v2 = impl_->dialect == "v2";
  Json data = impl_->ask(v2 ? "/v2/user/remaining_quota" : "/v3/users/me", stop);
  return v2 ? read_v2_quota(data) : read_v3_quota(data);
}

}  // namespace avstage::heygen
