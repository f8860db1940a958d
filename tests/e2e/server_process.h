// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "tests/e2e/process.h"
#include "tests/server/storage/temporary_folder.h"

namespace tierwise {

inline constexpr char kServerBinary[] = TIERWISE_BINARY_DIR "/bin/tierwise-server";

// A `tierwise-server` process on a free port of this machine. Not thread-safe.
class ServerProcess {
 public:
  // Serves when this returns; otherwise the running test has failed. `flags` are added to those that it needs.
  explicit ServerProcess(std::string store, std::vector<std::string> flags = {});

  // host:port.
  const std::string& address() const { return address_; }

  // Tells it to stop (SIGTERM) and returns its exit code.
  int Stop();

  // kill -9.
  void Kill();

  // The same store and port as before, in a new process.
  void Restart();

  std::string Log() const { return process_->Err(); }
  Process& process() { return *process_; }

 private:
  void Start(const std::string& listen);

  const std::string store_;
  const std::vector<std::string> flags_;
  TemporaryFolder folder_;
  std::string address_;
  std::unique_ptr<Process> process_;
};

}  // namespace tierwise
