#include "support/relay.h"

#include <netinet/in.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <stdexcept>
#include <string_view>

#include "support/fault_server.h"

namespace avstage::test {
namespace {

bool send_all(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    ssize_t n = ::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (n <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(n));
  }
  return true;
}

/// Until either side has nothing more to say; `forth` and `back` move what is there, or return false.
template <typename Forth, typename Back>
void relay(int client, int upstream, Forth forth, Back back) {
  for (;;) {
    pollfd both[2] = {{client, POLLIN, 0}, {upstream, POLLIN, 0}};
    if (::poll(both, 2, -1) < 0) return;
    if (both[0].revents != 0 && !forth()) return;
    if (both[1].revents != 0 && !back()) return;
  }
}

bool copy_some(int from, int to) {
  char chunk[16384];
  ssize_t n = ::recv(from, chunk, sizeof chunk, 0);
  return n > 0 && send_all(to, {chunk, static_cast<std::size_t>(n)});
}

template <typename T>
T* made(T* object) {
  if (object == nullptr) throw std::runtime_error("openssl cannot make a certificate");
  return object;
}

using Key = std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)>;
using Certificate = std::unique_ptr<X509, decltype(&X509_free)>;

Key make_key() {
  return {made(EVP_EC_gen("P-256")), &EVP_PKEY_free};
}

void add_extension(X509* certificate, int kind, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, certificate, certificate, nullptr, nullptr, 0);
  X509_EXTENSION* extension = made(X509V3_EXT_conf_nid(nullptr, &context, kind, value.c_str()));
  X509_add_ext(certificate, extension, -1);
  X509_EXTENSION_free(extension);
}

void set_name(X509_NAME* name, const char* text) {
  X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, reinterpret_cast<const unsigned char*>(text), -1, -1,
                             0);
}

/// A certificate for `key`, to be signed by `issuer`; without one by itself.
Certificate make_certificate(EVP_PKEY* key, const char* name, X509* issuer, bool expired) {
  constexpr long day = 24 * 3600;
  static std::atomic<long> serial = 1;
  Certificate out(made(X509_new()), &X509_free);
  X509_set_version(out.get(), X509_VERSION_3);
  ASN1_INTEGER_set(X509_get_serialNumber(out.get()), ++serial);
  X509_gmtime_adj(X509_getm_notBefore(out.get()), -10 * day);
  X509_gmtime_adj(X509_getm_notAfter(out.get()), expired ? -day : 10 * day);
  X509_set_pubkey(out.get(), key);
  set_name(X509_get_subject_name(out.get()), name);
  X509_set_issuer_name(out.get(), X509_get_subject_name(issuer != nullptr ? issuer : out.get()));
  return out;
}

struct Authority {
  Key key = make_key();
  Certificate certificate = make_certificate(key.get(), "avstage test authority", nullptr, false);
  std::string pem;

  Authority() {
    add_extension(certificate.get(), NID_basic_constraints, "critical,CA:TRUE");
    X509_sign(certificate.get(), key.get(), EVP_sha256());
    std::unique_ptr<BIO, decltype(&BIO_free_all)> text(made(BIO_new(BIO_s_mem())), &BIO_free_all);
    PEM_write_bio_X509(text.get(), certificate.get());
    char* data = nullptr;
    long size = BIO_get_mem_data(text.get(), &data);
    pem.assign(data, static_cast<std::size_t>(size));
  }
  static const Authority& get() {
    static const Authority one;
    return one;
  }
};

}  // namespace

Acceptor::Acceptor(std::function<void(int)> serve)
    : serve_(std::move(serve)), listener_(listen_on_loopback(port_)) {
  accepting_ = std::thread([this] { accept_loop(); });
}

Acceptor::~Acceptor() {
  closing_ = true;
  ::shutdown(listener_, SHUT_RDWR);
  accepting_.join();
  {
    std::lock_guard lock(mutex_);
    for (int fd : open_) ::shutdown(fd, SHUT_RDWR);
  }
  for (std::thread& thread : threads_) thread.join();
  for (int fd : open_) ::close(fd);
  ::close(listener_);
}

void Acceptor::accept_loop() {
  // OpenSSL writes to sockets whose peer has gone; its threads inherit this.
  sigset_t pipe;
  sigemptyset(&pipe);
  sigaddset(&pipe, SIGPIPE);
  pthread_sigmask(SIG_BLOCK, &pipe, nullptr);
  while (!closing_) {
    int fd = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (fd < 0) continue;
    std::lock_guard lock(mutex_);
    open_.push_back(fd);
    ++connections_;
    threads_.emplace_back([this, fd] {
      serve_(fd);
      forget(fd);
    });
  }
}

void Acceptor::forget(int fd) {
  std::lock_guard lock(mutex_);
  open_.remove(fd);
  ::close(fd);
}

int Acceptor::connect(int port) {
  int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
    ::close(fd);
    return -1;
  }
  std::lock_guard lock(mutex_);
  open_.push_back(fd);
  return fd;
}

