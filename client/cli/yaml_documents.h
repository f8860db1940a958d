// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "tierwise/v1/definition.pb.h"

namespace tierwise {

// A definition and where each of its fields was written.
struct DefinitionDocument {
  v1::Definition definition;
  std::string file;
  int line = 0;                      // of the document's first line, from 1
  std::map<std::string, int> lines;  // path relative to the resource ("tier_plans[0].arms") to line
};

// Reads definitions from YAML or JSON text: documents parted by `---`, each with `kind` (Attribute, Segment, Tiering,
// Metric, Layer, Holdout, Campaign) and the fields of that message. Errors: InvalidArgument with every problem, each
// naming file, line and path.
absl::StatusOr<std::vector<DefinitionDocument>> ParseDefinitions(const std::string& file, const std::string& text);

// Reads files, and the .yaml, .yml and .json files of folders in alphabetical order (of their subfolders too where
// `is_recursive`);
// "-" is not a file. At most 16 MiB a file. Errors: as ParseDefinitions, over all files at once, and for a definition
// that is given twice; NotFound.
absl::StatusOr<std::vector<DefinitionDocument>> ReadDefinitions(absl::Span<const std::string> paths, bool is_recursive);

// The same status with each field path that points into `documents` ("campaigns/spring.tier_plans[0]" or
// "definitions[2].campaign.tier_plans[0]") put as the file and line that it was read from.
absl::Status WithPositions(const absl::Status& status, absl::Span<const DefinitionDocument> documents);

// The text of a file. Errors: NotFound; InvalidArgument above 16 MiB.
absl::StatusOr<std::string> ReadSmallFile(const std::string& path);

}  // namespace tierwise
