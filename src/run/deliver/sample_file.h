#pragma once

#include <cstdint>
#include <cstdio>
#include <memory>
#include <span>
#include <string>

namespace avstage::run {

/// Interleaved stereo float, written once and read as often as wanted: a programme's mix is larger than what
/// should be kept in memory. Error{local} where the disk refuses. One thread; the folder removes the file.
class SampleFile {
 public:
  explicit SampleFile(const std::string& path);
  void write(std::span<const float> samples);
  void rewind();  ///< the next read begins with the first sample
  /// Fills `out`, which must not reach beyond what was written.
  void read(std::span<float> out);
  const std::string& path() const { return path_; }

 private:
  struct Close {
    void operator()(std::FILE* file) const { std::fclose(file); }
  };
  [[noreturn]] void fail(const char* what) const;

  std::string path_;
  std::unique_ptr<std::FILE, Close> file_;
};

}  // namespace avstage::run
