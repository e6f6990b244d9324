#pragma once

#include <httplib.h>

#include <atomic>
#include <memory>
#include <string>
#include <thread>

namespace avstage::sandbox {

/// A listening socket on loopback and the threads that serve it. Its own connection loop replaces httplib's,
/// because httplib's idle connections hold stop() up for seconds and its ranges are not cut at the end of a
/// file: handlers find `Request::ranges` empty and read the Range header themselves.
class HttpServer : public httplib::Server {
 public:
  HttpServer();
  ~HttpServer() override;

  /// Binds 127.0.0.1; 0 is any free port. Returns the port; Error{local} when it is taken.
  int bind(int port);
  /// Serves until close(); returns when requests are being accepted. Error{local}.
  void open();
  /// Ends every connection and joins all threads, in well under a second. Idempotent.
  void close();

 private:
  bool process_and_close_socket(socket_t socket) override;

  std::atomic<bool> closing_{false};
  std::thread acceptor_;
};

}  // namespace avstage::sandbox
