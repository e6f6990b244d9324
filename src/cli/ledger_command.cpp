#include <cstdio>

#include "avstage/ledger.h"
#include "cli/commands.h"

namespace avstage::cli {
namespace {

struct LedgerWords {
  std::string state, clip, video_id;
  bool json = false, csv = false, not_bought = false;

  Settings settings() const {
    Settings s;
    if (state.empty()) s = default_settings();
    if (!state.empty()) s.state_dir = state;
    return s;
  }
  LedgerForm form() const { return json ? LedgerForm::json : LedgerForm::text; }
};

using Words = std::shared_ptr<LedgerWords>;

CLI::App* add(CLI::App& ledger, const Words& words, Action& action, const char* name, const char* help,
              std::string (*answer)(const LedgerWords&)) {
  CLI::App* command = ledger.add_subcommand(name, help);
  command->add_option("--state", words->state, "folder of ledger and archive (AVSTAGE_STATE)");
  command->callback([words, answer, &action] {
    action.run = [words, answer](const std::stop_token&) {
      std::fputs(answer(*words).c_str(), stdout);
      return 0;
    };
  });
  return command;
}

void add_clip(CLI::App& command, const Words& words) {
  command.add_option("clip", words->clip, "its tag, 6 or more digits of its clip key, or its video id")
      ->required();
}

void add_json(CLI::App& command, const Words& words) {
  command.add_flag("--json", words->json, "as JSON");
}

}  // namespace

void add_ledger(CLI::App& app, Action& action) {
  auto words = std::make_shared<LedgerWords>();
  CLI::App& ledger = *app.add_subcommand("ledger", "what was bought; asks no one");
  ledger.require_subcommand(1);
  add_json(*add(ledger, words, action, "list", "every purchase, newest first",
                [](const LedgerWords& w) { return ledger_list(w.settings(), w.form()); }),
           words);
  CLI::App* show = add(ledger, words, action, "show", "all that is known of one clip",
                       [](const LedgerWords& w) { return ledger_show(w.settings(), w.clip, w.form()); });
  add_clip(*show, words);
  add_json(*show, words);
  CLI::App* settle = add(
      ledger, words, action, "settle", "say what became of an ambiguous purchase", [](const LedgerWords& w) {
        return ledger_settle(w.settings(), w.clip, w.not_bought ? std::nullopt : std::optional(w.video_id));
      });
  add_clip(*settle, words);
  CLI::App* outcome = settle->add_option_group("outcome", "one of");
  outcome->add_option("--video-id", words->video_id, "it was bought: the id at the vendor's");
  outcome->add_flag("--not-bought", words->not_bought, "it was not: the next render buys it");
  outcome->require_option(1);
  CLI::App* export_ = add(ledger, words, action, "export", "every purchase with its tags, as CSV or JSON",
                          [](const LedgerWords& w) {
                            return ledger_list(w.settings(), w.json ? LedgerForm::json : LedgerForm::csv);
                          });
  export_->add_flag("--csv", words->csv, "as CSV (the default)");
  add_json(*export_, words);
}

}  // namespace avstage::cli
