// SPDX-License-Identifier: Apache-2.0
// tierwise-server: reads the options, serves until SIGINT or SIGTERM, stops gracefully.
#include <signal.h>

#include <cstdio>
#include <cstring>
#include <fstream>
#include <string>

#include "absl/strings/str_cat.h"
#include "experiments/base/problems.h"
#include "server/log.h"
#include "server/options.h"
#include "server/server.h"

namespace {

// Signals are taken by sigwait on the main thread; blocked before any thread starts, so that all inherit it.
sigset_t BlockStopSignals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  signal(SIGPIPE, SIG_IGN);
  return signals;
}

int Serve(const tierwise::ServerOptions& options) {
  const sigset_t signals = BlockStopSignals();
  auto server = tierwise::Server::Start(options);
  if (!server.ok()) {
    tierwise::Log(tierwise::LogLevel::kError, "could not start", {{"error", std::string(server.status().message())}});
    return 1;
  }
  if (!options.port_file.empty()) {
    std::ofstream file(options.port_file);
    file << (*server)->port() << "\n";
    if (!file.flush()) {
      tierwise::Log(tierwise::LogLevel::kError, "could not write the port file", {{"file", options.port_file}});
      return 1;
    }
  }
  int signal_number = 0;
  sigwait(&signals, &signal_number);
  tierwise::Log(tierwise::LogLevel::kInfo, "stopping", {{"signal", strsignal(signal_number)}});
  (*server)->Stop();
  tierwise::Log(tierwise::LogLevel::kInfo, "stopped");
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  const auto command = tierwise::ParseCommandLine(argc, argv);
  if (!command.ok()) {
    std::fprintf(stderr, "tierwise-server: cannot start with these options:\n");
    for (const tierwise::Problem& problem : tierwise::ProblemsOf(command.status())) {
      std::fprintf(stderr, "  %s: %s\n", problem.field.c_str(), problem.description.c_str());
    }
    return 2;
  }
  switch (command->action) {
    case tierwise::CommandLine::Action::kPrintAndExit:
      std::fputs(command->print.c_str(), stdout);
      return 0;
    case tierwise::CommandLine::Action::kCheck:
      std::puts("The options are good.");
      return 0;
    case tierwise::CommandLine::Action::kServe:
      break;
  }
  tierwise::SetUpLog(command->options.log_level, command->options.log_format);
  return Serve(command->options);
}
