#include <fmt/format.h>

#include "avstage/error.h"
#include "cli/commands.h"

namespace avstage::cli {
namespace {

std::string replaced(std::string text, const std::string& characters, const std::string& before) {
  for (std::size_t at = text.find_first_of(characters); at != std::string::npos;
       at = text.find_first_of(characters, at + before.size() + 1)) {
    text.insert(at, before);
  }
  return text;
}

std::vector<CLI::App*> commands_of(CLI::App& app) {
  return app.get_subcommands([](const CLI::App*) { return true; });
}

std::vector<const CLI::Option*> named_options(const CLI::App& app) {
  return app.get_options([](const CLI::Option* option) { return option->nonpositional(); });
}

/// "--width" and "-w" of an option, as they are typed.
std::vector<std::string> spellings(const CLI::Option& option) {
  std::vector<std::string> out;
  for (const std::string& name : option.get_lnames()) out.push_back("--" + name);
  for (const std::string& name : option.get_snames()) out.push_back("-" + name);
  return out;
}

bool is_flag(const CLI::Option& option) {
  return option.get_items_expected_max() == 0;
}

std::string words_of(const CLI::App& app) {
  std::string out;
  for (const CLI::Option* option : named_options(app)) {
    for (const std::string& name : spellings(*option)) out += (out.empty() ? "" : " ") + name;
  }
  return out;
}

std::string bash(CLI::App& app) {
  std::string names, cases;
  for (CLI::App* command : commands_of(app)) {
    names += (names.empty() ? "" : " ") + command->get_name();
    cases += fmt::format("    {}) words='{}' ;;\n", command->get_name(), words_of(*command));
  }
  return fmt::format(R"(_avstage() {{
  local word command= words= cur=${{COMP_WORDS[COMP_CWORD]}}
  for word in "${{COMP_WORDS[@]:1:COMP_CWORD-1}}"; do
    [[ $word != -* ]] && command=$word && break
  done
  case $command in
    '') words='{} {}' ;;
{}  esac
  COMPREPLY=()
  [[ -z $command || $cur == -* ]] && COMPREPLY=($(compgen -W "$words" -- "$cur"))
}}
complete -o default -F _avstage avstage
)",
                     names, words_of(app), cases);
}

/// Within single quotes of a shell.
std::string quoted(const std::string& text) {
  std::string out;
  for (char c : text) out += c == '\'' ? "'\\''" : std::string(1, c);
  return "'" + out + "'";
}

std::string zsh(CLI::App& app) {
  std::string names, cases;
  for (CLI::App* command : commands_of(app)) {
    names += fmt::format("    {}\n", quoted(command->get_name() + ":" + command->get_description()));
    cases += fmt::format("    {}) _arguments", command->get_name());
    for (const CLI::Option* option : named_options(*command)) {
      for (const std::string& name : spellings(*option)) {
        std::string help = replaced(option->get_description(), "[]:\\", "\\");
        cases += " \\\n      " + quoted(name + "[" + help + "]" + (is_flag(*option) ? "" : ":value:_files"));
      }
    }
    cases += " \\\n      '*:file:_files' ;;\n";
  }
  return fmt::format(R"(#compdef avstage
_avstage() {{
  local -a commands=(
{}  )
  if (( CURRENT == 2 )); then
    _describe command commands
    return
  fi
  case $words[2] in
{}  esac
}}
compdef _avstage avstage
)",
                     names, cases);
}

std::string fish(CLI::App& app) {
  std::string out;
  auto describe = [](const std::string& text) { return "'" + replaced(text, "\\'", "\\") + "'"; };
  for (CLI::App* command : commands_of(app)) {
    out += fmt::format("complete -c avstage -n __fish_use_subcommand -f -a {} -d {}\n", command->get_name(),
                       describe(command->get_description()));
    for (const CLI::Option* option : named_options(*command)) {
      out += fmt::format("complete -c avstage -n '__fish_seen_subcommand_from {}'", command->get_name());
      for (const std::string& name : option->get_lnames()) out += " -l " + name;
      for (const std::string& name : option->get_snames()) out += " -s " + name;
      out += fmt::format(" -d {}{}\n", describe(option->get_description()), is_flag(*option) ? "" : " -r");
    }
  }
  return out;
}

}  // namespace

void add_completion(CLI::App& app, Action& action) {
  auto shell = std::make_shared<std::string>();
  CLI::App* command =
      app.add_subcommand("completion", "print the words that a shell completes: bash, zsh or fish");
  command->add_option("shell", *shell, "bash, zsh or fish")
      ->type_name("SHELL")
      ->required()
      ->check(CLI::IsMember({"bash", "zsh", "fish"}));
  command->callback([shell, &app, &action] {
    action.run = [shell, &app](const std::stop_token&) {
      fmt::print("{}", *shell == "bash" ? bash(app) : *shell == "zsh" ? zsh(app) : fish(app));
      return 0;
    };
  });
}

}  // namespace avstage::cli
