// SPDX-License-Identifier: Apache-2.0
// How long ExploreClusters takes, apart from reading the attributes: at most 200,000 users, 10 attributes, 12 clusters.

#include <benchmark/benchmark.h>

#include <cmath>
#include <random>
#include <vector>

#include "absl/strings/str_cat.h"
#include "experiments/audience/clusters.h"

namespace tierwise {
namespace {

// The arguments are the users, the attributes and the clusters. Users come in 6 overlapping groups.
void BM_FindClusters(benchmark::State& state) {
  const auto users = static_cast<size_t>(state.range(0));
  const auto attributes = static_cast<size_t>(state.range(1));
  std::mt19937_64 random(1);
  std::normal_distribution<double> normal;
  std::vector<std::vector<double>> values(attributes, std::vector<double>(users));
  for (size_t user = 0; user < users; ++user) {
    for (size_t a = 0; a < attributes; ++a) {
      values[a][user] = std::exp(0.7 * static_cast<double>((user * (a + 1)) % 6) + 0.6 * normal(random));
    }
  }
  std::vector<ClusterColumn> columns;
  for (size_t a = 0; a < attributes; ++a) {
    columns.push_back({absl::StrCat("a", a), v1::ATTRIBUTE_TYPE_DOUBLE, values[a]});
  }
  for (auto _ : state) {
    const auto found = FindClusters(columns, {.clusters = static_cast<int>(state.range(2)), .seed = 1});
    if (!found.ok()) state.SkipWithError("no clusters");
    state.counters["agreement"] = found->agreement;
    state.counters["silhouette"] = found->silhouette;
    state.counters["rules"] = found->tiering.rules().rules_size();
  }
}
BENCHMARK(BM_FindClusters)
    ->Args({20'000, 3, 4})
    ->Args({200'000, 3, 5})
    ->Args({200'000, 10, 12})
    ->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace tierwise
