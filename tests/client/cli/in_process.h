// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sstream>
#include <string>
#include <vector>

#include "client/cli/command_line.h"

namespace tierwise {

// What a run of the command printed, and how it ended.
struct RunResult {
  ExitCode code;
  std::string out;
  std::string err;
};

// Runs `tierwise` in this process, without colours, 120 columns wide.
inline RunResult RunTierwise(const std::vector<std::string>& arguments, const std::string& input = "") {
  std::istringstream in(input);
  std::ostringstream out, err;
  Terminal terminal{.in = in, .out = out, .err = err};
  const ExitCode code = RunCommandLine(arguments, terminal);
  return {code, out.str(), err.str()};
}

}  // namespace tierwise
