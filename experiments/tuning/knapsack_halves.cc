// SPDX-License-Identifier: Apache-2.0
#include "experiments/tuning/knapsack_halves.h"

#include <algorithm>
#include <cstdint>
#include <limits>

namespace tierwise {
namespace {

using Groups = absl::Span<const std::vector<KnapsackItem>>;

// The items of one half, numbered: item of the first group + its size x (item of the second + ...).
struct Combination {
  double cost;
  double value;
  uint32_t number;
};

// The two halves of `members`, each group to the half with fewer combinations so far.
struct Halves {
  std::vector<size_t> members[2];
  size_t combinations[2] = {1, 1};

  // Returns false, and leaves it out, where the group fits in neither.
  bool TryAdd(Groups groups, size_t group) {
    const size_t half = combinations[0] <= combinations[1] ? 0 : 1;
    if (combinations[half] * groups[group].size() > kMostCombinations) return false;
    combinations[half] *= groups[group].size();
    members[half].push_back(group);
    return true;
  }
};

std::vector<Combination> Enumerate(Groups groups, const std::vector<size_t>& members) {
  std::vector<Combination> all = {{0.0, 0.0, 0}};
  uint32_t radix = 1;
  for (size_t group : members) {
    std::vector<Combination> longer;
    longer.reserve(all.size() * groups[group].size());
    for (size_t j = 0; j < groups[group].size(); ++j) {
      const KnapsackItem& item = groups[group][j];
      for (const Combination& shorter : all) {
        longer.push_back(
            {shorter.cost + item.cost, shorter.value + item.value, shorter.number + radix * static_cast<uint32_t>(j)});
      }
    }
    radix *= static_cast<uint32_t>(groups[group].size());
    all = std::move(longer);
  }
  std::sort(all.begin(), all.end(), [](const Combination& a, const Combination& b) {
    return a.cost != b.cost ? a.cost < b.cost : a.value > b.value;
  });
  // Those that cost no less and are worth no more go.
  size_t kept = 0;
  double most = -std::numeric_limits<double>::infinity();
  for (const Combination& entry : all) {
    if (entry.value <= most) continue;
    most = entry.value;
    all[kept++] = entry;
  }
  all.resize(kept);
  return all;
}

void Take(Groups groups, const std::vector<size_t>& members, uint32_t number, KnapsackChoice& choice) {
  for (size_t group : members) {
    const auto size = static_cast<uint32_t>(groups[group].size());
    choice.items[group] = number % size;
    number /= size;
  }
}

}  // namespace

bool FitsInHalves(Groups groups) {
  Halves halves;
  for (size_t g = 0; g < groups.size(); ++g) {
    if (groups[g].size() > 1 && !halves.TryAdd(groups, g)) return false;
  }
  return true;
}

std::vector<size_t> GroupsForHalves(Groups groups, size_t first) {
  Halves halves;
  std::vector<size_t> members;
  for (size_t i = 0; i < groups.size(); ++i) {
    const size_t group = (first + i) % groups.size();
    if (groups[group].size() < 2) continue;
    if (!halves.TryAdd(groups, group)) break;
    members.push_back(group);
  }
  return members;
}

void MeetInTheMiddle(Groups groups, absl::Span<const size_t> members, double budget, KnapsackChoice& choice) {
  Halves halves;
  double cost = choice.cost;
  double value = choice.value;
  for (size_t group : members) {
    if (!halves.TryAdd(groups, group)) continue;
    cost -= groups[group][choice.items[group]].cost;
    value -= groups[group][choice.items[group]].value;
  }
  const std::vector<Combination> first = Enumerate(groups, halves.members[0]);
  const std::vector<Combination> second = Enumerate(groups, halves.members[1]);
  const Combination* best[2] = {nullptr, nullptr};
  double most = choice.value;
  // Both run by cost: as the first grows dearer, the second must grow cheaper.
  size_t at = second.size();
  for (const Combination& entry : first) {
    while (at > 0 && cost + entry.cost + second[at - 1].cost > budget) --at;
    if (at == 0) break;
    const double total = value + entry.value + second[at - 1].value;
    if (total <= most) continue;
    most = total;
    best[0] = &entry;
    best[1] = &second[at - 1];
  }
  if (best[0] == nullptr) return;
  for (size_t half : {0, 1}) Take(groups, halves.members[half], best[half]->number, choice);
  choice.value = most;
  choice.cost = cost + best[0]->cost + best[1]->cost;
}

}  // namespace tierwise
