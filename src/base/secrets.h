#pragma once

#include <optional>
#include <string>

/// Keeping credentials inside the process.
namespace avstage::secrets {

/// The value of the environment variable `name`, a credential, without line ends: registered with log, and
/// wiped in place, because the environment of a process stays readable in /proc even after unsetenv. It is
/// kept here for later calls, until the variable is set anew or unset; nullopt: not set, or empty. Closes the
/// process's memory. Any thread, but not beside a setenv, as for getenv.
std::optional<std::string> take_from_environment(const char* name);

/// From here on no core dump and no other process of this user shows this process's memory. To be called
/// before a credential enters it. Any thread.
void close_memory() noexcept;

}  // namespace avstage::secrets
