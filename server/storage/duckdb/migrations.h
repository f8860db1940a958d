// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "absl/status/status.h"
#include "absl/types/span.h"
#include "server/storage/duckdb/connection.h"

namespace tierwise::duckdb {

// One step of the schema, from the one before it.
struct Migration {
  int version;                                             // 1, 2, ...
  const char* sql;                                         // one or more statements
  absl::Status (*then)(Connection& connection) = nullptr;  // what SQL can't do, in the same transaction
};

// The steps of the store's schema. Released steps never change; a change is a further step. docs/storage.md describes
// the result.
absl::Span<const Migration> StoreMigrations();

// Applies those of `migrations` that the file hasn't had, each in its own transaction: after an error or a kill the
// file is at the last step that was committed. FailedPrecondition if the file has had more than these, or holds tables
// that aren't the store's. REQUIRES: the versions are 1, 2, ... in order.
absl::Status Migrate(Connection& connection, absl::Span<const Migration> migrations);

}  // namespace tierwise::duckdb
