// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "experiments/tuning/knapsack.h"
#include "experiments/tuning/knapsack_completions.h"

namespace tierwise {

// Dynamic programming over undominated (cost, value) states, pruned by the Lagrangian bound at several prices about
// `price`. Starts from `incumbent`, a choice of `groups` within the budget, and never returns a worse one. Of
// `knapsack` it reads the budget and the rule.
KnapsackSolution SearchStates(const KnapsackGroups& groups, const Knapsack& knapsack, double price,
                              KnapsackChoice incumbent);

}  // namespace tierwise
