// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace tierwise {

// How far an import came: kept in a small JSON file while it runs, removed when it is done.
struct ImportCheckpoint {
  uint64_t mapping_hash = 0;  // of what is imported and how
  int64_t rows = 0;           // acknowledged or rejected, from the file's start
  uint64_t text_hash = 0;     // of the records of these rows: tells whether the file is still the same
};

// `folder`, or the input's own where empty, with the input's name and ".tierwise-import.json".
std::string CheckpointPath(const std::string& input, const std::string& folder);

// Nothing where there is no such file. Errors: InvalidArgument where it is not a checkpoint.
absl::StatusOr<std::optional<ImportCheckpoint>> ReadCheckpoint(const std::string& path);

// Replaces the file in one step.
absl::Status WriteCheckpoint(const std::string& path, const ImportCheckpoint& checkpoint);

}  // namespace tierwise
