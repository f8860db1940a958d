// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "absl/types/span.h"
#include "experiments/audience/cluster_tree.h"
#include "tierwise/v1/tiering.pb.h"

namespace tierwise {

// A tree as rules: one for each leaf, in the order of their tiers, a bound or two for each attribute; normalized.
// Leaves of the label `otherwise` need none. `attributes` are ids by column, `tiers` ids by label.
v1::TierRules RulesOf(const ClusterTree& tree, absl::Span<const TreeColumn> columns,
                      absl::Span<const std::string> attributes, absl::Span<const std::string> tiers, int otherwise);

// The label of a user, by row. REQUIRES: the columns are those of the tree.
int LabelOf(const ClusterTree& tree, absl::Span<const TreeColumn> columns, size_t user);

}  // namespace tierwise
