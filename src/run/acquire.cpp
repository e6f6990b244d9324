#include "run/acquire.h"

#include <fmt/format.h>
#include <unistd.h>

#include <condition_variable>
#include <filesystem>

#include "base/atomic_file.h"
#include "base/log.h"
#include "base/sha256.h"
#include "run/purchase.h"

namespace avstage::run {
namespace {

namespace fs = std::filesystem;

constexpr double kDurationTolerance = 0.5;  ///< seconds between the vendor's word and the file

/// Moves a complete file into place, across file systems if need be.
void move_file(const std::string& from, const std::string& to) {
  std::error_code ec;
  fs::rename(from, to, ec);
  if (!ec) return;
  std::string part = fmt::format("{}.{}.part", to, ::getpid());
  FileRemover remover(part);
  fs::copy_file(from, part, fs::copy_options::overwrite_existing, ec);
  if (ec) throw Error(ErrorCode::local, fmt::format("{}: cannot copy: {}", part, ec.message()), "file");
  publish_file(part, to);
  remover.release();
  fs::remove(from, ec);
}

std::unique_ptr<ledger::ClipLock> lock_clip(Session& session, const std::string& clip_key,
                                            const std::string& label,
                                            const std::function<void(const std::string&)>& waiting,
                                            const std::stop_token& stop) {
  using namespace std::chrono_literals;
  for (bool told = false;; told = true) {
    auto lock = ledger::ClipLock::try_take(session.settings().state_dir, session.realm(), clip_key);
    if (lock) return lock;
    if (!told) waiting("another run is obtaining it");
    if (!session.clock().sleep(250ms, stop)) {
      throw Error(ErrorCode::interrupted, label + ": stopped", "interrupted");
    }
  }
}

/// Compares what arrived with what the vendor said, once the bytes are all there.
void check_contract(const std::string& label, const MediaFacts& promised, const MediaFacts& found,
                    const heygen::VideoStatus& status, bool length_proven) {
  if (!found.video) throw Error(ErrorCode::input, label + ": the clip has no picture", "no_video");
  require_promised_length(label, promised, found);
  Time end = found.available.value_or(Time(0));
  if (!status.duration || std::abs(*status.duration - end.to_double()) <= kDurationTolerance) return;
  std::string message = fmt::format("{}: the vendor said {:.3f} s, the file holds {:.3f} s", label,
                                    *status.duration, end.to_double());
  if (!length_proven) throw Error(ErrorCode::input, message, "incomplete");
  log::warning("{}", message);
}

}  // namespace

void require_promised_length(const std::string& label, const MediaFacts& promised, const MediaFacts& found) {
  Time promised_end = promised.available.value_or(Time(0)), end = found.available.value_or(Time(0));
  if (to_frames(promised_end, Rational(25)) != to_frames(end, Rational(25))) {
    throw Error(ErrorCode::input,
                fmt::format("{}: its header promised {:.3f} s, but it holds {:.3f} s", label,
                            promised_end.to_double(), end.to_double()),
                "incomplete");
  }
}

/// How many clips may be being made at once.
class Acquirer::Slots {
 public:
  explicit Slots(int free) : free_(free) {}

  bool take(const std::stop_token& stop) {
    std::unique_lock lock(mutex_);
    if (!wake_.wait(lock, stop, [&] { return free_ > 0; })) return false;
    --free_;
    return true;
  }
  void give() {
    std::lock_guard lock(mutex_);
    ++free_;
    wake_.notify_one();
  }

 private:
  std::mutex mutex_;
  std::condition_variable_any wake_;
  int free_;
};

namespace {

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
        media_(media),
        observer_(observer),
        news_(news) {}

  /// From the ledger's state to a video that can be fetched; this part holds a slot.
  void buy(const std::stop_token& stop) {
    auto waiting = [this](const std::string& word) { tell(Event::Kind::waiting, word); };
    lock_ = lock_clip(session_, purchase_.clip_key, label_, waiting, stop);
    if (auto entry = session_.archived(purchase_.clip_key)) {  // another run was quicker
      archived_ = std::move(entry);
      return;
    }
    Purchaser::Listener listener{waiting,
                                 [this](const std::string& id) { tell(Event::Kind::submitted, id); }};
    bought_ = Purchaser(session_, plan_.job.heygen, purchase_.avatar, purchase_.clip_key, label_, listener)
                  .run(stop);
  }

