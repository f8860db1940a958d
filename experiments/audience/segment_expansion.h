// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "experiments/base/definitions.h"

namespace tierwise {

// What a reference to a segment amounts to once it is written out.
struct SegmentExpansion {
  int64_t nodes = 0;    // at most kMaxExpandedNodes + 1
  int depth = 0;        // segments in a row, from 1
  std::string problem;  // a circle, or too many segments in a row; empty where all is well
};

// Follows references from segment to segment. Not thread-safe.
class SegmentExpander {
 public:
  // `definitions` must outlive the expander.
  explicit SegmentExpander(const Definitions& definitions) : definitions_(definitions) {}

  // Unknown segments count as empty: they are a problem of the condition that names them.
  SegmentExpansion Expand(const std::string& id);

 private:
  SegmentExpansion Follow(const std::string& id);

  const Definitions& definitions_;
  absl::flat_hash_map<std::string, SegmentExpansion> known_;
  std::vector<std::string> path_;
};

}  // namespace tierwise
