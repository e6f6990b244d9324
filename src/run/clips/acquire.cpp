#include "run/clips/acquire.h"

#include <fmt/format.h>
#include <unistd.h>

#include <filesystem>

#include "base/atomic_file.h"
#include "base/crash_point.h"
#include "base/disk.h"
#include "base/log.h"
#include "base/sha256.h"
#include "base/stop.h"
#include "run/clips/contract.h"
#include "run/clips/extras.h"
#include "run/clips/purchase.h"
#include "run/clips/speech.h"
#include "run/clips/transparency.h"

namespace avstage::run {
namespace {

namespace fs = std::filesystem;

/// Moves a complete file into place, across file systems if need be. What was paid for is on the disk before
/// the ledger says so.
void move_file(const std::string& from, const std::string& to) {
  const std::string folder = fs::path(to).parent_path();
  if (on_one_mount(fs::path(from).parent_path(), folder)) return publish_file(from, to);
  require_room(folder, fs::file_size(from));
  std::error_code ec;
  std::string part = fmt::format("{}.{}.part", to, ::getpid());
  FileRemover remover(part);
  fs::copy_file(from, part, fs::copy_options::overwrite_existing, ec);
  if (ec) throw Error(ErrorCode::local, fmt::format("{}: cannot copy: {}", part, ec.message()), "file");
  publish_file(part, to);
  remover.release();
  fs::remove(from, ec);
}

/// Tries until there is a lock; says once what it waits for.
std::unique_ptr<ledger::ClipLock> wait_for_lock(
    Session& session, const std::function<std::unique_ptr<ledger::ClipLock>()>& attempt,
    const std::function<void()>& tell, const std::stop_token& stop) {
  using namespace std::chrono_literals;
  for (bool told = false;; told = true) {
    if (auto lock = attempt()) return lock;
    if (!told) tell();
    if (!session.clock().sleep(100ms, stop)) throw_stopped();
  }
}

/// One purchase from the vendor into MediaAccess and the archive.
class Obtain {
 public:
  Obtain(Session& session, const plan::Plan& plan, int purchase, MediaAccess& media, const Observer& observer,
         BoundedQueue<AcquireNews>& news)
      : session_(session),
        plan_(plan),
        index_(purchase),
        purchase_(plan.purchases[purchase]),
        label_(plan.clips[purchase_.clips.front()].label),
        avatar_(purchase_.avatar),
        clip_key_(purchase_.clip_key),
        media_(media),
        observer_(observer),
        news_(news) {}

  /// The clip, or its fallback. The clip's lock is held to the end, so that nobody else falls back too.
  void run(const std::stop_token& stop) {
    lock_ = wait_for_clip(purchase_.clip_key, stop);
    if (!fallback_is_under_way(session_, purchase_)) {
      const std::string flaw = attempt(stop);
      if (flaw.empty()) return;
      log::warning("{}: {}: as \"prefer\" says, it is obtained before a colour instead", label_, flaw);
    }
    fall_back(stop);
    attempt(stop);
  }

  /// Any thread: wakes whatever waits for bytes. Who reads a complete clip is not disturbed.
  void abort() noexcept {
    std::lock_guard lock(mutex_);
    aborted_ = true;
    if (stream_ && !stream_->complete()) stream_->abort();
  }

  AcquireNews news_of(AcquireNews::Kind kind) const {
    AcquireNews n;
    n.kind = kind;
    n.purchase = index_;
    n.report = {label_, bought_.origin, bought_.video_id, clip_key_, bought_.status.duration};
    return n;
  }

 private:
  bool may_fall_back() const { return purchase_.fallback && clip_key_ == purchase_.clip_key; }

  /// Why the fallback has to take the clip's place; "" when the clip is there.
  std::string attempt(const std::stop_token& stop) {
    try {
      buy(stop);
    } catch (const Error& e) {
      // Refused for good, and the ledger says so: nothing was bought, and nothing is in doubt.
      if (!may_fall_back() || e.name() != "rejected" || e.code() != ErrorCode::vendor) throw;
      return e.message();
    }
    return archived_ ? use_archived(stop) : fetch(stop);
  }

  void fall_back(const std::stop_token& stop) {
    auto refused = session_.ledger().find(session_.realm(), purchase_.clip_key);
    stands_for_ = refused ? refused->tag : "";
    fallback_lock_ = wait_for_clip(purchase_.fallback_key, stop);
    avatar_ = *purchase_.fallback;
    clip_key_ = purchase_.fallback_key;
    archived_.reset();
    bought_ = {};
    std::lock_guard lock(mutex_);
    stream_.reset();
  }

  std::unique_ptr<ledger::ClipLock> wait_for_clip(const std::string& clip_key, const std::stop_token& stop) {
    return wait_for_lock(
        session_, [&] { return session_.lock_clip(clip_key); },
        [&] { tell(Event::Kind::waiting, "another run is obtaining it"); }, stop);
  }

