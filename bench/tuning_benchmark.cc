// SPDX-License-Identifier: Apache-2.0
// The limits: a full tune of 8 tiers x 6 doses with bands and 2,000 posterior draws in under 200 ms; the budget plan
// for 1,000 groups x 20 doses, exact, in under 50 ms.
#include <benchmark/benchmark.h>

#include <cmath>
#include <iterator>
#include <utility>

#include "absl/strings/str_cat.h"
#include "experiments/tuning/budget_plan.h"
#include "experiments/tuning/offer_tuning.h"
#include "experiments/tuning/policy_learning.h"
#include "experiments/tuning/random.h"

namespace tierwise {
namespace {

constexpr double kDoses[] = {0, 5, 10, 15, 20, 30};

TuningData Data(size_t tiers, bool has_revenue) {
  TuningData data;
  data.campaign = "benchmark";
  data.as_of = absl::UnixEpoch();
  data.economics.set_conversion_metric("orders");
  if (has_revenue) {
    data.economics.set_revenue_metric("spend");
    data.economics.set_margin_share(0.4);
  } else {
    data.economics.set_margin_per_conversion(40.0);
  }
  for (double dose : kDoses) {
    v1::Variant& variant = data.variants.emplace_back();
    variant.set_id(absl::StrCat("off", dose));
    variant.set_control(dose == 0.0);
    variant.mutable_offer()->set_dose(dose);
    variant.mutable_offer()->set_unit(has_revenue ? v1::DOSE_UNIT_PERCENT_OFF : v1::DOSE_UNIT_AMOUNT_OFF);
  }
  RandomDraws random(1);
  for (size_t t = 0; t < tiers; ++t) {
    TuningTier tier{absl::StrCat("tier", t), 100'000, {}};
    const double strength = 0.02 + 0.1 * random.Uniform();
    for (size_t j = 0; j < std::size(kDoses); ++j) {
      const double rate = 0.05 + strength * kDoses[j] / (10.0 + kDoses[j]);
      JointMoments outcome(has_revenue ? 2 : 1);
      for (int i = 0; i < 4000; ++i) {
        const double converts = random.Uniform() < rate ? 1.0 : 0.0;
        if (has_revenue) {
          outcome.Add({converts, converts * 100.0 * std::exp(0.5 * random.Normal())});
        } else {
          outcome.Add({converts});
        }
      }
      tier.cells.push_back({data.variants[j].id(), outcome});
    }
    data.tiers.push_back(std::move(tier));
  }
  return data;
}

void BM_FullTune(benchmark::State& state) {
  const TuningData data = Data(static_cast<size_t>(state.range(0)), state.range(1) != 0);
  v1::PlanConstraints constraints;
  constraints.set_budget(100'000.0 * static_cast<double>(state.range(0)) * 0.3);
  for (auto _ : state) {
    const absl::StatusOr<v1::OfferPlan> plan = PlanOffers(data, constraints, {});
    if (!plan.ok()) state.SkipWithError("no plan");
    benchmark::DoNotOptimize(plan);
  }
}
BENCHMARK(BM_FullTune)
    ->ArgNames({"tiers", "revenue"})
    ->Args({8, 0})
    ->Args({8, 1})
    ->Args({3, 0})
    ->Unit(benchmark::kMillisecond);

// Random options; values that grow with the costs; and values that are the costs, where bounds tell nothing.
enum Kind { kUnrelated, kConcave, kEqual };

PlanProblem Groups(size_t groups, size_t options, Kind kind) {
  RandomDraws random(3);
  PlanProblem problem;
  double total = 0.0;
  for (size_t g = 0; g < groups; ++g) {
    PlanTier tier;
    tier.options.push_back({});
    for (size_t j = 1; j < options; ++j) {
      const auto dose = static_cast<double>(j);
      const double cost = dose * 100.0 * random.Uniform();
      const double value = kind == kEqual     ? cost
                           : kind == kConcave ? 60.0 * std::sqrt(cost) * (0.5 + random.Uniform())
                                              : 300.0 * std::sqrt(dose) * random.Uniform();
      tier.options.push_back({.dose = dose, .cost = cost, .value = value});
    }
    total += tier.options.back().cost;
    problem.tiers.push_back(std::move(tier));
  }
  problem.budget = 0.3 * total;
  return problem;
}

void BM_BudgetPlan(benchmark::State& state) {
  const PlanProblem problem = Groups(static_cast<size_t>(state.range(0)), static_cast<size_t>(state.range(1)),
                                     static_cast<Kind>(state.range(2)));
  BudgetPlan plan;
  for (auto _ : state) {
    plan = PlanBudget(problem).value();
    benchmark::DoNotOptimize(plan);
  }
  state.counters["optimal"] = plan.is_optimal ? 1.0 : 0.0;
  state.counters["gap"] = (plan.bound - plan.value) / plan.bound;
}
BENCHMARK(BM_BudgetPlan)
    ->ArgNames({"groups", "options", "kind"})
    ->Args({1000, 20, kUnrelated})
    ->Args({1000, 20, kConcave})
    ->Args({1000, 20, kEqual})
    ->Args({8, 6, kEqual})
    ->Args({30, 20, kEqual})
    ->Unit(benchmark::kMillisecond);

void BM_LearnPolicy(benchmark::State& state) {
  RandomDraws random(4);
  PolicyData data;
  data.arms = 4;
  data.tiers = 4;
  data.attributes.resize(static_cast<size_t>(state.range(1)));
  for (int64_t i = 0; i < state.range(0); ++i) {
    data.tier.push_back(static_cast<uint16_t>(4.0 * random.Uniform()));
    data.arm.push_back(static_cast<uint16_t>(4.0 * random.Uniform()));
    data.propensity.push_back(0.25);
    data.outcome.push_back(random.Normal());
    for (PolicyAttribute& attribute : data.attributes) attribute.values.push_back(random.Uniform());
  }
  PolicyLearningOptions options;
  options.depth = static_cast<int>(state.range(2));
  for (auto _ : state) benchmark::DoNotOptimize(LearnPolicy(data, options).value());
}
BENCHMARK(BM_LearnPolicy)
    ->ArgNames({"users", "attributes", "depth"})
    ->Args({200'000, 5, 2})
    ->Args({2'000'000, 20, 2})
    ->Unit(benchmark::kMillisecond)
    ->Iterations(1);

}  // namespace
}  // namespace tierwise
