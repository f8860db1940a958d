// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "client/cli/summary_file.pb.h"
#include "client/cli/terminal.h"

namespace tierwise {

// A summary file as it was written, and where each of its parts stands.
struct SummarySource {
  // Where a cell was written: "cells.csv:12" and, in JSON, its path "cells[3]".
  struct Place {
    std::string position;
    std::string path;
  };

  summary::SummaryFile file;
  std::string name;                  // of the file with everything but cells
  std::map<std::string, int> lines;  // path in it to line
  std::vector<Place> cells;          // one for each of file.cells

  // "plan.json:3: control"; the line of the nearest field around `path`.
  std::string Where(const std::string& path) const;
  // "cells.csv:12: variance" or "plan.json:12: cells[3].variance".
  std::string WhereCell(size_t cell, absl::string_view field) const;
};

enum class SummaryFormat { kByName, kJson, kCsv };

struct SummaryRequest {
  std::string path;  // "-" is standard input
  SummaryFormat format = SummaryFormat::kByName;
  std::string plan;  // a JSON file without cells that goes with a CSV file; empty for none
};

// Reads a summary file: JSON (or YAML of the same shape), or CSV with the fields of SummaryCell as columns, in any
// order. At most 16 MiB. Errors: NotFound; InvalidArgument with every problem, each naming file, line and field.
absl::StatusOr<SummarySource> ReadSummary(const SummaryRequest& request, Terminal& terminal);

}  // namespace tierwise
