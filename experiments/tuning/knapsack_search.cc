// SPDX-License-Identifier: Apache-2.0
#include "experiments/tuning/knapsack_search.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <limits>
#include <utility>

namespace tierwise {
namespace {

constexpr double kInf = std::numeric_limits<double>::infinity();
// More states than this alive at once and the least promising are dropped; more extended in all and the search ends.
// The solution then says so. Met only by instances made to be hard, such as values that are costs plus a constant.
constexpr size_t kMaxStates = 20'000;
constexpr size_t kMaxExtensions = 4'000'000;
// The bounds of the search are taken at these multiples of the relaxation's price as well: a state that is far over the
// budget, or under it, is told apart from one near it only at another price.
constexpr std::array<double, 9> kPriceMultiples = {1.0, 0.99, 1.01, 0.95, 1.05, 0.85, 1.2, 0.5, 2.0};

// A partial choice: the items of the first groups.
struct State {
  double value;
  double cost;
  size_t item;      // of the last group decided
  uint32_t parent;  // in the trail
};

// How a state was reached.
struct Step {
  size_t item;
  uint32_t parent;
};

class Search {
 public:
  // Starts from `incumbent`, a choice within the budget.
  Search(const KnapsackGroups& groups, const Knapsack& knapsack, double price, KnapsackChoice incumbent)
      : groups_(groups),
        is_monotone_(knapsack.is_monotone),
        budget_(BudgetWithRounding(knapsack.budget)),
        start_(incumbent.items),
        start_after_(groups.size()),
        incumbent_(std::move(incumbent)) {
    for (size_t g = groups.size(); g-- > 1;) {
      const KnapsackItem& item = groups[g][start_[g]];
      start_after_[g - 1] = {start_after_[g].cost + item.cost, start_after_[g].value + item.value, 0.0};
    }
    for (double multiple : kPriceMultiples) {
      prices_.push_back(price * multiple);
      completions_.emplace_back(groups, knapsack.is_monotone, price * multiple);
    }
  }

  KnapsackSolution Run() {
    std::vector<State> states = {{0.0, 0.0, 0, 0}};
    trail_ = {{0, 0}};
    for (size_t g = 0; g < groups_.size() && !states.empty(); ++g) {
      if (!CanImprove(completions_[0].Before().score + prices_[0] * budget_)) break;
      const std::vector<size_t> items = PromisingItems(g);
      // Without the monotone rule the groups come by ambiguity: where this one has no choice left, none of the others
      // has.
      if (!is_monotone_ && items.size() <= 1) break;
      states = Extend(g, states, items);
      if (extensions_ > kMaxExtensions) {
        is_optimal_ = is_optimal_ && states.empty();
        break;
      }
    }
    return {incumbent_, is_optimal_};
  }

 private:
  bool CanImprove(double bound) const {
    return bound > incumbent_.value + kKnapsackRounding * std::abs(incumbent_.value);
  }

  // Whether some completion of a state whose last item is `item` of `group` may be better than the incumbent.
  bool CanImprove(const State& state, size_t group) const {
    for (size_t p = 0; p < prices_.size(); ++p) {
      const double rest = completions_[p].After(group, state.item).score;
      if (!CanImprove(state.value + prices_[p] * (budget_ - state.cost) + rest)) return false;
    }
    return true;
  }

  // Without the monotone rule, the items that a better solution may contain; all items with it.
  std::vector<size_t> PromisingItems(size_t group) const {
    const KnapsackCompletions& completions = completions_[0];
    double best = -kInf;
    for (const KnapsackItem& item : groups_[group]) best = std::max(best, completions.Score(item));
    const double bound = completions.Before().score + prices_[0] * budget_;
    std::vector<size_t> items;
    for (size_t j = 0; j < groups_[group].size(); ++j) {
      if (is_monotone_ || CanImprove(bound - best + completions.Score(groups_[group][j]))) items.push_back(j);
    }
    return items;
  }

