// SPDX-License-Identifier: Apache-2.0
#include <csignal>
#include <string>
#include <vector>

#include "client/cli/command_line.h"

int main(int argc, char** argv) {
  std::signal(SIGPIPE, SIG_DFL);  // `tierwise export | head` ends quietly
  tierwise::Terminal terminal = tierwise::StandardTerminal();
  const std::vector<std::string> arguments(argv + 1, argv + argc);
  return static_cast<int>(tierwise::RunCommandLine(arguments, terminal));
}
