#include "fuzz/fuzz.h"
#include "plan/resolve.h"
#include "timeline/job_reader.h"

// A job file: a job that can be planned, or a usage error in one line.

namespace {

using namespace avstage;

constexpr const char* kJob = R"({ "version": 1, // ü
  "vars": { "name": { "default": "Ann" }, "n": { "type": "number", "default": 0.5 } },
  "canvas": { "size": "320x180", "fps": "30000/1001", "background": "#101820" },
  "heygen": { "api": "v2", "max_concurrent": 5, "deadline": "40m" },
  "sources": { "host": { "avatar": { "id": "A", "voice": "V", "say": "Hi ${name}!", "background": "#008000" } } },
  "tracks": [ { "id": "m", "clips": [ { "id": "a", "color": "#ff0000", "duration": "00:00:04:12" },
        { "avatar": { "request": { "video_inputs": [ { "x": [null, -1.5e3, "\u00fc\n"] } ] } },
          "filters": [ "grayscale", { "blur": { "radius": 4 } }, { "lavfi": { "filter": "eq" } } ] } ] },
    { "clips": [ { "id": "h", "source": "host", "start": "@a.end-0.5", "key": "auto", "at": "bottom-right",
                   "margin": "3%", "width": "28%", "fade": 0.3, "opacity": "${n}" },
                 { "text": "$${x} ${name}", "start": "end-2", "duration": "40f", "font_size": 40 },
                 { "file": "a.mov", "in": 1, "out": "1:02.5", "volume": 2 } ] } ],
  "outputs": [ { "path": "out/${name}.mp4", "crf": 20 }, { "path": "b.mkv", "audio": { "codec": "none" } } ] })";

void plan_it(const Job& job) {
  plan::AvatarWords words{[](const AvatarRef& a) { return a.say + std::to_string(a.take); },
                          [](const AvatarRef& a) { return a.background; }};
  plan::Plan plan = plan::make_plan(job, words);
  for (const plan::PlannedClip& clip : plan.clips)
    fuzz::require(!clip.label.empty(), "a clip without a name");
}

}  // namespace

extern "C" int LLVMFuzzerInitialize(int* argc, char*** argv) {
  return fuzz::begin(*argc, *argv,
                     {kJob, R"({"version":1,"clips":[{"file":"a.mp4"}],"output":"o.mp4"})",
                      R"({"version":1,"vars":{"a":{"type":"boolean"}},"tracks":[]})", "[[[[", "/* */ {}"});
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  auto read = [&] { plan_it(read_job(fuzz::text_of(data, size), "job.json", "base")); };
  try {
    fuzz::survives(read, {ErrorCode::usage});
  } catch (const std::exception& e) {
    fuzz::require(false, e.what());
  }
  return 0;
}