  void fetch(const std::stop_token& stop) {
    if (archived_) {
      use_archived();
      return;
    }
    open_stream(stop);
    MediaFacts facts = media::probe(stream_->reader(), label_);
    bool known = facts.video && facts.available;
    if (!known) {  // a fragmented file only says how long it is by ending
      stream_->wait_complete(stop);
      facts = media::prove_complete(stream_->reader(), label_);
    }
    media_.set_stream(index_, stream_);
    tell(Event::Kind::completed, bought_.video_id);
    send(AcquireNews::Kind::readable, facts);
    stream_->wait_complete(stop);
    MediaFacts found = media::prove_complete(stream_->reader(), label_);
    check_contract(label_, facts, found, bought_.status, stream_->facts().length_proven);
    store(stop);
    tell(Event::Kind::proven, bought_.video_id);
    send(AcquireNews::Kind::proven, found);
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
    n.report = {label_, bought_.origin, bought_.video_id, purchase_.clip_key, bought_.status.duration};
    return n;
  }

 private:
  void tell(Event::Kind kind, const std::string& text) const { observer_({kind, label_, text, 0, 0, 0}); }

  void send(AcquireNews::Kind kind, const MediaFacts& facts) {
    AcquireNews n = news_of(kind);
    n.facts = {facts, avatar_identity(session_.realm(), bought_.video_id)};
    news_.push(std::move(n));
  }

  void use_archived() {
    const std::string path = session_.archive_path(*archived_);
    bought_.video_id = archived_->video_id;
    bought_.origin = "archive";
    bought_.status.duration = archived_->duration;
    media_.set_file(index_, path);
    MediaFacts facts = media::probe_file(path);
    send(AcquireNews::Kind::readable, facts);
    send(AcquireNews::Kind::proven, facts);
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
    spool_ = fmt::format("{}/{}.{}.part", session_.spool_dir(), purchase_.clip_key, ::getpid());
    options.spool_path = spool_;
    options.stall = session_.patience().stall;
    options.retry_delay = session_.patience().retry;
    remover_ = std::make_unique<FileRemover>(spool_);
    std::lock_guard lock(mutex_);
    if (aborted_) throw Error(ErrorCode::interrupted, "stopped", "interrupted");
    stream_ = net::HttpStream::open(session_.client(), options);
  }

  /// Paid clips go to the archive; a video that the job only named is fetched again another time.
  void store(const std::stop_token& stop) {
    if (!bought_.entry) return;
    std::string file = purchase_.clip_key + ".mp4";
    std::string path = session_.archive_dir() + "/" + file;
    std::string sha256 = sha256_file(spool_, stop);
    std::uint64_t bytes = fs::file_size(spool_);
    move_file(spool_, path);
    session_.ledger().archived(*bought_.entry, file, sha256, bytes);
    remover_->release();
  }

  Session& session_;
  const plan::Plan& plan_;
  int index_;
  const plan::Purchase& purchase_;
  std::string label_;
  MediaAccess& media_;
  const Observer& observer_;
  BoundedQueue<AcquireNews>& news_;
  std::unique_ptr<ledger::ClipLock> lock_;
  std::optional<ledger::Entry> archived_;
  Bought bought_;
  std::string spool_;
  std::unique_ptr<FileRemover> remover_;
  std::mutex mutex_;
  bool aborted_ = false;
  std::shared_ptr<net::HttpStream> stream_;  ///< set once, under mutex_
};

}  // namespace

Acquirer::Acquirer(Session& session, const plan::Plan& plan, MediaAccess& media, Observer observer)
    : session_(session),
      plan_(plan),
      media_(media),
      observer_(std::move(observer)),
      news_(4 * plan.purchases.size() + 4),
      slots_(std::make_unique<Slots>(plan.job.heygen.max_concurrent)) {}

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
  try {
    if (!slots_->take(stop)) throw Error(ErrorCode::interrupted, "stopped", "interrupted");
    try {
      job.buy(stop);
    } catch (...) {
      slots_->give();
      throw;
    }
    slots_->give();
    std::stop_callback wake(stop, [&job] { job.abort(); });
    job.fetch(stop);
  } catch (...) {
    AcquireNews failed = job.news_of(AcquireNews::Kind::failed);
    failed.error = std::current_exception();
    news_.push(std::move(failed));
  }
}

std::string avatar_identity(const std::string& realm, const std::string& video_id) {
  return "avatar " + realm + " " + video_id;
}

}  // namespace avstage::run
