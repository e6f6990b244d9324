#pragma once

#include <atomic>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

struct ssl_st;

namespace avstage::test {

/// Accepts connections on a free loopback port and gives each a thread that is joined at the end, when its
/// descriptors are shut down.
class Acceptor {
 public:
  explicit Acceptor(std::function<void(int fd)> serve);
  ~Acceptor();
  Acceptor(const Acceptor&) = delete;
  Acceptor& operator=(const Acceptor&) = delete;
  int port() const { return port_; }
  int connections() const { return connections_; }
  /// A connection to a loopback port, closed with the others; -1 when nobody listens.
  int connect(int port);

 private:
  void accept_loop();
  void forget(int fd);

  std::function<void(int)> serve_;
  int port_ = 0, listener_;
  std::atomic<int> connections_ = 0;
  std::atomic<bool> closing_ = false;
  std::mutex mutex_;
  std::list<int> open_;
  std::vector<std::thread> threads_;
  std::thread accepting_;
};

/// What a test certificate says. Keys and certificates are made on the spot and live for one test.
struct CertificateSpec {
  std::string host = "IP:127.0.0.1";  ///< subjectAltName
  bool self_signed = false;           ///< instead of by the test's authority
  bool expired = false;               ///< yesterday
};

/// A TLS server on loopback with a certificate as told, in front of a plain one on `upstream_port`. With
/// `http2` it offers HTTP/2 (ALPN), and that function serves whoever chooses it, on the connection's thread.
class TlsServer {
 public:
  using Http2 = std::function<void(ssl_st*)>;
  TlsServer(const CertificateSpec& spec, int upstream_port, Http2 http2 = {});
  ~TlsServer();
  int port() const;
  std::string url(const std::string& target = "/", const std::string& host = "127.0.0.1") const;
  /// Bytes that clients have sent inside TLS.
  std::size_t request_bytes() const;
  int connections() const;
  /// PEM of the authority that signs what is not self-signed.
  static const std::string& authority();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// A proxy that knows CONNECT alone. Any host is reached on loopback, as if it were a name for it.
class ConnectProxy {
 public:
  ConnectProxy();
  int port() const { return acceptor_.port(); }
  std::string url() const { return "http://127.0.0.1:" + std::to_string(port()); }
  /// "host:port" of each CONNECT, in their order.
  std::vector<std::string> asked() const;

 private:
  void serve(int fd);

  mutable std::mutex mutex_;
  std::vector<std::string> asked_;
  Acceptor acceptor_;  // the last: its threads use the others
};

}  // namespace avstage::test
