// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <optional>
#include <vector>

namespace tierwise {

// The multiple-choice knapsack: one item of each group, at most `budget` in total cost, as much value as possible. With
// `is_monotone`, the rank of the chosen items never increases from one group to the next.
struct KnapsackItem {
  double cost = 0.0;
  double value = 0.0;
  double rank = 0.0;
};

struct Knapsack {
  std::vector<std::vector<KnapsackItem>> groups;  // none empty
  double budget = 0.0;                            // may be +inf
  bool is_monotone = false;
};

struct KnapsackChoice {
  std::vector<size_t> items;  // for each group
  double value = 0.0;
  double cost = 0.0;
};

// The linear relaxation, solved through its Lagrangian dual: the best mix of two choices, one within the budget and one
// beyond it (the same one where the budget does not bind).
struct KnapsackRelaxation {
  double bound = 0.0;  // the value of the mix
  double price = 0.0;  // the least dual price of the budget: what one more unit would add
  KnapsackChoice within;
  KnapsackChoice beyond;
};

struct KnapsackSolution {
  KnapsackChoice choice;
  bool is_optimal = true;  // false where more states were alive at once than the search keeps
};

// The cheapest choice, of most value among equals, whatever the budget; absent where no choice is monotone.
std::optional<KnapsackChoice> CheapestChoice(const Knapsack& knapsack);

// REQUIRES: a cheapest choice exists and is within the budget.
KnapsackRelaxation Relax(const Knapsack& knapsack);

// A choice whose value is this near the bound, relative to it, is optimal for all purposes: in a plan of a million, a
// tenth of a cent. Such a choice ends the search.
inline constexpr double kOptimalWithin = 1e-9;

// Exact: groups that the bound leaves open meet in the middle where they are few; else dynamic programming over
// undominated (cost, value) states, pruned by the Lagrangian bound, with the most ambiguous groups first (Pisinger, "A
// minimal algorithm for the multiple-choice knapsack problem", EJOR 83, 1995). REQUIRES: `relaxation` is that of
// `knapsack`.
KnapsackSolution SolveKnapsack(const Knapsack& knapsack, const KnapsackRelaxation& relaxation);

}  // namespace tierwise
