#pragma once

#include <map>
#include <stop_token>
#include <string>

#include "media/demuxer.h"

namespace avstage::media {

/// Packets of one medium, copied into a container that needs no seeking, on a descriptor. What is written is
/// there for the reader at once. Errors are Error{local} with "stdout" for descriptor 1. One thread.
class PacketPipe {
 public:
  /// `container` is nut, matroska or mp4 (fragmented). Writes the header. Error{usage} for another container
  /// or streams that it cannot hold. The descriptor stays the caller's. `stop` ends the waiting for a slow
  /// reader: Error{interrupted}.
  PacketPipe(int fd, const std::string& container, const Demuxer& from, std::stop_token stop = {});
  PacketPipe(const PacketPipe&) = delete;
  PacketPipe& operator=(const PacketPipe&) = delete;

  /// Takes the content of a packet that `from` has read.
  void write(AVPacket& packet);
  /// Without it no trailer is written.
  void finish();

 private:
  struct Closer {
    void operator()(AVFormatContext* context) const;
  };
  static int write_callback(void* opaque, std::uint8_t* data, int size) noexcept;
  void add_stream(const AVStream& from);
  void write_header();
  int checked(int answer, const char* what) const;

  int fd_;
  int error_ = 0;  ///< errno of a write that failed
  std::string name_, container_;
  std::stop_token stop_;
  std::unique_ptr<AVFormatContext, Closer> context_;
  struct Copied {
    int index;
    AVRational time_base;
  };
  std::map<int, Copied> streams_;  ///< by the index of the stream read
};

}  // namespace avstage::media
