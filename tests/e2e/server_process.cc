// SPDX-License-Identifier: Apache-2.0
#include "tests/e2e/server_process.h"

#include <signal.h>

#include <filesystem>
#include <fstream>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "gtest/gtest.h"

namespace tierwise {
namespace {

constexpr absl::Duration kStartTimeout = absl::Seconds(60);
constexpr absl::Duration kStopTimeout = absl::Seconds(60);

// Empty until the whole line is there.
std::string FirstLine(const std::string& path) {
  std::ifstream file(path);
  std::string line;
  return std::getline(file, line) && !file.eof() ? line : "";
}

}  // namespace

ServerProcess::ServerProcess(std::string store, std::vector<std::string> flags)
    : store_(std::move(store)), flags_(std::move(flags)) {
  Start("127.0.0.1:0");
}

void ServerProcess::Start(const std::string& listen) {
  const std::string port_file = folder_.File("port");
  std::filesystem::remove(port_file);
  std::vector<std::string> command = {kServerBinary, "--listen", listen, "--store", store_, "--port-file", port_file};
  command.insert(command.end(), flags_.begin(), flags_.end());
  process_ = std::make_unique<Process>(ProcessOptions{.command = command, .environment = {}, .input = ""});
  const absl::Time deadline = absl::Now() + kStartTimeout;
  std::string port;
  while (port.empty() && process_->IsRunning() && absl::Now() < deadline) {
    absl::SleepFor(absl::Milliseconds(5));
    port = FirstLine(port_file);
  }
  EXPECT_FALSE(port.empty()) << "tierwise-server does not serve: " << process_->Err();
  address_ = absl::StrCat("127.0.0.1:", port);
}

int ServerProcess::Stop() {
  process_->Signal(SIGTERM);
  return process_->Wait(kStopTimeout);
}

void ServerProcess::Kill() {
  process_->Signal(SIGKILL);
  process_->Wait(kStopTimeout);
}

void ServerProcess::Restart() { Start(address_); }

}  // namespace tierwise
