// SPDX-License-Identifier: Apache-2.0
#include "experiments/tuning/knapsack.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <limits>
#include <numeric>

namespace tierwise {
namespace {

constexpr double kInf = std::numeric_limits<double>::infinity();
// Sums of costs are compared to the budget, and of values to each other, up to rounding.
constexpr double kRounding = 1e-12;
// More states than this alive at once and the least promising are dropped; more extended in all and the search ends.
// The solution then says so. Met only by instances made to be hard, such as values that are costs plus a constant.
constexpr size_t kMaxStates = 20'000;
constexpr size_t kMaxExtensions = 4'000'000;
// The bounds of the search are taken at these multiples of the relaxation's price as well: a state that is far over the
// budget, or under it, is told apart from one near it only at another price.
constexpr std::array<double, 9> kPriceMultiples = {1.0, 0.99, 1.01, 0.95, 1.05, 0.85, 1.2, 0.5, 2.0};

using Groups = std::vector<std::vector<KnapsackItem>>;

// What the groups after a given item can add at best, at one price of the budget.
struct Completion {
  double score = -kInf;  // value less price x cost; -inf where no item follows
  double value = 0.0;
  double cost = 0.0;
  size_t first = 0;  // the item of the next group on this path

  bool IsWorseThan(const Completion& other, bool is_price_infinite) const {
    if (score != other.score) return score < other.score;
    return is_price_infinite ? value < other.value : cost > other.cost;
  }
};

// For each group and item the best completion, by dynamic programming from the last group back. Row 0 is before the
// first group, row k after group k - 1; without the monotone rule a row has one entry.
class Completions {
 public:
  Completions(const Groups& groups, bool is_monotone, double price)
      : is_monotone_(is_monotone), is_price_infinite_(std::isinf(price)), price_(price), rows_(groups.size() + 1) {
    const size_t k = groups.size();
    rows_[k].assign(is_monotone && k > 0 ? groups[k - 1].size() : 1, Completion{0.0, 0.0, 0.0, 0});
    for (size_t g = k; g-- > 0;) {
      rows_[g].assign(is_monotone && g > 0 ? groups[g - 1].size() : 1, Completion{});
      for (size_t before = 0; before < rows_[g].size(); ++before) {
        const double cap = is_monotone && g > 0 ? groups[g - 1][before].rank : kInf;
        for (size_t j = 0; j < groups[g].size(); ++j) {
          const Completion candidate = Through(groups, g, j);
          if (groups[g][j].rank <= cap && rows_[g][before].IsWorseThan(candidate, is_price_infinite_)) {
            rows_[g][before] = candidate;
          }
        }
      }
    }
  }

  const Completion& Before() const { return rows_[0][0]; }
  const Completion& After(size_t group, size_t item) const { return rows_[group + 1][is_monotone_ ? item : 0]; }

  // The completion that takes `item` of `group`.
  Completion Through(const Groups& groups, size_t group, size_t item) const {
    const KnapsackItem& taken = groups[group][item];
    const Completion& after = After(group, item);
    return {Score(taken) + after.score, taken.value + after.value, taken.cost + after.cost, item};
  }

  double Score(const KnapsackItem& item) const {
    return is_price_infinite_ ? -item.cost : item.value - price_ * item.cost;
  }

  // The items of groups `group`... on the path that starts with `next`.
  void Follow(const Completion* next, size_t group, std::vector<size_t>& items) const {
    for (; group < items.size(); ++group) {
      items[group] = next->first;
      next = &After(group, next->first);
    }
  }

 private:
  bool is_monotone_;
  bool is_price_infinite_;
  double price_;
  std::vector<std::vector<Completion>> rows_;
};

KnapsackChoice ChoiceOf(const Groups& groups, std::vector<size_t> items) {
  KnapsackChoice choice{std::move(items), 0.0, 0.0};
  for (size_t g = 0; g < groups.size(); ++g) {
    choice.value += groups[g][choice.items[g]].value;
    choice.cost += groups[g][choice.items[g]].cost;
  }
  return choice;
}

std::optional<KnapsackChoice> BestAtPrice(const Knapsack& knapsack, double price) {
  const Completions completions(knapsack.groups, knapsack.is_monotone, price);
  if (completions.Before().score == -kInf) return std::nullopt;
  std::vector<size_t> items(knapsack.groups.size());
  completions.Follow(&completions.Before(), 0, items);
  return ChoiceOf(knapsack.groups, std::move(items));
}

double BudgetWithRounding(double budget) { return budget + kRounding * std::max(1.0, std::abs(budget)); }

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
  Search(const Groups& groups, const Knapsack& knapsack, double price, KnapsackChoice incumbent)
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
  bool CanImprove(double bound) const { return bound > incumbent_.value + kRounding * std::abs(incumbent_.value); }

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
    const Completions& completions = completions_[0];
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
    const Completion& rest = completions_[0].After(group, state.item);
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

  const Groups& groups_;
  bool is_monotone_;
  double budget_;
  std::vector<double> prices_;            // the relaxation's first
  std::vector<Completions> completions_;  // one for each price
  std::vector<size_t> start_;
  std::vector<KnapsackItem> start_after_;  // for each group the sum of the start's items in the groups after it
  KnapsackChoice incumbent_;
  bool is_optimal_ = true;
  size_t extensions_ = 0;
  std::vector<Step> trail_;
};

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

}  // namespace

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
    if (height(found) <= std::max(height(result.within), height(result.beyond)) + kRounding * scale) break;
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
  if (slack <= kRounding * std::abs(relaxation.bound)) return {std::move(incumbent), true};
  if (knapsack.is_monotone) return Search(knapsack.groups, knapsack, relaxation.price, std::move(incumbent)).Run();

  // Search in the new order; an item's place in its pruned group is translated back at the end.
  const Ordering ordering = OrderByAmbiguity(knapsack.groups, relaxation.price, slack, incumbent.items);
  const size_t k = knapsack.groups.size();
  KnapsackChoice start{std::vector<size_t>(k), incumbent.value, incumbent.cost};
  for (size_t position = 0; position < k; ++position) {
    const std::vector<size_t>& item_of = ordering.item_of[position];
    const size_t item = incumbent.items[ordering.group_of[position]];
    start.items[position] = static_cast<size_t>(std::find(item_of.begin(), item_of.end(), item) - item_of.begin());
  }
  const KnapsackSolution found = Search(ordering.groups, knapsack, relaxation.price, std::move(start)).Run();
  std::vector<size_t> items(k);
  for (size_t position = 0; position < k; ++position) {
    items[ordering.group_of[position]] = ordering.item_of[position][found.choice.items[position]];
  }
  return {ChoiceOf(knapsack.groups, std::move(items)), found.is_optimal};
}

}  // namespace tierwise
