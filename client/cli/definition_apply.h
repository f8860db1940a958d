// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "absl/status/status.h"
#include "absl/types/span.h"
#include "client/cli/connection.h"
#include "client/cli/terminal.h"
#include "client/cli/yaml_documents.h"

namespace tierwise {

struct DefinitionApplyOptions {
  bool is_dry_run = false;
  bool is_json = false;
};

// Makes the catalog hold these definitions, all or nothing: has them checked, prints the difference and, for each
// tiering that is new or changed, what it would do with the users of now; then writes, unless it is a dry run or
// nothing differs. Errors: those of the server, with the files and lines of `documents`.
absl::Status ApplyDocuments(const Connection& connection, absl::Span<const DefinitionDocument> documents,
                            const DefinitionApplyOptions& options, Terminal& terminal);

// The same for definitions that come from no file.
absl::Status ApplyDefinitions(const Connection& connection, std::vector<v1::Definition> definitions,
                              const DefinitionApplyOptions& options, Terminal& terminal);

}  // namespace tierwise