  /// From the ledger's state to a video that can be fetched. The clip's lock comes before the slot: who holds
  /// a slot waits for nobody but the vendor.
  void buy(const std::stop_token& stop) {
    auto waiting = [this](const std::string& word) { tell(Event::Kind::waiting, word); };
    if (auto entry = session_.archived(clip_key_)) {  // another run was quicker
      archived_ = std::move(entry);
      return;
    }
    const int places = plan_.job.heygen.max_concurrent;
    auto slot = wait_for_lock(
        session_,
        [&] { return ledger::ClipLock::try_slot(session_.settings().state_dir, session_.realm(), places); },
        [&] { waiting(fmt::format("{} clips are being made, the most allowed at once", places)); }, stop);
    Purchaser::Listener listener{waiting,
                                 [this](const std::string& id) { tell(Event::Kind::submitted, id); }};
    bought_ =
        Purchaser(session_, plan_.job.heygen, avatar_, clip_key_, label_, listener, stands_for_).run(stop);
  }

  std::string fetch(const std::stop_token& stop) {
    open_stream(stop);
    require_room_in_archive();
    MediaFacts facts = media::probe(stream_->reader(), label_);
    bool known = facts.video && facts.available;
    if (!known) {  // a fragmented file only says how long it is by ending
      stream_->wait_complete(stop);
      facts = media::prove_complete(stream_->reader(), label_);
    }
    require_likely_length(label_, facts, bought_.status);
    const std::string flaw = transparency_flaw(avatar_, [&] {
      return media::Demuxer::open(stream_->reader(), label_, media::Demuxer::Want::video);
    });
    std::exception_ptr no_extras;
    if (flaw.empty()) no_extras = obtain_extras(stop);
    if (flaw.empty() && !no_extras) {
      media_.set_stream(index_, stream_);
      tell(Event::Kind::completed, bought_.video_id);
      send(AcquireNews::Kind::readable, facts);
    }
    stream_->wait_complete(stop);
    crash_point("streamed");
    MediaFacts found = media::prove_complete(stream_->reader(), label_);
    bool end_marked = media::marks_its_end(stream_->reader(), label_);
    check_contract(label_, facts, found, bought_.status, stream_->facts().length_proven, end_marked);
    store(found, stop);
    if (!flaw.empty()) return reject_opaque(flaw);
    if (no_extras) std::rethrow_exception(no_extras);  // the clip itself is kept
    require_speech(avatar_, bought_.video_id, label_,
                   media::Demuxer::open(stream_->reader(), label_, media::Demuxer::Want::audio), found);
    tell(Event::Kind::proven, bought_.video_id);
    send(AcquireNews::Kind::proven, found);
    return "";
  }

  /// What was paid for, but is not what was asked for: the ledger says why something else is used.
  std::string reject_opaque(const std::string& flaw) {
    const bool replaced = may_fall_back();
    if (auto entry = session_.ledger().find(session_.realm(), clip_key_)) {
      session_.ledger().note(
          *entry,
          flaw + (replaced ? "; its place is taken by clip " + purchase_.fallback_key.substr(0, 12) : ""));
    }
    crash_point("opaque");
    if (!replaced) fail_opaque(avatar_, label_, bought_.video_id, flaw);
    return fmt::format("video {}: {}", bought_.video_id, flaw);
  }

  void tell(Event::Kind kind, const std::string& text) const { observer_({kind, label_, text, 0, 0, 0}); }

  void send(AcquireNews::Kind kind, const MediaFacts& facts) {
    AcquireNews n = news_of(kind);
    n.facts = {facts, avatar_identity(session_.realm(), bought_.video_id)};
    n.captions = captions_;
    news_.push(std::move(n));
  }

  /// What the job uses beside the clip, before anybody hears of the clip.
  std::exception_ptr obtain_extras(const std::stop_token& stop) {
    try {
      const ExtraOf of{bought_.dialect, bought_.video_id, clip_key_, label_};
      for (plan::Extra extra : purchase_.extras) {
        const std::string path = obtain_extra(session_, of, extra, stop);
        if (extra != plan::Extra::captions) continue;
        Captions captions = read_captions(path, label_);
        captions_ = captions.sha256;
        media_.set_captions(index_, std::move(captions.cues));
      }
      return nullptr;
    } catch (...) {
      return std::current_exception();
    }
  }

  std::string use_archived(const std::stop_token& stop) {
    const std::string path = session_.archive_path(*archived_);
    bought_.video_id = archived_->video_id;
    bought_.dialect = archived_->dialect;
    bought_.origin = "archive";
    bought_.status.duration = archived_->duration;
    MediaFacts facts = media::probe_file(path);
    auto open = [&path](media::Demuxer::Want want) { return media::Demuxer::open_file(path, want); };
    const std::string flaw = transparency_flaw(avatar_, [&] { return open(media::Demuxer::Want::video); });
    if (!flaw.empty()) return reject_opaque(flaw);
    require_speech(avatar_, bought_.video_id, label_, open(media::Demuxer::Want::audio), facts);
    if (auto no_extras = obtain_extras(stop)) std::rethrow_exception(no_extras);
    media_.set_file(index_, path);
    send(AcquireNews::Kind::readable, facts);
    send(AcquireNews::Kind::proven, facts);
    return "";
  }

