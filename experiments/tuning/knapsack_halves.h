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

// Whether all combinations of these groups can be met in the middle: at most kMostCombinations in each half.
inline constexpr size_t kMostCombinations = 65'536;
bool FitsInHalves(absl::Span<const std::vector<KnapsackItem>> groups);

// As many of `groups`, from `first` on and around, as can be met in the middle together. Groups of one item are left
// out.
std::vector<size_t> GroupsForHalves(absl::Span<const std::vector<KnapsackItem>> groups, size_t first);

// Replaces the items of the groups `members` in `choice` by their best combination that keeps the total cost within
// `budget`; never makes it worse. REQUIRES: choice.cost <= budget; `members` fit in halves. Without the monotone rule.
void MeetInTheMiddle(absl::Span<const std::vector<KnapsackItem>> groups, absl::Span<const size_t> members,
                     double budget, KnapsackChoice& choice);

}  // namespace tierwise
