// SPDX-License-Identifier: Apache-2.0
#include "experiments/audience/segment_expansion.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "experiments/audience/condition_limits.h"

namespace tierwise {
namespace {

void CollectReferences(const v1::ConditionNode& node, int depth, std::vector<std::string>& references) {
  if (depth > kMaxConditionDepth) return;
  if (node.has_segment()) references.push_back(node.segment().segment());
  if (node.has_negation()) CollectReferences(node.negation(), depth + 1, references);
  const v1::ConditionList& list = node.has_all_of() ? node.all_of() : node.any_of();
  for (const v1::ConditionNode& operand : list.operands()) CollectReferences(operand, depth + 1, references);
}

}  // namespace

SegmentExpansion SegmentExpander::Expand(const std::string& id) {
  if (const auto known = known_.find(id); known != known_.end()) return known->second;
  SegmentExpansion expansion;
  if (const auto on_path = std::find(path_.begin(), path_.end(), id); on_path != path_.end()) {
    expansion.problem = absl::StrCat(
        "segments refer to each other in a circle: ", absl::StrJoin(on_path, path_.end(), " -> "), " -> ", id);
    return expansion;
  }
  if (path_.size() < static_cast<size_t>(kMaxSegmentDepth)) {
    path_.push_back(id);
    expansion = Follow(id);
    path_.pop_back();
  }
  if (path_.size() >= static_cast<size_t>(kMaxSegmentDepth) || expansion.depth > kMaxSegmentDepth) {
    expansion.problem = absl::StrCat("more than ", kMaxSegmentDepth, " segments refer to each other in a row");
  }
  // What was found inside a circle depends on where it was entered.
  if (expansion.problem.empty() || path_.empty()) known_[id] = expansion;
  return expansion;
}

SegmentExpansion SegmentExpander::Follow(const std::string& id) {
  SegmentExpansion expansion;
  expansion.depth = 1;
  const v1::Segment* segment = definitions_.FindSegment(id);
  if (segment == nullptr) return expansion;
  expansion.nodes = SizeOf(segment->condition().tree()).nodes;
  std::vector<std::string> references;
  CollectReferences(segment->condition().tree(), 1, references);
  for (const std::string& reference : references) {
    const SegmentExpansion inner = Expand(reference);
    if (!inner.problem.empty()) return inner;
    expansion.nodes = std::min<int64_t>(expansion.nodes + inner.nodes, kMaxExpandedNodes + 1);
    expansion.depth = std::max(expansion.depth, 1 + inner.depth);
  }
  return expansion;
}

}  // namespace tierwise
