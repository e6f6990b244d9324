#include "gateway/gateway.h"

#include <fmt/format.h>
#include <sys/random.h>

#include <array>

#include "gateway/server.h"

namespace avstage::gateway {
namespace {

std::string make_token() {
  std::array<unsigned char, 16> random{};
  if (::getrandom(random.data(), random.size(), 0) != static_cast<ssize_t>(random.size())) {
    throw Error(ErrorCode::local, "the system has no random numbers", "random");
  }
  std::string token = "/";
  for (unsigned char byte : random) token += fmt::format("{:02x}", byte);
  return token;
}

class Running : public Gateway {
 public:
  Running(const Settings& settings, const std::vector<Job>& jobs, const Options& options)
      : token_(options.token ? make_token() : ""),
        catalog_(settings, jobs, [this] { alarm_.ring(); }),
        server_(options.port,
                {token_, [this](const std::string& path) { return catalog_.find(path); },
                 [this] { return index(); }},
                alarm_) {}

  std::string base_url() const override {
    return fmt::format("http://127.0.0.1:{}{}", server_.port(), token_);
  }

  std::vector<Link> links() const override {
    std::vector<Link> links = catalog_.links();
    for (Link& link : links) link.url = base_url() + link.url;
    return links;
  }

 private:
  std::string index() const {
    std::string text;
    for (const Link& link : catalog_.links()) {
      text += fmt::format("{}{}{} {} {}", text.empty() ? "" : "\n", token_, link.url, link.state, link.clip);
    }
    return text.empty() ? "no clips" : text;
  }

  const std::string token_;
  Alarm alarm_;
  mutable Catalog catalog_;
  Server server_;
};

}  // namespace

std::unique_ptr<Gateway> Gateway::start(const Settings& settings, const std::vector<Job>& jobs,
                                        const Options& options) {
  return std::make_unique<Running>(settings, jobs, options);
}

}  // namespace avstage::gateway