  std::vector<State> Extend(size_t group, const std::vector<State>& states, const std::vector<size_t>& items) {
    std::vector<State> next;
    for (const State& state : states) {
      for (size_t j : items) {
        const KnapsackItem& item = groups_[group][j];
        if (is_monotone_ && group > 0 && item.rank > groups_[group - 1][state.item].rank) continue;
        ++extensions_;
        const State extended{state.value + item.value, state.cost + item.cost, j, state.parent};
        if (!CanImprove(extended, group)) continue;
        Consider(group, extended);
        next.push_back(extended);
      }
    }
    KeepUndominated(next);
    KeepPromising(group, next);
    for (State& state : next) {
      trail_.push_back({state.item, state.parent});
      state.parent = static_cast<uint32_t>(trail_.size() - 1);
    }
    return next;
  }

  // Takes the state as the incumbent where that is better and within the budget: with its best completion at the
  // relaxation's price, or with what the start chose for the other groups, which nearly fills the budget.
  void Consider(size_t group, const State& state) {
    const KnapsackCompletion& rest = completions_[0].After(group, state.item);
    if (IsBetter(state.value + rest.value, state.cost + rest.cost)) {
      std::vector<size_t> items = ItemsOf(group, state);
      completions_[0].Follow(&rest, group + 1, items);
      incumbent_ = ChoiceOf(groups_, std::move(items));
    }
    const KnapsackItem& kept = start_after_[group];
    const bool fits_start = !is_monotone_ || group + 1 == groups_.size() ||
                            groups_[group + 1][start_[group + 1]].rank <= groups_[group][state.item].rank;
    if (fits_start && IsBetter(state.value + kept.value, state.cost + kept.cost)) {
      incumbent_ = ChoiceOf(groups_, ItemsOf(group, state));
    }
  }

  bool IsBetter(double value, double cost) const { return value > incumbent_.value && cost <= budget_; }

  // The state's items, and the start's for the groups after it.
  std::vector<size_t> ItemsOf(size_t group, const State& state) const {
    std::vector<size_t> items = start_;
    items[group] = state.item;
    uint32_t at = state.parent;
    for (size_t g = group; g-- > 0;) {
      items[g] = trail_[at].item;
      at = trail_[at].parent;
    }
    return items;
  }

  // A state that costs no less and is worth no more than another, with the same freedom after it, goes.
  void KeepUndominated(std::vector<State>& states) const {
    std::sort(states.begin(), states.end(), [this](const State& a, const State& b) {
      if (is_monotone_ && a.item != b.item) return a.item < b.item;
      if (a.cost != b.cost) return a.cost < b.cost;
      return a.value > b.value;
    });
    size_t kept = 0;
    for (const State& state : states) {
      const bool is_comparable = kept > 0 && (!is_monotone_ || states[kept - 1].item == state.item);
      if (is_comparable && state.value <= states[kept - 1].value) continue;
      states[kept++] = state;
    }
    states.resize(kept);
  }

  void KeepPromising(size_t group, std::vector<State>& states) {
    std::erase_if(states, [&](const State& state) { return !CanImprove(state, group); });
    if (states.size() <= kMaxStates) return;
    is_optimal_ = false;
    const auto score = [&](const State& state) {
      return completions_[0].After(group, state.item).score + state.value - prices_[0] * state.cost;
    };
    std::nth_element(states.begin(), states.begin() + kMaxStates, states.end(),
                     [&](const State& a, const State& b) { return score(a) > score(b); });
    states.resize(kMaxStates);
  }

  const KnapsackGroups& groups_;
  bool is_monotone_;
  double budget_;
  std::vector<double> prices_;                    // the relaxation's first
  std::vector<KnapsackCompletions> completions_;  // one for each price
  std::vector<size_t> start_;
  std::vector<KnapsackItem> start_after_;  // for each group the sum of the start's items in the groups after it
  KnapsackChoice incumbent_;
  bool is_optimal_ = true;
  size_t extensions_ = 0;
  std::vector<Step> trail_;
};

}  // namespace

KnapsackSolution SearchStates(const KnapsackGroups& groups, const Knapsack& knapsack, double price,
                              KnapsackChoice incumbent) {
  return Search(groups, knapsack, price, std::move(incumbent)).Run();
}

}  // namespace tierwise
