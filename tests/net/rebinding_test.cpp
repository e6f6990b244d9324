#include <dlfcn.h>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <arpa/inet.h>
#include <atomic>
#include <fstream>
#include <mutex>

#include "net/client_bench.h"
#include "support/fault_server.h"
#include "support/relay.h"
#include "support/temp_dir.h"

/// Names that resolve as a test says. What a public address of its own is asked for, the loopback serves: the
/// program under test sees a public host, and nothing leaves the machine.
namespace {

constexpr const char* kPublic = "93.184.216.34";
constexpr const char* kName = "media.test";

std::mutex names_mutex;
std::string answer_of_the_dns;  // guarded by names_mutex
std::atomic<int> lookups = 0;

}  // namespace

extern "C" int getaddrinfo(const char* node, const char* service, const addrinfo* hints, addrinfo** result) {
  static auto* real = reinterpret_cast<decltype(&getaddrinfo)>(::dlsym(RTLD_NEXT, "getaddrinfo"));
  if (node == nullptr || std::string_view(node) != kName) return real(node, service, hints, result);
  std::lock_guard lock(names_mutex);
  ++lookups;
  return real(answer_of_the_dns.c_str(), service, hints, result);
}

extern "C" int connect(int fd, const sockaddr* address, socklen_t size) {
  static auto* real = reinterpret_cast<decltype(&connect)>(::dlsym(RTLD_NEXT, "connect"));
  if (address->sa_family == AF_INET) {
    sockaddr_in v4 = *reinterpret_cast<const sockaddr_in*>(address);
    if (v4.sin_addr.s_addr == ::inet_addr(kPublic)) {
      v4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
      return real(fd, reinterpret_cast<const sockaddr*>(&v4), sizeof v4);
    }
  }
  return real(fd, address, size);
}

namespace avstage::net {
namespace {

using test::Connection;
using test::FaultServer;
using test::HttpRequest;
using test::TlsServer;

/// A public media host, as far as anybody can see, and a client that allows nothing else.
class PublicHost : public testing::Test {
 protected:
  void SetUp() override {
    std::ofstream(bundle) << TlsServer::authority();
    resolve_to(kPublic);
  }
  static void resolve_to(const std::string& address) {
    std::lock_guard lock(names_mutex);
    answer_of_the_dns = address;
  }
  std::optional<Error> failure(Client& client, const std::string& target) const {
    Download download(client, server.url(target, kName));
    return error_of([&] { download.wait(); });
  }

  test::TempDir dir;
  std::string bundle = dir / "authority.pem";
  std::string location;  ///< where "/moved" leads
  FaultServer upstream{[this](const HttpRequest& r, Connection& c) {
    if (r.target == "/moved") {
      c.respond(302, "", "Location: " + location + "\r\n");
    } else {
      c.respond(200, "bytes", "Connection: close\r\n");
      c.close();
    }
  }};
  TlsServer server{{.host = "DNS:media.test"}, upstream.port()};
};

TEST_F(PublicHost, itself_is_fetched_from) {
  Client client({.ca_bundle = bundle});
  Download download(client, server.url("/a.mp4", kName));
  download.wait();
  EXPECT_EQ(download.body, "bytes");
}

TEST_F(PublicHost, a_redirect_into_the_private_network_is_a_bad_source) {
  Client client({.ca_bundle = bundle});
  const int port = upstream.port();
  for (const std::string host : {"127.0.0.1", "[::1]", "10.0.0.1", "169.254.169.254", "localhost"}) {
    location = fmt::format("https://{}:{}/secret", host, port);
    auto error = failure(client, "/moved");
    ASSERT_TRUE(error) << host;
    EXPECT_EQ(error->name(), "private_address") << error->message();
    EXPECT_EQ(error->exit_code(), 6) << host;
  }
  for (const HttpRequest& r : upstream.requests()) EXPECT_EQ(r.target, "/moved");
}

TEST_F(PublicHost, a_redirect_to_a_file_or_another_protocol_is_a_bad_source) {
  Client client({.ca_bundle = bundle});
  for (const char* target : {"file:///etc/passwd", "ftp://media.test/a", "gopher://127.0.0.1/"}) {
    location = target;
    auto error = failure(client, "/moved");
    ASSERT_TRUE(error) << target;
    EXPECT_EQ(error->name(), "unsafe_url") << error->message();
    EXPECT_EQ(error->exit_code(), 6) << target;
  }
}

/// DNS rebinding: the name was good when it was first looked at.
TEST_F(PublicHost, a_name_that_turns_private_is_refused_by_the_address_that_would_be_connected) {
  Client before({.ca_bundle = bundle});
  EXPECT_EQ(failure(before, "/a.mp4"), std::nullopt);
  const int connections = server.connections(), looked_up = lookups;
  resolve_to("127.0.0.1");
  Client after({.ca_bundle = bundle});
  auto error = failure(after, "/a.mp4");
  ASSERT_TRUE(error);
  EXPECT_EQ(error->name(), "private_address") << error->message();
  EXPECT_EQ(lookups, looked_up + 1);
  EXPECT_EQ(server.connections(), connections) << "nothing was connected";
}

}  // namespace
}  // namespace avstage::net
