// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "client/cli/connection.h"
#include "client/cli/import_mapping.h"
#include "client/cli/record_reader.h"
#include "client/cli/terminal.h"

namespace tierwise {

// One file to import.
struct ImportJob {
  FactKind kind = FactKind::kEvents;
  std::string file;
  RecordFormat format = RecordFormat::kByName;
  ImportMapping mapping;
  std::string rejects;        // file for what is left out
  bool is_resumable = false;  // keep a checkpoint; go on where there is one
  std::string state_folder;   // for the checkpoint; empty: beside the file
  bool is_dry_run = false;    // read and convert, send nothing
};

// What became of its rows: rows = accepted + rejected + filtered + resumed.
struct ImportSummary {
  int64_t rows = 0;
  int64_t accepted = 0;  // on the server's disk (or, in a dry run, ready to be sent)
  int64_t rejected = 0;
  int64_t filtered = 0;  // by `where`
  int64_t resumed = 0;   // acknowledged by an earlier run
};

// Reads the file row by row, sends its facts to the server in batches, and writes what is left out to the rejects file,
// which exists only if something was. Errors: those of the file, the mapping and the server; what was acknowledged
// before one stays.
absl::StatusOr<ImportSummary> RunImport(const ImportJob& job, const Connection& connection, Terminal& terminal);

}  // namespace tierwise
