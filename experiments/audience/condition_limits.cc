// SPDX-License-Identifier: Apache-2.0
#include "experiments/audience/condition_limits.h"

#include <algorithm>

namespace tierwise {
namespace {

void Measure(const v1::ConditionNode& node, int depth, TreeSize& size) {
  ++size.nodes;
  size.depth = std::max(size.depth, depth);
  if (depth > kMaxConditionDepth) return;
  if (node.has_negation()) Measure(node.negation(), depth + 1, size);
  const v1::ConditionList& list = node.has_all_of() ? node.all_of() : node.any_of();
  for (const v1::ConditionNode& operand : list.operands()) Measure(operand, depth + 1, size);
}

}  // namespace

TreeSize SizeOf(const v1::ConditionNode& tree) {
  TreeSize size;
  Measure(tree, 1, size);
  return size;
}

}  // namespace tierwise