struct TlsServer::Impl {
  Impl(const CertificateSpec& spec, int upstream_port, Http2 http2)
      : upstream_port_(upstream_port), http2_(std::move(http2)), acceptor_([this](int fd) { serve(fd); }) {
    const Authority& authority = Authority::get();
    Key key = make_key();
    X509* issuer = spec.self_signed ? nullptr : authority.certificate.get();
    EVP_PKEY* signer = spec.self_signed ? key.get() : authority.key.get();
    Certificate certificate = make_certificate(key.get(), "avstage test server", issuer, spec.expired);
    add_extension(certificate.get(), NID_subject_alt_name, spec.host);
    X509_sign(certificate.get(), signer, EVP_sha256());
    SSL_CTX_use_certificate(context_.get(), certificate.get());
    SSL_CTX_use_PrivateKey(context_.get(), key.get());
    if (http2_) SSL_CTX_set_alpn_select_cb(context_.get(), &select_protocol, nullptr);
    ready_.open();
  }

  void serve(int fd) {
    if (!ready_.wait()) return;
    std::unique_ptr<SSL, decltype(&SSL_free)> tls(SSL_new(context_.get()), &SSL_free);
    SSL_set_fd(tls.get(), fd);
    if (SSL_accept(tls.get()) != 1) return;
    if (speaks_http2(tls.get())) return http2_(tls.get());
    int upstream = acceptor_.connect(upstream_port_);
    if (upstream < 0) return;
    char chunk[16384];
    auto forth = [&] {
      do {
        int n = SSL_read(tls.get(), chunk, sizeof chunk);
        if (n <= 0) return false;
        request_bytes_ += static_cast<std::size_t>(n);
        if (!send_all(upstream, {chunk, static_cast<std::size_t>(n)})) return false;
      } while (SSL_pending(tls.get()) > 0);
      return true;
    };
    auto back = [&] {
      ssize_t n = ::recv(upstream, chunk, sizeof chunk, 0);
      return n > 0 && SSL_write(tls.get(), chunk, static_cast<int>(n)) > 0;
    };
    relay(fd, upstream, forth, back);
    ::shutdown(upstream, SHUT_RDWR);
    SSL_shutdown(tls.get());
  }

  static int select_protocol(SSL*, const unsigned char** out, unsigned char* size,
                             const unsigned char* offered, unsigned int offered_size, void*) {
    static const unsigned char ours[] = "\x02h2\x08http/1.1";
    unsigned char* chosen = nullptr;
    int how = SSL_select_next_proto(&chosen, size, ours, sizeof ours - 1, offered, offered_size);
    *out = chosen;
    return how == OPENSSL_NPN_NEGOTIATED ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_ALERT_FATAL;
  }
  static bool speaks_http2(SSL* tls) {
    const unsigned char* name = nullptr;
    unsigned int size = 0;
    SSL_get0_alpn_selected(tls, &name, &size);
    return size == 2;
  }

  int upstream_port_;
  Http2 http2_;
  std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)> context_{made(SSL_CTX_new(TLS_server_method())),
                                                             &SSL_CTX_free};
  Gate ready_;
  std::atomic<std::size_t> request_bytes_ = 0;
  Acceptor acceptor_;
};

TlsServer::TlsServer(const CertificateSpec& spec, int upstream_port, Http2 http2)
    : impl_(std::make_unique<Impl>(spec, upstream_port, std::move(http2))) {}
TlsServer::~TlsServer() = default;

int TlsServer::port() const {
  return impl_->acceptor_.port();
}

std::string TlsServer::url(const std::string& target, const std::string& host) const {
  return "https://" + host + ":" + std::to_string(port()) + target;
}

std::size_t TlsServer::request_bytes() const {
  return impl_->request_bytes_;
}

int TlsServer::connections() const {
  return impl_->acceptor_.connections();
}

const std::string& TlsServer::authority() {
  return Authority::get().pem;
}

ConnectProxy::ConnectProxy() : acceptor_([this](int fd) { serve(fd); }) {}

std::vector<std::string> ConnectProxy::asked() const {
  std::lock_guard lock(mutex_);
  return asked_;
}

void ConnectProxy::serve(int fd) {
  std::string head;
  char byte;
  while (!head.ends_with("\r\n\r\n")) {
    if (::recv(fd, &byte, 1, 0) != 1) return;
    head += byte;
  }
  if (!head.starts_with("CONNECT ")) return;
  const std::string target = head.substr(8, head.find(' ', 8) - 8);
  {
    std::lock_guard lock(mutex_);
    asked_.push_back(target);
  }
  int upstream = acceptor_.connect(std::atoi(target.substr(target.rfind(':') + 1).c_str()));
  if (upstream < 0) {
    send_all(fd, "HTTP/1.1 502 Nobody\r\nContent-Length: 0\r\n\r\n");
    return;
  }
  if (!send_all(fd, "HTTP/1.1 200 Connected\r\n\r\n")) return;
  relay(
      fd, upstream, [&] { return copy_some(fd, upstream); }, [&] { return copy_some(upstream, fd); });
  ::shutdown(upstream, SHUT_RDWR);
}

}  // namespace avstage::test
