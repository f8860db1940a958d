// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "client/cli/exit_status.h"
#include "client/cli/terminal.h"

namespace tierwise {

// Runs `tierwise` with these arguments, the program's name not among them. Writes results to `terminal.out` and
// everything else to `terminal.err`.
ExitCode RunCommandLine(const std::vector<std::string>& arguments, Terminal& terminal);

}  // namespace tierwise
