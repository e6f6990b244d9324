#pragma once

#include <httplib.h>

#include <atomic>
#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <thread>

namespace avstage::sandbox {

/// A request without a body, as it stood on the wire.
struct RawRequest {
  std::string method, path;
  std::map<std::string, std::string> query;    ///< as written: nothing is decoded
  std::map<std::string, std::string> headers;  ///< names in lower case

  /// "" when it is not there.
  std::string header(const std::string& name) const;
};

/// A connection for an answer that an HTTP library would not write. One thread.
class RawConnection {
 public:
  virtual ~RawConnection() = default;
  /// False once the peer or the server is gone.
  virtual bool send_all(std::string_view bytes) = 0;
  /// False when the server closes.
  virtual bool pause(std::chrono::milliseconds time) = 0;
  /// Says nothing until the peer hangs up or the server closes.
  virtual void stall() = 0;
  /// Makes the end of this connection a TCP reset.
  virtual void reset() = 0;
};

/// Answers one request; false: the connection ends.
using RawHandler = std::function<bool(const RawRequest& request, RawConnection& connection)>;

/// A listening socket on loopback and the threads that serve it. Its own connection loop replaces httplib's,
/// because httplib's idle connections hold stop() up for seconds and its ranges are not cut at the end of a
/// file: handlers find `Request::ranges` empty and read the Range header themselves.
class HttpServer : public httplib::Server {
 public:
  HttpServer();
  ~HttpServer() override;

  /// Before open(): GET and HEAD of paths that begin with "/files/" go to `handler` instead of httplib.
  void serve_files_raw(RawHandler handler) { files_ = std::move(handler); }
  /// For a handler on a thread of this server: its connection ends without an answer / it waits; false when
  /// the server closes.
  static void drop_connection();
  static bool pause(std::chrono::milliseconds time);

  /// Binds 127.0.0.1; 0 is any free port. Returns the port; Error{local} when it is taken.
  int bind(int port);
  /// Serves until close(); returns when requests are being accepted. Error{local}.
  void open();
  /// Ends every connection and joins all threads, in well under a second. Idempotent.
  void close();

 private:
  bool process_and_close_socket(socket_t socket) override;

  RawHandler files_;
  std::atomic<bool> closing_{false};
  std::thread acceptor_;
};

}  // namespace avstage::sandbox
