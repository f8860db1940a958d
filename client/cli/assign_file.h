// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "client/cli/connection.h"
#include "client/cli/terminal.h"

namespace tierwise {

struct AssignFileJob {
  std::string file;                    // as OpenRecords takes it
  std::string id_column;               // its column of user ids
  std::vector<std::string> campaigns;  // empty: all that run
  bool is_json = false;                // one JSON object a line; else CSV
};

// Assigns every user of a file, in batches, and writes one line for each user and campaign to `terminal.out`, in the
// order of the file. Columns named like declared attributes are the users' attributes; an empty value is one that is
// not known. Errors: those of the file, which name the line; those of the server.
absl::Status AssignFile(const AssignFileJob& job, const Connection& connection, Terminal& terminal);

}  // namespace tierwise
