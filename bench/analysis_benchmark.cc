// SPDX-License-Identifier: Apache-2.0
// A full report from moments: what a reader waits for once the facts are joined.
#include <benchmark/benchmark.h>

#include <cmath>
#include <string>

#include "experiments/analysis/report.h"

namespace tierwise {
namespace {

// Every metric a mean with a covariate, so that every estimator has work; effects differ by tier and variant.
CampaignData Campaign(int metrics, int variants, int tiers, v1::SequentialRule rule) {
  CampaignData data;
  data.rules.sequential_rule = rule;
  data.rules.start = data.first_exposure = absl::UnixEpoch();
  if (rule == v1::SEQUENTIAL_RULE_ALPHA_SPENDING) data.rules.end = data.rules.start + absl::Hours(24 * 60);
  data.as_of = data.last_exposure = data.rules.start + absl::Hours(24 * 55);
  for (int v = 0; v < variants; ++v) data.variants.push_back("variant" + std::to_string(v));
  for (int t = 0; t < tiers; ++t) {
    data.tiers.push_back({"tier" + std::to_string(t), 1, std::vector<double>(data.variants.size(), 1.0 / variants)});
  }
  constexpr int64_t kUsers = 10'000;
  data.users.assign(data.tiers.size() * data.variants.size(), kUsers);
  for (int m = 0; m < metrics; ++m) {
    MetricData metric;
    metric.id = "metric" + std::to_string(m);
    metric.role = m == 0 ? v1::METRIC_ROLE_PRIMARY : v1::METRIC_ROLE_SECONDARY;
    for (size_t cell = 0; cell < data.users.size(); ++cell) {
      const double mean = 100.0 + 3.0 * std::sin(static_cast<double>(cell) + m);
      metric.cells.push_back(
          JointMoments::FromParts(kUsers, {mean, 80.0}, {2.5e7, 1.5e7, 2.5e7}, {2.5e9, 1.5e9, 1e9, 2.5e9}));
    }
    data.metrics.push_back(std::move(metric));
  }
  data.secondary_metrics = metrics - 1;
  return data;
}

void BM_Report(benchmark::State& state, v1::SequentialRule rule) {
  const CampaignData data = Campaign(static_cast<int>(state.range(0)), static_cast<int>(state.range(1)),
                                     static_cast<int>(state.range(2)), rule);
  for (auto _ : state) benchmark::DoNotOptimize(BuildReport(data, 0.95).value());
}
BENCHMARK_CAPTURE(BM_Report, AlphaSpending, v1::SEQUENTIAL_RULE_ALPHA_SPENDING)
    ->ArgNames({"metrics", "variants", "tiers"})
    ->Args({1, 2, 1})
    ->Args({10, 5, 8})
    ->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(BM_Report, AlwaysValid, v1::SEQUENTIAL_RULE_ALWAYS_VALID)
    ->ArgNames({"metrics", "variants", "tiers"})
    ->Args({1, 2, 1})
    ->Args({10, 5, 8})
    ->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace tierwise
