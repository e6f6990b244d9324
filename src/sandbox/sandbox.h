#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

namespace avstage::sandbox {

enum class Index { first, last, fragmented };  ///< where the mp4's index stands

struct Options {
  int port = 0;        ///< 0: any free port; always bound to loopback
  std::string folder;  ///< videos and their records live here and survive a restart; created
  /// From create to completed, at least; the clip itself may take longer.
  std::chrono::milliseconds make_time{1500};
  std::chrono::seconds url_ttl{7 * 24 * 3600};
  Index index = Index::first;
  std::string key;     ///< the only accepted API key; empty: any non-empty one
  std::string script;  ///< path of a JSON file that says what goes wrong; empty: nothing does
};

/// What a script and the header X-Sandbox-Fault may say, as Markdown tables: the same that read them.
std::string knob_tables();

/// A stand-in for the vendor's API: a real HTTP server, both dialects, real mp4s. Threads of its own; all
/// members may be called by any thread.
class Sandbox {
 public:
  /// Listens before it returns. Error{local} when the port is taken or the folder cannot be used,
  /// Error{usage} for a bad script.
  static std::unique_ptr<Sandbox> start(const Options& options);
  virtual ~Sandbox() = default;              ///< stops and joins
  virtual std::string base_url() const = 0;  ///< "http://127.0.0.1:PORT"
  virtual int charges() const = 0;  ///< clips that would have cost money, since the folder was created
};

}  // namespace avstage::sandbox
