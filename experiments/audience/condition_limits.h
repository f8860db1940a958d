// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>

#include "tierwise/v1/condition.pb.h"

namespace tierwise {

inline constexpr size_t kMaxConditionBytes = 16'384;
inline constexpr int kMaxConditionNodes = 1'000;
inline constexpr int kMaxConditionDepth = 32;
// Of a membership.
inline constexpr int kMaxLiterals = 1'000;
// Of a string, in bytes; no attribute holds a longer one.
inline constexpr size_t kMaxStringBytes = 1'024;
// How many segments may refer to one another in a row.
inline constexpr int kMaxSegmentDepth = 16;
// Nodes of a condition once every segment in it is written out.
inline constexpr int kMaxExpandedNodes = 10'000;
// Of an offset from now, in seconds either way: the range of a Duration, about 10,000 years.
inline constexpr long long kMaxOffsetSeconds = 315'576'000'000;

// The number of nodes of a tree and the length of its longest path, both counted from 1.
struct TreeSize {
  int nodes = 0;
  int depth = 0;
};

// Stops below kMaxConditionDepth, so that any tree can be measured: `depth` is then kMaxConditionDepth + 1.
TreeSize SizeOf(const v1::ConditionNode& tree);

}  // namespace tierwise
