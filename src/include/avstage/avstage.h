#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "avstage/error.h"
#include "avstage/job.h"
#include "avstage/media_facts.h"

/// The façade: load a job, look at its plan, render it. Each call blocks and may be made from any thread, by
/// several at once. Failures are Error; nothing is half done when one is thrown: no money is lost, no
/// finished clip, no existing file.
namespace avstage {

struct Settings {
  std::string state_dir;  ///< ledger and archive: what was paid for; never on a network file system
  std::string cache_dir;  ///< spool and segments: may be deleted at any time
  /// Bytes of segments that are kept for later runs, in the cache folder; the least recently used go first.
  std::uint64_t cache_limit = 20'000'000'000;
  std::string api_base;  ///< empty: HEYGEN_API_BASE, else the vendor's
  /// Base URL of a stand-in for the vendor (avstage sandbox). Its clips live in a realm of their own and are
  /// never taken for bought ones; no API key is read.
  std::string sandbox;
  bool overwrite = false;         ///< replace existing files that are not up to date
  bool buy = true;                ///< false: a clip that is not bought yet is Error{usage} "not_bought"
  bool accept_watermark = false;  ///< take the watermarked version of a clip that could not be paid for
  bool no_wait =
      false;  ///< Error{locked} where another run holds an output or a clip, before buying anything
  Rational max_wait{600};             ///< seconds one clip waits for a vendor that says "later", in all
  std::optional<Rational> deadline;   ///< seconds for the whole run; then Error{network}
  std::optional<double> max_credits;  ///< instead of the job's
  /// Segments that are rendered at once, each with decoders of its own and an encoder for each output, which
  /// has two threads for H.264; 0: one for every two processors that the process may use. Memory grows with
  /// it; no byte depends on it.
  int workers = 0;
  std::string ca_bundle;  ///< PEM file of the certificates to trust; empty: the system's
  std::uint64_t max_clip_bytes = std::uint64_t(8) << 30;  ///< a larger avatar clip is refused
  /// A download without a new byte for so long is dropped and goes on anew; 0: 20 s, 5 s with a stand-in.
  std::chrono::milliseconds stall{0};
};

/// AVSTAGE_STATE, AVSTAGE_CACHE, else the XDG folders. Error{local} when no home folder is known.
Settings default_settings();

/// Something that happened; called on the thread of render() or on one of its own, one call at a time.
struct Event {
  enum class Kind {
    phase,      ///< `text`: plan, acquire, render, assemble, done
    submitted,  ///< a clip was bought: `clip`, `text` = video id
    waiting,    ///< for a clip: `clip`, `text` = the vendor's word
    completed,  ///< a clip can be read: `clip`
    proven,     ///< a clip is complete and archived: `clip`
    decoded,    ///< `frames` of a clip that is still arriving have been decoded: `clip`
    progress,   ///< `done` of `total` frames are composed; total 0: not known yet
    segment,    ///< one segment is done: `frames` of it, `done` and `total` as above
    output,     ///< a deliverable is published or was up to date: `text` = path
    note        ///< a line for a human
  };
  Kind kind;
  std::string clip;
  std::string text;
  std::int64_t frames = 0;
  std::int64_t done = 0, total = 0;
};
using Observer = std::function<void(const Event&)>;

struct PurchaseReport {
  std::string clip;    ///< label
  std::string origin;  ///< bought, resumed, archive, given
  std::string video_id;
  std::string clip_key;
  std::optional<double> duration;  ///< seconds
};
/// What was done for an output's loudness. The figures are of the sound that was encoded.
struct LoudnessReport {
  double target = 0;                     ///< LUFS, as asked for
  double ceiling = 0;                    ///< dBTP, as asked for
  bool measured = true;                  ///< false: silent or shorter than 0.4 s; the mix is left as it is
  double integrated = 0, true_peak = 0;  ///< LUFS, dBTP
  double range = 0;                      ///< LU, of the mix
  double gain = 0;                       ///< dB by which the mix was raised
  bool limited = false;                  ///< a limiter held its peaks
};
struct OutputReport {
  std::string path;
  std::string state;  ///< written, up_to_date
  std::int64_t frames = 0;
  double duration = 0;      ///< seconds
  std::uint64_t bytes = 0;  ///< of an HLS stream: of all its files
  std::string sha256;
  int segments = 0, segments_rendered = 0;  ///< of all renditions; rendered: encoded by this run
  std::int64_t frames_copied = 0;           ///< taken from a source as they are, not encoded
  double sound_copied = 0;                  ///< seconds of AAC, likewise
  std::optional<LoudnessReport> loudness;   ///< where the output asks for one
  int files = 1;                            ///< more in an HLS stream
};
struct Report {
  std::vector<PurchaseReport> purchases;
  std::vector<OutputReport> outputs;
  std::vector<std::pair<std::string, double>> steps;  ///< name, seconds
  std::vector<std::string> warnings;
};
std::string to_json(const Report& report);

/// Reads and checks a job file ("-": stdin). `set` gives values to its variables. Error{usage}.
Job load_job(const std::string& path, const std::map<std::string, std::string>& set = {});

/// Likewise for a job's text; `name` stands for the file in messages, paths are relative to the working
/// directory.
Job parse_job(const std::string& text, const std::string& name);

/// What would be done: what would be bought, what is there already, every span with its layers, every segment
/// with its key and readiness, every output. Reads local media, ledger and archive; buys nothing, asks no
/// one.
std::string plan_text(const Job& job, const Settings& settings);
std::string plan_json(const Job& job, const Settings& settings);

/// Does it. Returns when every deliverable is published (or was up to date). `stop` ends it early with
/// Error{interrupted}; no partial file stays, and a later call continues.
Report render(const Job& job, const Settings& settings, const Observer& observer = {},
              const std::stop_token& stop = {});

struct StoredClip {
  std::string clip;    ///< label
  std::string origin;  ///< bought, resumed, archive, given
  std::string video_id;
  std::string clip_key;
  std::string file;  ///< in the archive; empty for a video that the job only named (given)
  std::uint64_t bytes = 0;
  std::string sha256;
  std::optional<double> duration;  ///< seconds
};
/// Buys what is missing of a job's avatar clips and keeps them in the archive; looks at no other medium and
/// renders nothing. A clip that fails does not keep the others from being stored; its error is thrown at the
/// end.
std::vector<StoredClip> generate(const Job& job, const Settings& settings, const Observer& observer = {},
                                 const std::stop_token& stop = {});

/// What a media file holds. Error{input}.
MediaFacts probe_media(const std::string& path);
std::string to_json(const MediaFacts& facts);

/// `avstage filters [NAME]`: one line a filter, or the parameter table of one. Error{usage} for an unknown
/// name.
std::string describe_filters(const std::string& name = "");

}  // namespace avstage
