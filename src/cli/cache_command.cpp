#include "avstage/cache.h"

#include <cstdio>

#include "cli/commands.h"
#include "cli/job_options.h"

namespace avstage::cli {
namespace {

struct CacheWords {
  std::string cache;
  std::uint64_t limit = Settings().cache_limit;
  bool json = false;

  Settings settings() const {
    Settings s;
    if (cache.empty()) s = default_settings();
    if (!cache.empty()) s.cache_dir = cache;
    s.cache_limit = limit;
    return s;
  }
};

void add(CLI::App& cache, Action& action, const char* name, const char* help, bool limited,
         std::string (*answer)(const Settings&, CacheForm)) {
  auto words = std::make_shared<CacheWords>();
  CLI::App* command = cache.add_subcommand(name, help);
  command->add_option("--cache", words->cache, "the cache folder (AVSTAGE_CACHE)")->type_name("DIR");
  if (limited) add_cache_limit(*command, words->limit);
  command->add_flag("--json", words->json, "as JSON");
  command->callback([words, answer, &action] {
    action.run = [words, answer](const std::stop_token&) {
      const CacheForm form = words->json ? CacheForm::json : CacheForm::text;
      std::fputs(answer(words->settings(), form).c_str(), stdout);
      return 0;
    };
  });
}

}  // namespace

void add_cache(CLI::App& app, Action& action) {
  CLI::App& cache =
      *app.add_subcommand("cache", "what is kept for later runs; runs that are going on are not disturbed");
  cache.require_subcommand(1);
  add(cache, action, "ls", "what is in it", true, cache_list);
  add(cache, action, "gc", "remove what dead runs left behind and what is above the limit", true,
      cache_collect);
  add(cache, action, "clear", "remove all that no running process holds", false, cache_clear);
}

}  // namespace avstage::cli
