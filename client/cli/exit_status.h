// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "absl/status/status.h"
#include "client/cli/terminal.h"

namespace tierwise {

// How the `tierwise` command ends. Documented in docs/cli.md and in its help: scripts rely on these.
enum class ExitCode {
  kOk = 0,
  kFailed = 1,          // anything without a code of its own
  kInvalid = 2,         // the command line, a file or a definition is wrong; nothing was changed
  kPartlyRejected = 3,  // some lines of an import were left out
  kNotFound = 4,        // no such definition, file, service or method
  kConflict = 5,        // changed meanwhile, in use, or the campaign's state does not allow it
  kUnavailable = 6,     // the server can't be reached, is overloaded, or did not answer in time
  kRefused = 7,         // not authenticated, or not permitted
};

// The table of exit codes, for help texts: one line each.
extern const char kExitCodeHelp[];

ExitCode ExitCodeOf(const absl::Status& status);

// Says what was wrong: one line for each problem that the status carries, else its message.
void PrintError(const absl::Status& status, Terminal& terminal);

}  // namespace tierwise
