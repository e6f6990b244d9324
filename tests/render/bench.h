#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <mutex>
#include <string>
#include <vector>

#include "avstage/avstage.h"
#include "support/media_fixtures.h"
#include "support/temp_dir.h"
#include "timeline/job_reader.h"

namespace avstage::test {

/// A folder with state, cache and outputs of its own for one render test.
class Bench : public testing::Test {
 protected:
  Settings settings(const std::string& vendor_url = "") const {
    Settings s;
    s.state_dir = dir / "state";
    s.cache_dir = dir / "cache";
    s.sandbox = vendor_url;
    if (const char* workers = std::getenv("AVSTAGE_WORKERS")) s.workers = std::atoi(workers);
    return s;
  }

  Job job(const std::string& text) const { return read_job(text, "job.json", dir.path()); }

  /// Renders and keeps the events.
  Report run(const std::string& text, const Settings& s, const std::function<void(const Event&)>& also = {}) {
    events.clear();
    return render(job(text), s, [&](const Event& e) {
      events.push_back(e);
      if (also) also(e);
    });
  }

  /// The exit code of a failing render and its message.
  std::pair<int, std::string> fail(const std::string& text, const Settings& s) {
    try {
      run(text, s);
    } catch (const Error& e) {
      return {e.exit_code(), e.message()};
    }
    ADD_FAILURE() << "the render did not fail";
    return {0, ""};
  }

  std::string counter_clip(Rational seconds, Index index = Index::first) {
    VideoSpec spec;
    spec.seconds = seconds;
    spec.picture = Picture::counter;
    spec.index = index;
    make_video(dir / "vendor.mp4", spec);
    return read_bytes(dir / "vendor.mp4");
  }

  void file(const std::string& name, Rational seconds, Picture picture = Picture::counter) {
    VideoSpec spec;
    spec.seconds = seconds;
    spec.picture = picture;
    make_video(dir / name, spec);
  }

  int count(Event::Kind kind) const {
    int n = 0;
    for (const Event& e : events) n += e.kind == kind;
    return n;
  }

  bool any_part_left() const {
    for (const std::string& f : dir.files()) {
      if (f.ends_with(".part")) return true;
    }
    return false;
  }

  TempDir dir;
  std::vector<Event> events;
};

}  // namespace avstage::test
