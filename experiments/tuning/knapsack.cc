// SPDX-License-Identifier: Apache-2.0
#include "experiments/tuning/knapsack.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "experiments/tuning/knapsack_completions.h"
#include "experiments/tuning/knapsack_halves.h"
#include "experiments/tuning/knapsack_search.h"

namespace tierwise {
namespace {

constexpr double kInf = std::numeric_limits<double>::infinity();
using Groups = KnapsackGroups;

std::optional<KnapsackChoice> BestAtPrice(const Knapsack& knapsack, double price) {
  const KnapsackCompletions completions(knapsack.groups, knapsack.is_monotone, price);
  if (completions.Before().score == -kInf) return std::nullopt;
  std::vector<size_t> items(knapsack.groups.size());
  completions.Follow(&completions.Before(), 0, items);
  return ChoiceOf(knapsack.groups, std::move(items));
}

// Whether no choice is worth more by what matters.
bool IsProven(const KnapsackRelaxation& relaxation, const KnapsackChoice& choice) {
  return relaxation.bound - choice.value <= kOptimalWithin * std::abs(relaxation.bound);
}

// Moves groups from their item within the budget to the one beyond it, as far as the budget allows.
void Round(const Knapsack& knapsack, const KnapsackRelaxation& relaxation, KnapsackChoice& choice) {
  const double budget = BudgetWithRounding(knapsack.budget);
  for (size_t g = 0; g < knapsack.groups.size(); ++g) {
    const KnapsackItem& now = knapsack.groups[g][choice.items[g]];
    const KnapsackItem& other = knapsack.groups[g][relaxation.beyond.items[g]];
    const double cost = choice.cost - now.cost + other.cost;
    if (cost > budget) continue;
    choice.items[g] = relaxation.beyond.items[g];
    choice.cost = cost;
  }
  choice = ChoiceOf(knapsack.groups, std::move(choice.items));
}

// Takes, again and again, the single change of most value that the budget still allows. Keeps the choice monotone where
// it must be.
void Improve(const Knapsack& knapsack, KnapsackChoice& choice) {
  const Groups& groups = knapsack.groups;
  const double budget = BudgetWithRounding(knapsack.budget);
  constexpr int kMaxPasses = 50;
  for (int pass = 0; pass < kMaxPasses; ++pass) {
    double most = 0.0;
    size_t group = 0;
    size_t item = 0;
    for (size_t g = 0; g < groups.size(); ++g) {
      const KnapsackItem& now = groups[g][choice.items[g]];
      for (size_t j = 0; j < groups[g].size(); ++j) {
        const KnapsackItem& other = groups[g][j];
        if (other.value - now.value <= most || choice.cost - now.cost + other.cost > budget) continue;
        if (knapsack.is_monotone && ((g > 0 && groups[g - 1][choice.items[g - 1]].rank < other.rank) ||
                                     (g + 1 < groups.size() && groups[g + 1][choice.items[g + 1]].rank > other.rank))) {
          continue;
        }
        most = other.value - now.value;
        group = g;
        item = j;
      }
    }
    if (most <= 0.0) return;
    choice.items[group] = item;
    choice = ChoiceOf(groups, std::move(choice.items));
  }
}

// Groups in which some item comes close to the best at this price first. Those in which none comes within `slack` keep
// their best item in any better solution and come last, with that item alone.
struct Ordering {
  std::vector<size_t> group_of;  // position -> original group
  Groups groups;
  std::vector<std::vector<size_t>> item_of;  // position, item -> original item
};

Ordering OrderByAmbiguity(const Groups& groups, double price, double slack, const std::vector<size_t>& always_kept) {
  struct Ambiguity {
    size_t group;
    double gap;
  };
  std::vector<double> best(groups.size(), -kInf);
  std::vector<Ambiguity> order;
  const auto score = [price](const KnapsackItem& item) { return item.value - price * item.cost; };
  for (size_t g = 0; g < groups.size(); ++g) {
    double second = -kInf;
    for (const KnapsackItem& item : groups[g]) {
      const double s = score(item);
      second = std::max(second, std::min(s, best[g]));
      best[g] = std::max(best[g], s);
    }
    order.push_back({g, best[g] - second});
  }
  std::sort(order.begin(), order.end(),
            [](const Ambiguity& a, const Ambiguity& b) { return a.gap != b.gap ? a.gap < b.gap : a.group < b.group; });
  Ordering ordering;
  for (const Ambiguity& entry : order) {
    std::vector<KnapsackItem> kept;
    std::vector<size_t> kept_item;
    for (size_t j = 0; j < groups[entry.group].size(); ++j) {
      const double gap = best[entry.group] - score(groups[entry.group][j]);
      if (gap > slack && j != always_kept[entry.group]) continue;
      kept.push_back(groups[entry.group][j]);
      kept_item.push_back(j);
    }
    ordering.group_of.push_back(entry.group);
    ordering.groups.push_back(std::move(kept));
    ordering.item_of.push_back(std::move(kept_item));
  }
  return ordering;
}

// Exact where the groups fit in halves. Else some groups at a time are met in the middle, which closes the gap to the
// bound where many choices are nearly as good as it; the rest is searched.
KnapsackSolution SolveGroups(const Groups& groups, const Knapsack& knapsack, const KnapsackRelaxation& relaxation,
                             KnapsackChoice incumbent) {
  // Before the search, and after one that was cut short.
  constexpr int kFirstRounds = 3;
  constexpr int kLastRounds = 9;
  const double budget = BudgetWithRounding(knapsack.budget);
  size_t first = 0;
  const auto is_closed = [&](int rounds) {
    for (int round = 0; round < rounds; ++round) {
      const std::vector<size_t> members = GroupsForHalves(groups, first);
      MeetInTheMiddle(groups, members, budget, incumbent);
      if (IsProven(relaxation, incumbent)) return true;
      first = members.empty() ? 0 : members.back() + 1;
    }
    return false;
  };
  if (FitsInHalves(groups)) {
    MeetInTheMiddle(groups, GroupsForHalves(groups, 0), budget, incumbent);
    return {std::move(incumbent), true};
  }
  if (is_closed(kFirstRounds)) return {std::move(incumbent), true};
  KnapsackSolution found = SearchStates(groups, knapsack, relaxation.price, std::move(incumbent));
  if (found.is_optimal) return found;
  incumbent = std::move(found.choice);
  const bool is_proven = is_closed(kLastRounds);
  return {std::move(incumbent), is_proven};
}

}  // namespace

double BudgetWithRounding(double budget) { return budget + kKnapsackRounding * std::max(1.0, std::abs(budget)); }

KnapsackChoice ChoiceOf(const Groups& groups, std::vector<size_t> items) {
  KnapsackChoice choice{std::move(items), 0.0, 0.0};
  for (size_t g = 0; g < groups.size(); ++g) {
    choice.value += groups[g][choice.items[g]].value;
    choice.cost += groups[g][choice.items[g]].cost;
  }
  return choice;
}

std::optional<KnapsackChoice> CheapestChoice(const Knapsack& knapsack) { return BestAtPrice(knapsack, kInf); }

KnapsackRelaxation Relax(const Knapsack& knapsack) {
  const double budget = BudgetWithRounding(knapsack.budget);
  KnapsackRelaxation result;
  result.beyond = *BestAtPrice(knapsack, 0.0);
  if (result.beyond.cost <= budget) {
    result.within = result.beyond;
    result.bound = result.beyond.value;
    return result;
  }
  result.within = *CheapestChoice(knapsack);
  // The dual is the upper envelope of one line for each choice; its least point is where the last line within the
  // budget meets the last beyond it. Each step finds a line above their crossing, or none (Eisner & Severance 1976).
  while (true) {
    result.price =
        std::max(0.0, (result.beyond.value - result.within.value) / (result.beyond.cost - result.within.cost));
    const auto height = [&](const KnapsackChoice& choice) { return choice.value - result.price * choice.cost; };
    const KnapsackChoice found = *BestAtPrice(knapsack, result.price);
    const double scale = std::abs(result.within.value) + result.price * std::abs(result.within.cost);
    if (height(found) <= std::max(height(result.within), height(result.beyond)) + kKnapsackRounding * scale) break;
    (found.cost <= budget ? result.within : result.beyond) = found;
  }
  result.bound =
      std::max(result.within.value, result.within.value + result.price * (knapsack.budget - result.within.cost));
  return result;
}

KnapsackSolution SolveKnapsack(const Knapsack& knapsack, const KnapsackRelaxation& relaxation) {
  KnapsackChoice incumbent = relaxation.within;
  if (!knapsack.is_monotone) Round(knapsack, relaxation, incumbent);
  Improve(knapsack, incumbent);
  const double slack = relaxation.bound - incumbent.value;
  if (IsProven(relaxation, incumbent)) return {std::move(incumbent), true};
  if (knapsack.is_monotone) return SearchStates(knapsack.groups, knapsack, relaxation.price, std::move(incumbent));

  // Search in the new order; an item's place in its pruned group is translated back at the end.
  const Ordering ordering = OrderByAmbiguity(knapsack.groups, relaxation.price, slack, incumbent.items);
  const size_t k = knapsack.groups.size();
  KnapsackChoice start{std::vector<size_t>(k), incumbent.value, incumbent.cost};
  for (size_t position = 0; position < k; ++position) {
    const std::vector<size_t>& item_of = ordering.item_of[position];
    const size_t item = incumbent.items[ordering.group_of[position]];
    start.items[position] = static_cast<size_t>(std::find(item_of.begin(), item_of.end(), item) - item_of.begin());
  }
  const KnapsackSolution found = SolveGroups(ordering.groups, knapsack, relaxation, std::move(start));
  std::vector<size_t> items(k);
  for (size_t position = 0; position < k; ++position) {
    items[ordering.group_of[position]] = ordering.item_of[position][found.choice.items[position]];
  }
  return {ChoiceOf(knapsack.groups, std::move(items)), found.is_optimal};
}

}  // namespace tierwise
