// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <map>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace tierwise {

// What to run.
struct ProcessOptions {
  std::vector<std::string> command;                // the program's path and its arguments
  std::map<std::string, std::string> environment;  // in addition to the caller's; an empty value removes a variable
  std::string input;                               // what it reads from standard input
};

// A child process whose output is kept in memory. It dies with this object, and with the thread that started it. Not
// thread-safe.
class Process {
 public:
  // What Wait returns where the process did not end in time, and was killed for it.
  static constexpr int kTimedOut = -1000;

  // Fails the running test, and ends with 127, where the program can't be run.
  explicit Process(const ProcessOptions& options);
  ~Process();
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  void Signal(int signal) const;

  bool IsRunning();

  // Returns the exit code; minus the signal's number where a signal ended it.
  int Wait(absl::Duration timeout);

  // What it has written so far.
  std::string Out() const;
  std::string Err() const;

 private:
  pid_t pid_ = -1;
  bool has_ended_ = false;
  int status_ = 0;  // as waitpid gives it
  int in_, out_, err_;
};

}  // namespace tierwise
