#include "cli/progress.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>
#include <nlohmann/json.hpp>

namespace avstage::cli {
namespace {

using namespace std::chrono_literals;

constexpr std::chrono::milliseconds kRedraw{100}, kPlainEvery{10'000}, kJsonEvery{500};

const char* word(Event::Kind kind) {
  switch (kind) {
    case Event::Kind::phase:
      return "phase";
    case Event::Kind::submitted:
      return "submitted";
    case Event::Kind::waiting:
      return "waiting";
    case Event::Kind::completed:
      return "completed";
    case Event::Kind::proven:
      return "proven";
    case Event::Kind::decoded:
      return "decoded";
    case Event::Kind::progress:
      return "progress";
    case Event::Kind::segment:
      return "segment";
    case Event::Kind::output:
      return "output";
    case Event::Kind::note:
      return "note";
  }
  return "";
}

/// The vendor's word for a clip that is not there yet, for a person.
std::string wait_words(const std::string& word) {
  if (word == "not_found") return "the vendor does not know it, or not yet; asking again";
  return word;
}

std::string sentence(const Event& e) {
  switch (e.kind) {
    case Event::Kind::phase:
      return e.text;
    case Event::Kind::submitted:
      return fmt::format("{}: bought, video {}", e.clip, e.text);
    case Event::Kind::waiting:
      return fmt::format("{}: {}", e.clip, wait_words(e.text));
    case Event::Kind::completed:
      return fmt::format("{}: completed, streaming", e.clip);
    case Event::Kind::proven:
      return fmt::format("{}: complete and archived", e.clip);
    case Event::Kind::output:
      return e.text;
    default:
      return e.text;
  }
}

}  // namespace

ProgressStyle parse_progress(const std::string& name) {
  if (name == "auto") return ::isatty(STDERR_FILENO) ? ProgressStyle::line : ProgressStyle::plain;
  if (name == "plain") return ProgressStyle::plain;
  if (name == "json") return ProgressStyle::json;
  if (name == "none") return ProgressStyle::none;
  throw Error(ErrorCode::usage, fmt::format("--progress {}: allowed are auto, plain, json, none", name),
              "command_line");
}

void Progress::remember(const Event& e) {
  if (e.kind == Event::Kind::phase) phase_ = e.text;
  if (e.kind == Event::Kind::waiting) waiting_[e.clip] = e.text;
  if (e.kind == Event::Kind::completed) waiting_.erase(e.clip);
  if (e.kind == Event::Kind::progress || e.kind == Event::Kind::segment) {
    done_ = e.done;
    total_ = e.total;
  }
}

/// A status word that is repeated is no news; frames are counted, not listed.
bool Progress::is_news(const Event& e) const {
  if (e.kind == Event::Kind::waiting) {
    auto known = waiting_.find(e.clip);
    return known == waiting_.end() || known->second != e.text;
  }
  return e.kind != Event::Kind::progress && e.kind != Event::Kind::decoded && e.kind != Event::Kind::segment;
}

std::string Progress::status() const {
  std::string out = phase_;
  if (total_ > 0 && phase_ == "render") {
    double part = static_cast<double>(done_) / static_cast<double>(total_);
    std::chrono::duration<double> spent = std::chrono::steady_clock::now() - begin_;
    out += fmt::format(" {:3.0f} %", part * 100);
    if (part > 0.02) out += fmt::format(", {:.0f} s left", spent.count() * (1 - part) / part);
  } else if (done_ > 0 && phase_ == "render") {
    out += fmt::format(" {} frames", done_);
  }
  for (const auto& [clip, state] : waiting_) {
    out += fmt::format("{}{}: {}", out.empty() ? "" : " | ", clip, wait_words(state));
  }
  return out;
}

void Progress::print_json(const Event& e) {
  nlohmann::ordered_json j{{"event", word(e.kind)}, {"phase", phase_}};
  if (!e.clip.empty()) j["clip"] = e.clip;
  if (!e.text.empty()) j["text"] = e.text;
  if (e.frames > 0) j["frames"] = e.frames;
  if (done_ > 0) j["done"] = done_;
  if (total_ > 0) j["percent"] = 100.0 * static_cast<double>(done_) / static_cast<double>(total_);
  std::fprintf(stderr, "%s\n", j.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace).c_str());
}

void Progress::clear() {
  if (drawn_) std::fputs("\r\033[K", stderr);
  drawn_ = false;
}

void Progress::operator()(const Event& e) {
  if (style_ == ProgressStyle::none) return;
  const bool news = is_news(e);
  remember(e);
  const Time now = std::chrono::steady_clock::now();
  if (style_ == ProgressStyle::json) {
    if (!news && e.kind != Event::Kind::segment && now - last_ < kJsonEvery) return;
    print_json(e);
  } else if (style_ == ProgressStyle::plain) {
    if (!news && now - last_ < kPlainEvery) return;
    std::fprintf(stderr, "avstage: %s\n", (news ? sentence(e) : status()).c_str());
  } else {
    if (!news && now - last_ < kRedraw) return;
    if (news && e.kind != Event::Kind::phase && e.kind != Event::Kind::waiting) {
      clear();
      std::fprintf(stderr, "%s\n", sentence(e).c_str());
    }
    std::fprintf(stderr, "\r\033[K%s", status().c_str());
    drawn_ = true;
  }
  last_ = now;
}

}  // namespace avstage::cli