  void open_stream(const std::stop_token& stop) {
    heygen::Provider& provider = session_.provider(bought_.dialect);
    net::HttpStreamOptions options;
    options.name = fmt::format("{} (video {})", label_, bought_.video_id);
    options.url = bought_.status.video_url;
    options.refresh = [&provider, id = bought_.video_id, stop] {
      heygen::VideoStatus fresh = provider.status(id, stop);
      if (fresh.video_url.empty()) throw Error(ErrorCode::network, "the vendor gave no fresh URL", "no_url");
      return fresh.video_url;
    };
    spool_ = fmt::format("{}/{}.{}.part", session_.spool_dir(), clip_key_, ::getpid());
    options.spool_path = spool_;
    options.max_bytes = session_.settings().max_clip_bytes;
    options.stall = session_.patience().stall;
    options.retry_delay = session_.patience().retry;
    remover_ = std::make_unique<FileRemover>(spool_);
    std::lock_guard lock(mutex_);
    if (aborted_) throw_stopped();
    stream_ = net::HttpStream::open(session_.client(), options);
  }

  /// Before the download, where its length is known: the archive may be on a smaller disk than the spool.
  void require_room_in_archive() {
    if (!bought_.entry || on_one_mount(session_.spool_dir(), session_.archive_dir())) return;
    const std::optional<std::uint64_t> size = stream_->reader()->size();
    if (size) for_the_clip([&] { require_room(session_.archive_dir(), *size); });
  }

  /// `work`, whose errors name a file only.
  template <typename Work>
  void for_the_clip(Work work) const {
    try {
      work();
    } catch (const Error& e) {
      throw e.within(label_);
    }
  }

  /// Paid clips go to the archive; a video that the job only named is fetched again another time.
  void store(const MediaFacts& facts, const std::stop_token& stop) {
    if (!bought_.entry) return;
    std::string file = clip_key_ + (facts.format.starts_with("matroska") ? ".webm" : ".mp4");
    std::string path = session_.archive_dir() + "/" + file;
    std::string sha256 = sha256_file(spool_, stop);
    std::uint64_t bytes = fs::file_size(spool_);
    crash_point("proven");
    for_the_clip([&] { move_file(spool_, path); });
    crash_point("moved");
    session_.ledger().archived(*bought_.entry, file, sha256, bytes);
    crash_point("archived");
    remover_->release();
  }

  Session& session_;
  const plan::Plan& plan_;
  int index_;
  const plan::Purchase& purchase_;
  std::string label_;
  AvatarRef avatar_;        ///< what is being obtained: the purchase's own, or its fallback
  std::string clip_key_;    ///< of that
  std::string stands_for_;  ///< the tag of what it is the fallback of
  MediaAccess& media_;
  const Observer& observer_;
  BoundedQueue<AcquireNews>& news_;
  std::unique_ptr<ledger::ClipLock> lock_, fallback_lock_;
  std::optional<ledger::Entry> archived_;
  Bought bought_;
  std::string captions_;  ///< names their content
  std::string spool_;
  std::unique_ptr<FileRemover> remover_;
  std::mutex mutex_;
  bool aborted_ = false;
  std::shared_ptr<net::HttpStream> stream_;  ///< set under mutex_
};

}  // namespace

Acquirer::Acquirer(Session& session, const plan::Plan& plan, MediaAccess& media, Observer observer)
    : session_(session),
      plan_(plan),
      media_(media),
      observer_(std::move(observer)),
      news_(4 * plan.purchases.size() + 4) {}

Acquirer::~Acquirer() {
  stop();
}

void Acquirer::interrupt() noexcept {
  for (std::jthread& thread : threads_) thread.request_stop();
}

void Acquirer::stop() {
  interrupt();
  news_.close();
  threads_.clear();
}

void Acquirer::start(const std::vector<int>& purchases) {
  for (int purchase : purchases) {
    threads_.emplace_back([this, purchase](const std::stop_token& stop) { obtain(purchase, stop); });
  }
}

void Acquirer::obtain(int purchase, const std::stop_token& stop) {
  Obtain job(session_, plan_, purchase, media_, observer_, news_);
  std::exception_ptr error;
  try {
    std::stop_callback wake(stop, [&job] { job.abort(); });
    job.run(stop);
    return;
  } catch (...) {
    error = std::current_exception();
  }
  // Outside of the handler: who hears of the error is its only owner.
  AcquireNews failed = job.news_of(AcquireNews::Kind::failed);
  failed.error = std::move(error);
  news_.push(std::move(failed));
}

std::string avatar_identity(const std::string& realm, const std::string& video_id) {
  return "avatar " + realm + " " + video_id;
}

}  // namespace avstage::run
