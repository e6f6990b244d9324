#pragma once

#include <memory>
#include <string>

#include "avstage/media_facts.h"
#include "base/byte_source.h"
#include "media/av.h"

namespace avstage::media {

/// Reads packets of the best video and the best audio stream of one medium. Everything else is discarded.
/// Formats, codecs and protocols are allow-listed: playlists, scripts and nested URLs are refused with
/// Error{input}. A packet that libav marks corrupt, or a read that fails, throws; it never looks like the
/// end. One thread at a time.
class Demuxer {
 public:
  /// A local file. `want` limits reading to one kind of stream, so the other costs nothing.
  enum class Want { both, video, audio };
  static Demuxer open_file(const std::string& path, Want want = Want::both);
  /// A finished mp4 or mov that avstage has written: its index says everything that is needed to copy
  /// or decode it, so nothing is decoded to look at it, which takes longer than much that is done with it.
  /// facts() are empty, and so is what the index of its stream does not say.
  static Demuxer open_own(const std::string& path, Want want);
  /// Likewise, from bytes elsewhere; takes ownership of the source.
  static Demuxer open_own(std::unique_ptr<ByteSource> source, const std::string& name, Want want);
  /// Bytes from elsewhere; `name` is for messages. Takes ownership of the source.
  static Demuxer open(std::unique_ptr<ByteSource> source, const std::string& name, Want want = Want::both);

  Demuxer(Demuxer&&) noexcept;
  Demuxer& operator=(Demuxer&&) noexcept;
  ~Demuxer();

  const MediaFacts& facts() const;
  const std::string& name() const;
  AVStream* video() const;  ///< nullptr when there is none or it is not wanted; owned by the demuxer
  AVStream* audio() const;

  AVFormatContext* context() const;  ///< owned by the demuxer
  /// Throws what went wrong in the byte source during calls of libav on context().
  void rethrow_stashed();

  /// The next packet of a wanted stream into `packet`; false at the true end.
  bool read(AVPacket& packet);
  /// Continues at the key frame at or before `timestamp` (in the stream's time base), or at the
  /// start when there is none.
  void seek(const AVStream& stream, std::int64_t timestamp);

 private:
  struct Impl;
  static Demuxer open_source(std::unique_ptr<ByteSource> source, const std::string& name, Want want,
                             bool own);
  explicit Demuxer(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

/// Opens, reads what is needed for the facts and closes again. Error{input} as for Demuxer.
MediaFacts probe_file(const std::string& path);
MediaFacts probe(std::unique_ptr<ByteSource> source, const std::string& name);

/// Reads the whole medium without decoding and proves the container's promises: samples read = samples
/// promised per stream, no corrupt packet, no hole between the fragments of a fragmented mp4. Returns the
/// facts with durations and counts as found (so also for a fragmented file that states none). Error{input}
/// "…: N of M video samples" when something is missing.
MediaFacts prove_complete(std::unique_ptr<ByteSource> source, const std::string& name);

/// Whether the container itself tells where it ends, as an index or a known length does: then prove_complete
/// has proven the end, else the transport or somebody's word must. Error{input} when its outer lengths
/// promise more than there is.
bool marks_its_end(std::unique_ptr<ByteSource> source, const std::string& name);

}  // namespace avstage::media
