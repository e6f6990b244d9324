#include "support/cli_runner.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <iterator>
#include <stdexcept>
#include <thread>

namespace avstage::test {
namespace {

std::string slurp(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

std::vector<char*> pointers(std::vector<std::string>& strings) {
  std::vector<char*> out;
  for (std::string& s : strings) out.push_back(s.data());
  out.push_back(nullptr);
  return out;
}

void redirect(const std::string& path, int fd) {
  int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
  ::dup2(file, fd);
  ::close(file);
}

}  // namespace

CliProcess::CliProcess(const std::string& binary, const std::vector<std::string>& words,
                       const std::string& dir, const std::map<std::string, std::string>& environment) {
  static int number = 0;
  std::string stem = dir + "/process" + std::to_string(++number);
  out_path_ = stem + ".out";
  err_path_ = stem + ".err";
  std::vector<std::string> args{binary};
  args.insert(args.end(), words.begin(), words.end());
  std::vector<std::string> env{"PATH=/usr/bin:/bin", "HOME=" + dir};
  for (const char* name : {"ASAN_OPTIONS", "LSAN_OPTIONS", "TSAN_OPTIONS", "UBSAN_OPTIONS"}) {
    if (const char* value = ::getenv(name)) env.push_back(std::string(name) + "=" + value);
  }
  for (const auto& [name, value] : environment) env.push_back(name + "=" + value);
  std::vector<char*> argv = pointers(args), envp = pointers(env);
  pid_ = ::fork();
  if (pid_ < 0) throw std::runtime_error("fork");
  if (pid_ == 0) {
    ::close(STDIN_FILENO);
    ::open("/dev/null", O_RDONLY);
    redirect(out_path_, STDOUT_FILENO);
    redirect(err_path_, STDERR_FILENO);
    if (::chdir(dir.c_str()) == 0) ::execve(binary.c_str(), argv.data(), envp.data());
    ::_exit(127);
  }
}

CliProcess::~CliProcess() {
  if (pid_ < 0) return;
  ::kill(pid_, SIGKILL);
  ::waitpid(pid_, nullptr, 0);
}

void CliProcess::signal(int number) const {
  ::kill(pid_, number);
}

CliResult CliProcess::wait() {
  int status = 0;
  ::waitpid(pid_, &status, 0);
  pid_ = -1;
  int code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  return {code, out(), err()};
}

long CliProcess::peak_kb() const {
  std::ifstream status("/proc/" + std::to_string(pid_) + "/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with("VmHWM:")) return std::stol(line.substr(6));
  }
  return 0;
}

std::string CliProcess::out() const {
  return slurp(out_path_);
}
std::string CliProcess::err() const {
  return slurp(err_path_);
}

bool CliProcess::wait_for(const std::string& text, std::chrono::milliseconds limit) const {
  auto end = std::chrono::steady_clock::now() + limit;
  while (std::chrono::steady_clock::now() < end) {
    siginfo_t info{};
    bool over =
        ::waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED | WNOHANG | WNOWAIT) == 0 && info.si_pid != 0;
    if (err().find(text) != std::string::npos) return true;
    if (over) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  return false;
}

}  // namespace avstage::test
