#include "run/clips/extras.h"

#include <fmt/format.h>
#include <unistd.h>

#include <filesystem>

#include "base/atomic_file.h"
#include "base/sha256.h"
#include "media/text_image.h"
#include "media/video_reader.h"
#include "net/http_stream.h"

namespace avstage::run {
namespace {

constexpr std::uint64_t kMostBytes = 32 << 20;

const char* word_of(plan::Extra extra) {
  switch (extra) {
    case plan::Extra::captions:
      return "captions";
    case plan::Extra::thumbnail:
      return "thumbnail";
    case plan::Extra::gif:
      return "gif";
  }
  return "";
}

std::string path_of(Session& session, const std::string& clip_key, plan::Extra extra) {
  return fmt::format("{}/{}.{}", session.archive_dir(), clip_key, word_of(extra));
}

std::string url_of(const heygen::VideoStatus& status, plan::Extra extra) {
  switch (extra) {
    case plan::Extra::captions:
      return status.caption_url;
    case plan::Extra::thumbnail:
      return status.thumbnail_url;
    case plan::Extra::gif:
      return status.gif_url;
  }
  return "";
}

std::string fresh_url(Session& session, const ExtraOf& of, plan::Extra extra, const std::stop_token& stop) {
  const std::string url = url_of(session.provider(of.dialect).status(of.video_id, stop), extra);
  if (!url.empty()) return url;
  throw Error(
      ErrorCode::vendor,
      fmt::format(
          "{}: the vendor has made no {} of video {}{}", of.label, word_of(extra), of.video_id,
          extra == plan::Extra::captions ? "; they have to be ordered with the clip: \"caption\": true" : ""),
      "no_extra");
}

/// A page, an error or a film in its place must not be kept.
void require_kind(const std::string& path, plan::Extra extra, const std::string& label) {
  if (extra == plan::Extra::captions) {
    plan::parse_captions(read_file(path, kMostBytes), label);
    return;
  }
  media::VideoReader reader(media::Demuxer::open_file(path, media::Demuxer::Want::video), 1);
  if (!reader.facts().image && reader.facts().format != "gif") {
    throw Error(ErrorCode::input,
                fmt::format("{}: was to be a picture, found {}", label, reader.facts().format), "no_picture");
  }
  reader.frame_at(Time(0), Rational(25));
}

}  // namespace

std::string archived_extra(Session& session, const std::string& clip_key, plan::Extra extra) {
  const std::string path = path_of(session, clip_key, extra);
  std::error_code ec;
  return std::filesystem::is_regular_file(path, ec) ? path : "";
}

std::string obtain_extra(Session& session, const ExtraOf& of, plan::Extra extra,
                         const std::stop_token& stop) {
  if (std::string path = archived_extra(session, of.clip_key, extra); !path.empty()) return path;
  const std::string label = fmt::format("{} ({} of video {})", of.label, word_of(extra), of.video_id);
  net::HttpStreamOptions options;
  options.name = label;
  options.url = fresh_url(session, of, extra, stop);
  options.refresh = [&] { return fresh_url(session, of, extra, stop); };
  options.spool_path =
      fmt::format("{}/{}.{}.{}.part", session.spool_dir(), of.clip_key, word_of(extra), ::getpid());
  options.max_bytes = kMostBytes;
  options.stall = session.patience().stall;
  options.retry_delay = session.patience().retry;
  FileRemover remover(options.spool_path);
  auto stream = net::HttpStream::open(session.client(), options);
  std::stop_callback interrupt(stop, [&stream] { stream->abort(); });
  stream->wait_complete(stop);
  require_kind(options.spool_path, extra, label);
  const std::string path = path_of(session, of.clip_key, extra);
  write_file_atomically(path, read_file(options.spool_path, kMostBytes));
  return path;
}

Captions read_captions(const std::string& path, const std::string& label) {
  const std::string text = read_file(path, kMostBytes);
  return {plan::parse_captions(text, label), sha256_hex(text)};
}

void require_look(const CaptionsRef& captions) {
  if (!captions.burn) return;
  TextRef text = captions.look;
  text.text = "x";
  media::render_text(text, 640, 360, media::default_font());
}

plan::ClipFacts captions_facts(Session& session, const CaptionsRef& captions, const std::string& sha256) {
  const std::string& own = captions.look.font;
  plan::ClipFacts facts;
  facts.media.image = true;
  facts.identity = "captions";
  if (captions.burn) facts.identity += " " + session.content_hash(own.empty() ? media::default_font() : own);
  facts.identity += " " + sha256;
  return facts;
}

}  // namespace avstage::run
