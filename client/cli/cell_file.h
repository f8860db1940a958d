// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "client/cli/terminal.h"
#include "google/protobuf/message.h"

namespace tierwise {

// Where each part of a file with cells was written. A file with cells is a message with a repeated field `cells`: a
// table of what was measured, next to what it means.
struct CellPlaces {
  // "cells.csv:12" and, in JSON, the cell's path "cells[3]".
  struct Place {
    std::string position;
    std::string path;
  };

  std::string name;                  // of the file with everything but cells
  std::map<std::string, int> lines;  // path in it to line
  std::vector<Place> cells;          // one for each cell

  // "plan.json:3: control"; the line of the nearest field around `path`.
  std::string Where(const std::string& path) const;
  // "cells.csv:12: variance" or "plan.json:12: cells[3].variance".
  std::string WhereCell(size_t cell, absl::string_view field) const;
};

enum class CellFormat { kByName, kJson, kCsv };

struct CellFileRequest {
  std::string path;  // "-" is standard input
  CellFormat format = CellFormat::kByName;
  std::string plan;  // a JSON file without cells that goes with a CSV file; empty for none
};

// Fills `file` from JSON (or YAML of the same shape), or from CSV with the fields of a cell as columns, in any order,
// of which `required` must be there. At most 16 MiB. Errors: NotFound; InvalidArgument with every problem, each naming
// file, line and field. REQUIRES: `file` has a repeated message field `cells`.
absl::StatusOr<CellPlaces> ReadCellFile(const CellFileRequest& request, absl::Span<const absl::string_view> required,
                                        Terminal& terminal, google::protobuf::Message* file);

}  // namespace tierwise
