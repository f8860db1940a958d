// SPDX-License-Identifier: Apache-2.0
#include "tests/e2e/process.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "gtest/gtest.h"

namespace tierwise {
namespace {

// A file without a name, in memory. Unlike a pipe it is never full, so nobody has to read along.
int MemoryFile(absl::string_view content) {
  const int file = memfd_create("tierwise_e2e", MFD_CLOEXEC);
  while (file >= 0 && !content.empty()) {
    const ssize_t written = write(file, content.data(), content.size());
    if (written <= 0) abort();
    content.remove_prefix(static_cast<size_t>(written));
  }
  if (file < 0 || lseek(file, 0, SEEK_SET) != 0) abort();
  return file;
}

// Reads from the start; the file's position belongs to the child that writes.
std::string Content(int file) {
  std::string content;
  char buffer[1 << 16];
  while (true) {
    const ssize_t read = pread(file, buffer, sizeof buffer, static_cast<off_t>(content.size()));
    if (read <= 0) return content;
    content.append(buffer, static_cast<size_t>(read));
  }
}

std::vector<std::string> Environment(const std::map<std::string, std::string>& additions) {
  std::vector<std::string> environment;
  for (char** variable = environ; *variable != nullptr; ++variable) {
    const std::string text = *variable;
    if (!additions.contains(text.substr(0, text.find('=')))) environment.push_back(text);
  }
  for (const auto& [name, value] : additions) {
    if (!value.empty()) environment.push_back(absl::StrCat(name, "=", value));
  }
  return environment;
}

std::vector<char*> Pointers(std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  for (std::string& text : texts) pointers.push_back(text.data());
  pointers.push_back(nullptr);
  return pointers;
}

}  // namespace

Process::Process(const ProcessOptions& options)
    : in_(MemoryFile(options.input)), out_(MemoryFile("")), err_(MemoryFile("")) {
  std::vector<std::string> command = options.command;
  std::vector<std::string> environment = Environment(options.environment);
  const std::vector<char*> arguments = Pointers(command);
  const std::vector<char*> variables = Pointers(environment);
  pid_ = fork();
  if (pid_ < 0) abort();
  if (pid_ == 0) {  // only async-signal-safe calls until exec: the caller may have threads
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    dup2(in_, STDIN_FILENO);
    dup2(out_, STDOUT_FILENO);
    dup2(err_, STDERR_FILENO);
    execve(arguments[0], arguments.data(), variables.data());
    _exit(127);
  }
  EXPECT_EQ(access(command[0].c_str(), X_OK), 0) << command[0] << " can't be run";
}

Process::~Process() {
  if (IsRunning()) {
    Signal(SIGKILL);
    waitpid(pid_, &status_, 0);
  }
  for (const int file : {in_, out_, err_}) close(file);
}

void Process::Signal(int signal) const {
  if (!has_ended_) kill(pid_, signal);
}

bool Process::IsRunning() {
  if (!has_ended_) has_ended_ = waitpid(pid_, &status_, WNOHANG) == pid_;
  return !has_ended_;
}

int Process::Wait(absl::Duration timeout) {
  const absl::Time deadline = absl::Now() + timeout;
  while (IsRunning()) {
    if (absl::Now() > deadline) {
      Signal(SIGKILL);
      waitpid(pid_, &status_, 0);
      has_ended_ = true;
      return kTimedOut;
    }
    absl::SleepFor(absl::Milliseconds(2));
  }
  return WIFEXITED(status_) ? WEXITSTATUS(status_) : -WTERMSIG(status_);
}

std::string Process::Out() const { return Content(out_); }

std::string Process::Err() const { return Content(err_); }

}  // namespace tierwise
