#include <fmt/chrono.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "avstage/catalog.h"
#include "avstage/doctor.h"
#include "base/atomic_file.h"
#include "base/disk.h"
#include "base/log.h"
#include "heygen/old_api.h"
#include "media/container_layout.h"
#include "net/http_stream.h"
#include "run/commands/transcript.h"
#include "run/generate.h"

namespace avstage {
namespace {

namespace fs = std::filesystem;

/// How the host of the clip answered one kind of request.
struct CdnAnswers {
  std::string head, range, whole, unsigned_url;
};

void require_writable(const std::string& path) {
  std::error_code ec;
  if (fs::exists(path, ec)) {
    throw Error(ErrorCode::usage, path + ": exists; name another file for the transcript with -o",
                "file_exists");
  }
  if (::access(folder_of(path).c_str(), W_OK | X_OK) != 0) {
    throw Error(ErrorCode::local, path + ": the transcript cannot be written there", "unwritable");
  }
}

/// The shortest thing to say, by who was named or else by the first of the lists.
Job job_of(const Settings& settings, const LiveTest& test, const std::stop_token& stop) {
  std::string avatar = test.avatar, voice = test.voice;
  if (avatar.empty()) {
    std::vector<CatalogAvatar> avatars = list_avatars(settings, {}, stop);
    if (avatars.empty())
      throw Error(ErrorCode::vendor, "the account has no avatar; name one with --avatar", "vendor");
    avatar = avatars.front().id;
    if (voice.empty()) voice = avatars.front().default_voice;
  }
  if (voice.empty()) {
    std::vector<CatalogVoice> voices = list_voices(settings, {.language = "English"}, stop);
    if (voices.empty())
      throw Error(ErrorCode::vendor, "the account has no voice; name one with --voice", "vendor");
    voice = voices.front().id;
  }
  nlohmann::ordered_json clip{
      {"id", "live"}, {"avatar", {{"id", avatar}, {"voice", voice}, {"say", "Hi."}, {"size", "1280x720"}}}};
  nlohmann::ordered_json job{
      {"version", 1}, {"clips", nlohmann::ordered_json::array({clip})}, {"output", "live.mp4"}};
  return parse_job(job.dump(), "doctor --live");
}

/// Nothing is asked where nothing would be bought.
void require_agreement(run::Production& p, const LiveTest& test) {
  const plan::Purchase& purchase = p.plan.purchases.front();
  auto entry = p.session.ledger().find(p.session.realm(), purchase.clip_key);
  using ledger::State;
  if (entry && entry->state != State::intent && entry->state != State::rejected) return;
  std::string what =
      fmt::format("one clip of {}: avatar {}, voice {}, 1280x720, the words \"{}\"", p.session.realm(),
                  purchase.avatar.avatar_id, purchase.avatar.voice_id, purchase.avatar.say);
  if (test.agree && test.agree(what)) return;
  throw Error(ErrorCode::usage, "nothing was bought: it takes a yes on a terminal, or --yes", "not_agreed");
}

std::string ask_cdn(net::Client& client, const std::string& method, const std::string& url,
                    const net::Headers& headers, const std::stop_token& stop) {
  net::Request request{.method = method, .url = url, .headers = headers};
  request.max_body = std::size_t(64) << 20;
  try {
    net::Response r = client.perform(request, stop);
    std::string type = r.header("content-type"), range = r.header("content-range");
    return fmt::format("HTTP {}{}{}", r.status, type.empty() ? "" : ", " + type,
                       range.empty() ? "" : ", " + range);
  } catch (const Error& e) {
    if (e.code() == ErrorCode::interrupted) throw;
    return e.message();
  }
}

CdnAnswers ask_cdn(net::Client& client, const std::string& url, const std::stop_token& stop) {
  CdnAnswers out;
  out.head = ask_cdn(client, "HEAD", url, {}, stop);
  out.range = ask_cdn(client, "GET", url, {{"Range", "bytes=1000-1999"}}, stop);
  out.whole = ask_cdn(client, "GET", url, {}, stop);
  out.unsigned_url = ask_cdn(client, "GET", url.substr(0, url.find('?')), {}, stop);
  return out;
}

std::string index_place(const std::vector<std::string>& boxes) {
  auto at = [&](const char* type) { return std::find(boxes.begin(), boxes.end(), type); };
  if (at("moof") != boxes.end()) return "fragmented";
  if (at("moov") == boxes.end()) return "no index";
  return at("moov") < at("mdat") ? "index first" : "index last";
}

/// The container in a few words; the facts of its streams go into the transcript whole.
std::string look_at_file(const std::string& path, run::Transcript& transcript) {
  std::vector<std::string> boxes = media::outer_boxes(*net::open_file_source(path), path);
  MediaFacts facts = probe_media(path);
  transcript.section("The file");
  transcript.line(fmt::format("outer boxes: {}", fmt::join(boxes, " ")));
  transcript.line(to_json(facts));
  std::string out = index_place(boxes);
  if (facts.video) {
    out += fmt::format("; {} {}x{} {} fps {}, matrix {}, range {}, primaries {}, transfer {}",
                       facts.video->codec, facts.video->width, facts.video->height, facts.video->fps.str(),
                       facts.video->pix_fmt, facts.video->color_matrix, facts.video->color_range,
                       facts.video->color_primaries, facts.video->color_transfer);
  }
  if (!facts.audio) return out + "; no sound";
  return out + fmt::format("; {} {} Hz, {} channels", facts.audio->codec, facts.audio->sample_rate,
                           facts.audio->channels);
}

void write_answers(run::Transcript& t, const heygen::OldApi& old, const CdnAnswers& cdn,
                   const std::string& file) {
  t.section("What this settles");
  t.line("The older API, its status call: " + old.status);
  t.line("The older API, an order without a scene (nothing could be bought with it): " + old.create);
  t.line("The file: " + file);
  t.line("Its host, HEAD: " + cdn.head);
  t.line("Its host, bytes 1000-1999: " + cdn.range);
  t.line("Its host, the whole: " + cdn.whole);
  t.line("Its host, without the signature: " + cdn.unsigned_url);
  std::set<std::string> rates = t.rate_headers();
  t.line(fmt::format("Request rates named in headers: {}",
                     rates.empty() ? "none" : fmt::format("{}", fmt::join(rates, "; "))));
  t.section("What it leaves open, because it would cost more clips");
  t.line(
      "Frame rates other than 25 and a silence as a number in v2; v2's own size when none is given; whether "
      "v3 "
      "repeats a refusal to the same idempotency key.");
}

std::string buy_and_look(run::Session& session, const Job& job, const LiveTest& test,
                         const Observer& observer, run::Transcript& transcript, const std::stop_token& stop) {
  run::Production production(job, session, run::one_at_a_time(observer), stop);
  require_agreement(production, test);
  transcript.section("Requests");
  StoredClip clip = run::obtain_all(production).front();
  heygen::VideoStatus status = session.provider("v3").status(clip.video_id, stop);
  CdnAnswers cdn = ask_cdn(session.client(), status.video_url, stop);
  heygen::OldApi old = heygen::ask_old_api(session.client(), session.account(), clip.video_id, stop);
  std::string file = look_at_file(clip.file, transcript);
  write_answers(transcript, old, cdn, file);
  return clip.video_id;
}

}  // namespace

std::string examine_live(const Settings& settings, const LiveTest& test, const Observer& observer,
                         const std::stop_token& stop) {
  require_writable(test.transcript);
  Job job = job_of(settings, test, stop);
  run::Transcript transcript;
  run::Session session(settings, job.heygen, stop, transcript.listener());
  transcript.line(fmt::format("# avstage {} doctor --live, {}, {:%Y-%m-%d %H:%M:%S} UTC", AVSTAGE_VERSION,
                              settings.sandbox.empty() ? session.realm() : settings.sandbox,
                              fmt::gmtime(static_cast<std::time_t>(system_clock().unix_seconds()))));
  try {
    std::string video_id = buy_and_look(session, job, test, observer, transcript, stop);
    write_file_atomically(test.transcript, transcript.text());
    return video_id;
  } catch (const Error& e) {
    if (e.name() == "not_agreed") throw;
    transcript.section("It ended with");
    transcript.line(e.message());
    write_file_atomically(test.transcript, transcript.text());
    throw;
  }
}

}  // namespace avstage
