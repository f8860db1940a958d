// SPDX-License-Identifier: Apache-2.0
#include "client/cli/exit_status.h"

#include <vector>

#include "absl/strings/str_cat.h"
#include "experiments/base/problems.h"

namespace tierwise {

const char kExitCodeHelp[] =
    "Exit codes:\n"
    "  0  done\n"
    "  1  failed\n"
    "  2  the command line, a file or a definition is wrong; nothing was changed\n"
    "  3  done, but some lines of an import were rejected\n"
    "  4  not found\n"
    "  5  conflict: changed meanwhile, in use, or not allowed in the campaign's state\n"
    "  6  the server can't be reached, is overloaded, or did not answer in time\n"
    "  7  not authenticated or not permitted\n";

ExitCode ExitCodeOf(const absl::Status& status) {
  switch (status.code()) {
    case absl::StatusCode::kOk:
      return ExitCode::kOk;
    case absl::StatusCode::kInvalidArgument:
    case absl::StatusCode::kOutOfRange:
      return ExitCode::kInvalid;
    case absl::StatusCode::kNotFound:
      return ExitCode::kNotFound;
    case absl::StatusCode::kAborted:
    case absl::StatusCode::kFailedPrecondition:
    case absl::StatusCode::kAlreadyExists:
      return ExitCode::kConflict;
    case absl::StatusCode::kUnavailable:
    case absl::StatusCode::kDeadlineExceeded:
    case absl::StatusCode::kResourceExhausted:
      return ExitCode::kUnavailable;
    case absl::StatusCode::kUnauthenticated:
    case absl::StatusCode::kPermissionDenied:
      return ExitCode::kRefused;
    default:
      return ExitCode::kFailed;
  }
}

void PrintError(const absl::Status& status, Terminal& terminal) {
  const std::string error = Styled(terminal.err_has_color, Style::kRed, "error:");
  const std::vector<Problem> problems = ProblemsOf(status);
  if (problems.empty()) {
    terminal.err << error << ' '
                 << (status.message().empty() ? absl::StatusCodeToString(status.code()) : std::string(status.message()))
                 << '\n';
    return;
  }
  for (const Problem& problem : problems) {
    terminal.err << error << ' ' << problem.field << (problem.field.empty() ? "" : ": ") << problem.description << '\n';
  }
}

}  // namespace tierwise
