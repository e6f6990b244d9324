#include "sandbox/knobs.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "timeline/fields.h"

namespace avstage::sandbox {
namespace {

using Type = Value::Type;
constexpr double kDay = 86400;
constexpr std::size_t kMaxList = 1000;
constexpr std::int64_t kMaxBytes = std::int64_t(1) << 50;

constexpr std::string_view kSunset[] = {"off", "warn", "gone", "gone404"};
constexpr std::string_view kReplies[] = {"ok",  "400", "401",  "402",         "403",      "404",
                                         "409", "413", "422",  "429",         "500",      "502",
                                         "503", "504", "drop", "drop_before", "truncated"};
constexpr std::string_view kEnvelopes[] = {"E1", "E2", "E3", "E4", "E5", "E6", "E7", "E8"};
constexpr std::string_view kLengths[] = {"exact", "chunked", "none"};
constexpr std::string_view kRedirects[] = {"once", "loop", "other_host"};
constexpr std::string_view kIndexes[] = {"first", "last", "fragmented"};
constexpr std::string_view kWebm[] = {"alpha", "opaque", "plain", "refused"};
constexpr std::string_view kWebhooks[] = {"once", "lost", "twice", "forged"};
constexpr std::string_view kDialects[] = {"v2", "v3"};

/// A key of an object, what may stand there and what it does: validation, help and README.
template <typename Draft>
struct Knob {
  std::string_view key, allowed, effect;
  void (*read)(const Value& value, Draft& draft);
};

template <typename Draft, std::size_t N>
void read_knobs(const Value& object, std::string_view what, const Knob<Draft> (&table)[N], Draft& draft) {
  std::vector<Field<Draft>> fields;
  for (const Knob<Draft>& knob : table) fields.push_back({knob.key, knob.read});
  read_fields<Draft>(object, what, {avstage::Fields<Draft>(fields)}, draft);
}

/// A list, or one value for every time.
template <typename T>
Times<T> read_times(const Value& value, std::string_view what, T (*read)(const Value&)) {
  Times<T> times;
  times.always = !value.is(Type::array);
  if (times.always) {
    times.values.push_back(read(value));
  } else {
    for (const Value& item : value.items(what, kMaxList)) times.values.push_back(read(item));
  }
  return times;
}

/// A status may be written as a number or as a word.
std::string read_reply(const Value& value) {
  const std::string& text = value.node().text;
  bool fits = (value.is(Type::number) || value.is(Type::string)) &&
              std::find(std::begin(kReplies), std::end(kReplies), text) != std::end(kReplies);
  if (!fits) value.refuse(joined(kReplies));
  return text;
}

std::int64_t read_count(const Value& value) {
  return value.integer(0, 1'000'000);
}

double read_seconds(const Value& value) {
  return value.number(0, kDay * 365);
}

/// Bytes, or a share of the file's size.
FilePosition read_position(const Value& value) {
  FilePosition position;
  if (value.is(Type::string)) {
    const std::string& text = value.node().text;
    auto number = text.ends_with('%') ? parse_number(text.substr(0, text.size() - 1)) : std::nullopt;
    if (!number || *number < 0 || *number > 100)
      value.refuse("bytes, or a share of the file from \"0%\" to \"100%\"");
    position.percent = *number;
  } else {
    position.bytes = static_cast<std::uint64_t>(value.integer(0, kMaxBytes));
  }
  return position;
}

constexpr Knob<StatusStep> kStepKeys[] = {
    {"status", "a word", "what the status calls say",
     [](const Value& v, StatusStep& s) { s.status = v.line("a status word", 64); }},
    {"seconds", "0–31536000", "how long", [](const Value& v, StatusStep& s) { s.seconds = read_seconds(v); }},
};

StatusStep read_step(const Value& value) {
  StatusStep step;
  if (value.is(Type::object)) {
    read_knobs(value, "a status step", kStepKeys, step);
    if (step.status.empty()) value.refuse_missing("\"status\"", "a status word under \"status\"");
  } else {
    step.status = value.line("a status word", 64);
  }
  return step;
}

constexpr Knob<Knobs> kFailureKeys[] = {
    {"code", "a number or a word", "",
     [](const Value& v, Knobs& k) {
       k.failure_code = v.is(Type::number) ? std::to_string(v.integer(0, 99'999'999)) : v.line("a code", 200);
     }},
    {"message", "text", "", [](const Value& v, Knobs& k) { k.failure_message = v.line("a message", 1000); }},
    {"detail", "text", "", [](const Value& v, Knobs& k) { k.failure_detail = v.line("a detail", 1000); }},
};

constexpr Knob<CdnFault> kCdnKeys[] = {
    {"status", "400–599", "refused with this status and XML",
     [](const Value& v, CdnFault& f) { f.status = static_cast<int>(v.integer(400, 599)); }},
    {"ranges", "`true`, `false`", "`false`: Range is ignored, always 200 from byte 0",
     [](const Value& v, CdnFault& f) { f.ranges = v.boolean(); }},
    {"length", "`exact`, `chunked`, `none`",
     "chunked transfer; or no length, and the end is the closed connection",
     [](const Value& v, CdnFault& f) { f.length = v.choice(kLengths); }},
    {"truncate", "position", "the connection is closed in order before this byte",
     [](const Value& v, CdnFault& f) { f.truncate = read_position(v); }},
    {"reset", "position", "TCP reset before this byte",
     [](const Value& v, CdnFault& f) { f.reset = read_position(v); }},
    {"stall", "position", "nothing more is sent from this byte on, the connection stays open",
     [](const Value& v, CdnFault& f) { f.stall = read_position(v); }},
    {"claim", "position", "all headers tell this as the file's size",
     [](const Value& v, CdnFault& f) { f.claim = read_position(v); }},
    {"shift", "bytes", "what is sent stands so many bytes further on than Content-Range says",
     [](const Value& v, CdnFault& f) { f.shift = v.integer(0, kMaxBytes); }},
    {"redirect", "`once`, `loop`, `other_host`",
     "302: to itself once, for ever, or once by the name localhost",
     [](const Value& v, CdnFault& f) { f.redirect = v.choice(kRedirects); }},
    {"etag", "text", "another ETag than the file's",
     [](const Value& v, CdnFault& f) { f.etag = v.line("a tag", 100); }},
    {"rate", "bytes a second", "no faster", [](const Value& v, CdnFault& f) { f.rate = v.number(1, 1e9); }},
};

CdnFault read_cdn_fault(const Value& value) {
  CdnFault fault;
  if (!value.is_text("ok")) read_knobs(value, "a fault of the file server", kCdnKeys, fault);
  return fault;
}

constexpr Knob<Knobs> kKnobs[] = {
    {"sunset", "`off`, `warn`, `gone`, `gone404`",
     "v1 and v2: as ever; with `Deprecation`, `Sunset` and a `warning` member; refused with 410 or 404",
     [](const Value& v, Knobs& k) { k.sunset = v.choice(kSunset); }},
    {"create", "reply or list",
     "what a create request gets. A status: nothing is ordered. `drop_before`: the connection closes, "
     "nothing is "
     "ordered. `drop`, `truncated`: ordered and charged, but the answer is lost or cut",
     [](const Value& v, Knobs& k) { k.create = read_times(v, "replies", read_reply); }},
    {"answer_after", "seconds", "ordered at once, the create request is answered so much later",
     [](const Value& v, Knobs& k) { k.answer_after = v.number(0, 3600); }},
    {"poll", "reply or list", "what a status call gets",
     [](const Value& v, Knobs& k) { k.poll = read_times(v, "replies", read_reply); }},
    {"envelope", "`E1` … `E8`",
     "the shape of refused creates and polls: E1 v2's, E2 v1's, E3 `{\"error\": text}`, E4 numeric code and "
     "detail, E5 "
     "v3's, E6 E1 with HTTP 200, E7 HTML, E8 a field's validation text in E1",
     [](const Value& v, Knobs& k) { k.envelope = v.choice(kEnvelopes); }},
    {"retry_after", "seconds", "the `Retry-After` of 429 and 503; 0 leaves it out",
     [](const Value& v, Knobs& k) { k.retry_after = read_seconds(v); }},
    {"statuses", "list of words or `{ \"status\", \"seconds\" }`",
     "the life of a video: a word lasts one status call, the last one stays. `completed` waits for the clip",
     [](const Value& v, Knobs& k) {
       k.statuses.clear();
       for (const Value& item : v.items("status words", kMaxList)) k.statuses.push_back(read_step(item));
     }},
    {"failure", "`{ \"code\", \"message\", \"detail\" }`", "what status `failed` carries",
     [](const Value& v, Knobs& k) { read_knobs(v, "a failure", kFailureKeys, k); }},
    {"completed_with_error", "`true`, `false`",
     "completed, with a URL and the error of an account without credit",
     [](const Value& v, Knobs& k) { k.completed_with_error = v.boolean(); }},
    {"without_url", "count", "so many status calls say completed without a URL",
     [](const Value& v, Knobs& k) { k.without_url = static_cast<int>(read_count(v)); }},
    {"make_time", "seconds", "from order to completed, at least",
     [](const Value& v, Knobs& k) { k.make_time = v.number(0, kDay); }},
    {"list_lag", "seconds", "until the video is in the lists",
     [](const Value& v, Knobs& k) { k.list_lag = read_seconds(v); }},
    {"url_ttl", "seconds", "how long a signed URL lives",
     [](const Value& v, Knobs& k) { k.url_ttl = read_seconds(v); }},
    {"url_not_ready", "count", "so many downloads get 404",
     [](const Value& v, Knobs& k) { k.url_not_ready = static_cast<int>(read_count(v)); }},
    {"cdn", "`ok`, fault or list", "what a GET or HEAD of the file gets",
     [](const Value& v, Knobs& k) { k.cdn = read_times(v, "faults", read_cdn_fault); }},
    {"index", "`first`, `last`, `fragmented`",
     "where the mp4's index, or the WebM's cues stand; a fragmented WebM is a live one, of unknown length",
     [](const Value& v, Knobs& k) {
       const std::string& word = v.choice(kIndexes);
       k.index = word == "last" ? Index::last : word == "first" ? Index::first : Index::fragmented;
     }},
    {"webm", "`alpha`, `opaque`, `plain`, `refused`",
     "a transparent clip: as asked for; with alpha that hides nothing; without alpha; or not made (400)",
     [](const Value& v, Knobs& k) { k.webm = v.choice(kWebm); }},
    {"webhook", "`once`, `lost`, `twice`, `forged`", "how `callback_url` and endpoints are called",
     [](const Value& v, Knobs& k) { k.webhook = v.choice(kWebhooks); }},
};

constexpr Knob<Rule> kRuleKeys[] = {
    {"title", "text", "orders with this in their title",
     [](const Value& v, Rule& r) { r.title = v.line("a part of a title", 1000); }},
    {"dialect", "`v2`, `v3`", "orders of this dialect",
     [](const Value& v, Rule& r) { r.dialect = v.choice(kDialects); }},
    {"number", "from 1", "the order of this number, counted since the folder was made",
     [](const Value& v, Rule& r) { r.number = v.integer(1, 1'000'000'000); }},
};

struct ScriptDraft {
  Script script;
  std::optional<Value> orders;
};

constexpr Knob<ScriptDraft> kScriptKeys[] = {
    {"concurrency", "0–1000",
     "jobs at once: beyond it v3 answers 429, v1 and v2 queue (`waiting`). 0: no limit",
     [](const Value& v, ScriptDraft& d) { d.script.concurrency = static_cast<int>(v.integer(0, 1000)); }},
    {"webhook_secret", "text", "signs what goes to a `callback_url`; without it `/__sandbox/state` tells one",
     [](const Value& v, ScriptDraft& d) { d.script.webhook_secret = v.line("a secret", 200); }},
    {"orders", "list of rules", "knobs for some orders; the first rule that fits an order is its rule",
     [](const Value& v, ScriptDraft& d) { d.orders = v; }},
};

/// Both tables of an object as one: which of two drafts a key goes to is in the table.
template <typename Draft, std::size_t N>
void read_beside_knobs(const Value& object, std::string_view what, const Knob<Draft> (&own)[N], Draft& draft,
                       Knobs& knobs) {
  std::vector<std::string_view> keys;
  for (const auto& knob : own) keys.push_back(knob.key);
  for (const auto& knob : kKnobs) keys.push_back(knob.key);
  object.expect_object(fmt::format("{} {{ … }} with the keys {}", what, joined(keys)));
  for (const json_text::Member& member : object.node().members) {
    auto mine =
        std::find_if(std::begin(own), std::end(own), [&](const auto& k) { return k.key == member.key; });
    auto common = std::find_if(std::begin(kKnobs), std::end(kKnobs),
                               [&](const auto& k) { return k.key == member.key; });
    if (mine != std::end(own)) {
      mine->read(object.child(member), draft);
    } else if (common != std::end(kKnobs)) {
      common->read(object.child(member), knobs);
    } else {
      object.refuse_key(member, what, keys);
    }
  }
}

template <typename Draft, std::size_t N>
std::string rows(std::string_view title, const Knob<Draft> (&table)[N]) {
  std::string out = fmt::format("| {} | | |\n|---|---|---|\n", title);
  for (const auto& knob : table)
    out += fmt::format("| `{}` | {} | {} |\n", knob.key, knob.allowed, knob.effect);
  return out;
}

}  // namespace

std::uint64_t FilePosition::in(std::uint64_t size) const {
  return percent ? static_cast<std::uint64_t>(static_cast<double>(size) * *percent / 100) : bytes;
}

int status_of_word(const std::string& word) {
  int status = 0;
  std::from_chars(word.data(), word.data() + word.size(), status);
  return status;
}

Script read_script(std::string_view text, const std::string& file_name) {
  json_text::Document document = json_text::parse(text, file_name);
  ScriptDraft draft;
  read_beside_knobs(Value(document, document.root()), "the script", kScriptKeys, draft, draft.script.knobs);
  if (!draft.orders) return draft.script;
  for (const Value& item : draft.orders->items("rules", kMaxList)) {
    Rule rule;
    rule.knobs = draft.script.knobs;
    read_beside_knobs(item, "a rule", kRuleKeys, rule, rule.knobs);
    draft.script.orders.push_back(std::move(rule));
  }
  return draft.script;
}

Knobs read_header_knobs(std::string_view text, Knobs knobs) {
  json_text::Document document = json_text::parse(text, "X-Sandbox-Fault");
  read_knobs(Value(document, document.root()), "the header", kKnobs, knobs);
  return knobs;
}

std::string knob_tables() {
  return rows("Script", kScriptKeys) + "\n" + rows("Rule in `orders`", kRuleKeys) + "\n" +
         rows("Knob", kKnobs) + "\n" + rows("Fault in `cdn`", kCdnKeys);
}

}  // namespace avstage::sandbox
