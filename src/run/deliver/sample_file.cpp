#include "run/deliver/sample_file.h"

#include <fmt/format.h>

#include <cerrno>
#include <cstring>

#include "avstage/error.h"

namespace avstage::run {

SampleFile::SampleFile(const std::string& path) : path_(path), file_(std::fopen(path.c_str(), "w+be")) {
  if (!file_) fail("cannot be made");
}

void SampleFile::fail(const char* what) const {
  throw Error(ErrorCode::local, fmt::format("{}: {}: {}", path_, what, std::strerror(errno)), "disk");
}

void SampleFile::write(std::span<const float> samples) {
  if (std::fwrite(samples.data(), sizeof(float), samples.size(), file_.get()) != samples.size())
    fail("cannot be written");
}

void SampleFile::rewind() {
  if (std::fseek(file_.get(), 0, SEEK_SET) != 0)
    fail("cannot be written");  // what was buffered goes out here
}

void SampleFile::read(std::span<float> out) {
  if (std::fread(out.data(), sizeof(float), out.size(), file_.get()) != out.size()) fail("cannot be read");
}

}  // namespace avstage::run
