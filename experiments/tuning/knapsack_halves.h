// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <vector>

#include "absl/types/span.h"
#include "experiments/tuning/knapsack.h"

namespace tierwise {

// Splits groups into two halves of about equally many combinations and meets in the middle (Horowitz & Sahni, JACM 21,
// 1974): exact, in time of the root of the number of all combinations. This is what works where bounds do not, such as
// values that are costs: there every choice that fills the budget is as good as the bound.

// Whether all combinations of these groups can be met in the middle with at most `most_combinations` in each half.
bool FitsInHalves(absl::Span<const std::vector<KnapsackItem>> groups, size_t most_combinations);

// As many of `groups` as can be met in the middle together, spread evenly and beginning with `first`: neighbours tend
// to have made the same choice, and a mixture of choices leaves more ways to fill a budget. Groups of one item are left
// out. REQUIRES: groups not empty.
std::vector<size_t> GroupsForHalves(absl::Span<const std::vector<KnapsackItem>> groups, size_t first,
                                    size_t most_combinations);

// Replaces the items of the groups `members` in `choice` by their best combination that keeps the total cost within
// `budget`; never makes it worse. REQUIRES: choice.cost <= budget; `members` from GroupsForHalves. Without the monotone
// rule.
void MeetInTheMiddle(absl::Span<const std::vector<KnapsackItem>> groups, absl::Span<const size_t> members,
                     double budget, KnapsackChoice& choice);

}  // namespace tierwise
