// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>

#include "absl/container/flat_hash_map.h"
#include "tierwise/v1/condition.pb.h"

namespace tierwise {

// A condition's canonical text, and where each part of its tree stands in it.
struct PrintedCondition {
  std::string text;
  // Byte offsets by the address of the part: a node (its first attribute), the test in a node (its operator), a
  // literal, the text of a text test. Valid as long as the tree.
  absl::flat_hash_map<const void*, size_t> offsets;
};

// REQUIRES: SizeOf(tree).depth <= kMaxConditionDepth. What a tree lacks is printed as `?`.
PrintedCondition PrintWithOffsets(const v1::ConditionNode& tree);

}  // namespace tierwise
