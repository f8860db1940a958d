// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cmath>
#include <cstddef>
#include <limits>
#include <vector>

#include "experiments/tuning/knapsack.h"

namespace tierwise {

// What the parts of the knapsack solver share.

using KnapsackGroups = std::vector<std::vector<KnapsackItem>>;

// Sums of costs are compared to the budget, and of values to each other, up to rounding.
inline constexpr double kKnapsackRounding = 1e-12;

// The budget up to rounding.
double BudgetWithRounding(double budget);

// The choice of `items`, its value and cost summed in the groups' order.
KnapsackChoice ChoiceOf(const KnapsackGroups& groups, std::vector<size_t> items);

// What the groups after a given item can add at best, at one price of the budget.
struct KnapsackCompletion {
  double score = -std::numeric_limits<double>::infinity();  // value less price x cost; -inf where no item follows
  double value = 0.0;
  double cost = 0.0;
  size_t first = 0;  // the item of the next group on this path

  bool IsWorseThan(const KnapsackCompletion& other, bool is_price_infinite) const {
    if (score != other.score) return score < other.score;
    return is_price_infinite ? value < other.value : cost > other.cost;
  }
};

// For each group and item the best completion, by dynamic programming from the last group back. Row 0 is before the
// first group, row k after group k - 1; without the monotone rule a row has one entry.
class KnapsackCompletions {
 public:
  KnapsackCompletions(const KnapsackGroups& groups, bool is_monotone, double price)
      : is_monotone_(is_monotone), is_price_infinite_(std::isinf(price)), price_(price), rows_(groups.size() + 1) {
    const size_t k = groups.size();
    rows_[k].assign(is_monotone && k > 0 ? groups[k - 1].size() : 1, KnapsackCompletion{0.0, 0.0, 0.0, 0});
    for (size_t g = k; g-- > 0;) {
      rows_[g].assign(is_monotone && g > 0 ? groups[g - 1].size() : 1, KnapsackCompletion{});
      for (size_t before = 0; before < rows_[g].size(); ++before) {
        const double cap = is_monotone && g > 0 ? groups[g - 1][before].rank : std::numeric_limits<double>::infinity();
        for (size_t j = 0; j < groups[g].size(); ++j) {
          const KnapsackCompletion candidate = Through(groups, g, j);
          if (groups[g][j].rank <= cap && rows_[g][before].IsWorseThan(candidate, is_price_infinite_)) {
            rows_[g][before] = candidate;
          }
        }
      }
    }
  }

  const KnapsackCompletion& Before() const { return rows_[0][0]; }
  const KnapsackCompletion& After(size_t group, size_t item) const { return rows_[group + 1][is_monotone_ ? item : 0]; }

  // The completion that takes `item` of `group`.
  KnapsackCompletion Through(const KnapsackGroups& groups, size_t group, size_t item) const {
    const KnapsackItem& taken = groups[group][item];
    const KnapsackCompletion& after = After(group, item);
    return {Score(taken) + after.score, taken.value + after.value, taken.cost + after.cost, item};
  }

  double Score(const KnapsackItem& item) const {
    return is_price_infinite_ ? -item.cost : item.value - price_ * item.cost;
  }

  // The items of groups `group`... on the path that starts with `next`.
  void Follow(const KnapsackCompletion* next, size_t group, std::vector<size_t>& items) const {
    for (; group < items.size(); ++group) {
      items[group] = next->first;
      next = &After(group, next->first);
    }
  }

 private:
  bool is_monotone_;
  bool is_price_infinite_;
  double price_;
  std::vector<std::vector<KnapsackCompletion>> rows_;
};

}  // namespace tierwise
