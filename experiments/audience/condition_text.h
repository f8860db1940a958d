// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "tierwise/v1/condition.pb.h"

namespace tierwise {

// The tree of a condition's text (grammar: docs/conditions.md). InvalidArgument lists every syntax error that can be
// told apart, each as "column N: what was found, what is allowed"; also for text over 16,384 bytes, over 1,000 nodes or
// 32 deep.
absl::StatusOr<v1::ConditionNode> ParseCondition(absl::string_view text);

// The canonical text of a tree: ParseCondition(PrintCondition(tree)) equals `tree` for every tree that CheckCondition
// accepts.
std::string PrintCondition(const v1::ConditionNode& tree);

}  // namespace tierwise
