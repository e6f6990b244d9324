#include "avstage/catalog.h"

#include <fmt/format.h>

#include <cstdio>
#include <nlohmann/json.hpp>

#include "base/log.h"
#include "base/suggest.h"
#include "cli/commands.h"
#include "cli/job_options.h"
#include "cli/table.h"

namespace avstage::cli {
namespace {

using nlohmann::ordered_json;

struct QuestionOptions : WorldOptions {
  CatalogQuery query;
  std::string video_id;
  bool json = false, url = false;

  void add_to(CLI::App& command, const char* api_help) {
    command.add_option("--api", query.api, api_help)->type_name("API");
    command.add_flag("--json", json, "one JSON document on stdout, errors as JSON on stderr");
    WorldOptions::add_to(command);
  }
};
using Question = std::shared_ptr<QuestionOptions>;

void print_json(const ordered_json& document) {
  fmt::print("{}\n", document.dump(2, ' ', false, ordered_json::error_handler_t::replace));
}

/// Adds what every question does: settings, the stand-in where it is wanted.
void on_chosen(
    CLI::App& command, const Question& options, Action& action,
    const std::function<int(const Settings&, const QuestionOptions&, const std::stop_token&)>& ask) {
  command.callback([options, ask, &action] {
    action = {[options, ask](const std::stop_token& stop) {
                Settings settings = options->settings();
                std::unique_ptr<sandbox::Sandbox> sandbox;
                if (options->sandbox) sandbox = start_sandbox(settings, {.script = options->sandbox_script});
                return ask(settings, *options, stop);
              },
              true};
  });
}

/// A head with nothing below it would look like a failure.
void print_list(const char* what, const CatalogQuery& asked, const std::vector<std::string>& head,
                const std::vector<std::vector<std::string>>& rows) {
  if (!rows.empty()) return print_table(head, rows);
  std::string wish;
  for (auto [option, value] :
       {std::pair("--name", &asked.name), {"--language", &asked.language}, {"--gender", &asked.gender}}) {
    if (!value->empty()) wish += fmt::format(" {} {}", option, in_quotes(*value));
  }
  std::fprintf(stderr, "avstage: the account has no %s%s%s\n", what, wish.empty() ? "" : " that fits",
               wish.c_str());
}

int print_avatars(const Settings& settings, const QuestionOptions& options, const std::stop_token& stop) {
  ordered_json list = ordered_json::array();
  std::vector<std::vector<std::string>> rows;
  for (const CatalogAvatar& a : list_avatars(settings, options.query, stop)) {
    ordered_json item{{"id", a.id}, {"name", a.name}, {"gender", a.gender}, {"kind", a.kind}};
    if (!a.default_voice.empty()) item["default_voice"] = a.default_voice;
    list.push_back(std::move(item));
    rows.push_back({a.id, a.name, a.gender, a.kind, a.default_voice});
  }
  if (options.json) {
    print_json({{"avatars", list}});
  } else {
    print_list("avatar", options.query, {"ID", "NAME", "GENDER", "KIND", "DEFAULT VOICE"}, rows);
  }
  return 0;
}

int print_voices(const Settings& settings, const QuestionOptions& options, const std::stop_token& stop) {
  ordered_json list = ordered_json::array();
  std::vector<std::vector<std::string>> rows;
  for (const CatalogVoice& v : list_voices(settings, options.query, stop)) {
    ordered_json item{{"id", v.id}, {"name", v.name}, {"language", v.language}, {"gender", v.gender}};
    if (!v.kind.empty()) item["kind"] = v.kind;
    list.push_back(std::move(item));
    rows.push_back({v.id, v.name, v.language, v.gender, v.kind});
  }
  if (options.json) {
    print_json({{"voices", list}});
  } else {
    print_list("voice", options.query, {"ID", "NAME", "LANGUAGE", "GENDER", "KIND"}, rows);
  }
  return 0;
}

int print_quota(const Settings& settings, const QuestionOptions& options, const std::stop_token& stop) {
  Quota quota = ask_quota(settings, options.query.api, stop);
  ordered_json details = ordered_json::object();
  for (const auto& [name, value] : quota.details) details[name] = value;
  if (options.json) {
    print_json({{"billing", quota.billing},
                {"remaining", quota.remaining ? ordered_json(*quota.remaining) : ordered_json()},
                {"unit", quota.unit},
                {"details", details}});
    return 0;
  }
  std::string figure =
      quota.remaining ? fmt::format("{} {}", *quota.remaining, quota.unit) : "no figure given";
  fmt::print("remaining: {} ({})\n", figure, quota.billing);
  for (const auto& [name, value] : quota.details) fmt::print("  {}: {}\n", name, value);
  return 0;
}

ordered_json to_json(const VideoState& state, bool whole_urls) {
  ordered_json j{
      {"video_id", state.video_id}, {"dialect", state.dialect}, {"state", state.state}, {"word", state.word}};
  if (state.duration) j["duration"] = *state.duration;
  auto add_url = [&](const char* name, const std::string& url) {
    if (!url.empty()) j[name] = whole_urls ? url : log::redact(url);
  };
  add_url("video_url", state.video_url);
  add_url("caption_url", state.caption_url);
  add_url("thumbnail_url", state.thumbnail_url);
  add_url("gif_url", state.gif_url);
  if (!state.error.empty()) j["error"] = state.error;
  if (state.unpaid) j["unpaid"] = true;
  return j;
}

int print_status(const Settings& settings, const QuestionOptions& options, const std::stop_token& stop) {
  ordered_json state = to_json(ask_status(settings, options.video_id, options.query.api, stop), options.url);
  if (options.json) {
    print_json(state);
    return 0;
  }
  for (const auto& [name, value] : state.items()) {
    fmt::print("{}: {}\n", name, value.is_string() ? value.get<std::string>() : value.dump());
  }
  return 0;
}

constexpr const char* kApiHelp = "the vendor's API to ask: v3 or v2";

void add_list(CLI::App& command, const Question& options, const char* name_help) {
  command.add_option("--name", options->query.name, name_help)->type_name("PART");
  command.add_option("--gender", options->query.gender, "only this one: female, male …")->type_name("WORD");
  command.add_flag("--refresh", options->query.refresh,
                   "ask the vendor now; else a list is kept for 15 minutes");
  options->add_to(command, kApiHelp);
}

}  // namespace

void add_catalog(CLI::App& app, Action& action) {
  auto avatars = std::make_shared<QuestionOptions>();
  CLI::App* command = app.add_subcommand("avatars", "list the avatars that the account may use");
  add_list(*command, avatars, "only those with this in their name or id");
  on_chosen(*command, avatars, action, print_avatars);

  auto voices = std::make_shared<QuestionOptions>();
  command = app.add_subcommand("voices", "list the voices that the account may use");
  command->add_option("--language", voices->query.language, "only those whose language begins with this")
      ->type_name("WORD");
  add_list(*command, voices, "only those with this in their name or id");
  on_chosen(*command, voices, action, print_voices);

  auto quota = std::make_shared<QuestionOptions>();
  command = app.add_subcommand("quota", "show what is left of credit or quota");
  quota->add_to(*command, kApiHelp);
  on_chosen(*command, quota, action, print_quota);

  auto status = std::make_shared<QuestionOptions>();
  status->query.api = "auto";
  command = app.add_subcommand("status", "ask once how a video at the vendor's stands");
  command->add_option("id", status->video_id, "the video's id")->type_name("ID")->required();
  command->add_flag("--url", status->url, "print URLs whole: whoever has a signed URL has the file");
  status->add_to(*command, "the API that made it: auto, v3 or v2");
  on_chosen(*command, status, action, print_status);
}

}  // namespace avstage::cli
