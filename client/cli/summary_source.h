// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "absl/status/statusor.h"
#include "client/cli/cell_file.h"
#include "client/cli/summary_file.pb.h"
#include "client/cli/terminal.h"

namespace tierwise {

// A summary file as it was written, and where each of its parts stands.
struct SummarySource : CellPlaces {
  summary::SummaryFile file;
};

// Reads a summary file: see ReadCellFile.
absl::StatusOr<SummarySource> ReadSummary(const CellFileRequest& request, Terminal& terminal);

}  // namespace tierwise
