// SPDX-License-Identifier: Apache-2.0
#include "bench/tuning_policies.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/str_cat.h"
#include "experiments/tuning/budget_plan.h"
#include "experiments/tuning/isotonic.h"

namespace tierwise::bench {
namespace {

constexpr int kBatches = 10;

// Who converts how often is noise enough: users come in batches of equal time.
Moments RunOverTime(const World& world, size_t tier, size_t dose, int64_t users, RandomDraws& random) {
  Moments all;
  for (int b = 0; b < kBatches; ++b) {
    const int64_t before = users * b / kBatches;
    const int64_t after = users * (b + 1) / kBatches;
    all.Merge(world.Run(tier, dose, after - before, (b + 0.5) / kBatches, random));
  }
  return all;
}

size_t BestByResponse(const std::vector<double>& responses) {
  size_t best = 0;
  for (size_t j = 1; j < responses.size(); ++j) {
    if (responses[j] * (kMargin - kDoses[j]) > responses[best] * (kMargin - kDoses[best])) best = j;
  }
  return best;
}

std::vector<double> MeansOf(const std::vector<Moments>& tier) {
  std::vector<double> means;
  for (const Moments& arm : tier) means.push_back(arm.mean);
  return means;
}

}  // namespace

Outcomes RunExperiment(const World& world, int64_t users, RandomDraws& random) {
  Outcomes outcomes(kTierCount);
  for (size_t tier = 0; tier < kTierCount; ++tier) {
    for (size_t j = 0; j < kDoseCount; ++j) outcomes[tier].push_back(RunOverTime(world, tier, j, users, random));
  }
  return outcomes;
}

Choice BestForEveryone(const Outcomes& outcomes) {
  std::vector<Moments> together(kDoseCount);
  for (const std::vector<Moments>& tier : outcomes) {
    for (size_t j = 0; j < kDoseCount; ++j) together[j].Merge(tier[j]);
  }
  return Choice(kTierCount, BestByResponse(MeansOf(together)));
}

Choice BestPerTier(const Outcomes& outcomes) {
  Choice choice;
  for (const std::vector<Moments>& tier : outcomes) choice.push_back(BestByResponse(MeansOf(tier)));
  return choice;
}

Choice IsotonicPerTier(const Outcomes& outcomes) {
  Choice choice;
  for (const std::vector<Moments>& tier : outcomes) {
    std::vector<double> weights;
    for (const Moments& arm : tier) weights.push_back(static_cast<double>(arm.n));
    choice.push_back(BestByResponse(IsotonicFit(MeansOf(tier), weights, MonotoneDirection::kNonDecreasing).value()));
  }
  return choice;
}

Adaptive RunAdaptive(const World& world, AllocationRule rule, int64_t users, RandomDraws& random) {
  Adaptive result;
  AllocationOptions options;
  options.rule = rule;
  options.floor = 0.02;
  options.min_users = 30;
  const double batch_users = static_cast<double>(users) * kDoseCount / kBatches;
  for (size_t tier = 0; tier < kTierCount; ++tier) {
    std::vector<Moments> arms(kDoseCount);
    for (int b = 0; b < kBatches; ++b) {
      std::vector<ArmBelief> beliefs;
      for (size_t j = 0; j < kDoseCount; ++j) {
        const auto n = static_cast<double>(std::max<int64_t>(1, arms[j].n));
        const double profit = kMargin - kDoses[j];
        // Never more certain than with half a conversion.
        const double variance = std::max(arms[j].Variance(), 0.5 / n);
        beliefs.push_back({arms[j].n, profit * arms[j].mean, profit * std::sqrt(variance / n)});
      }
      const std::vector<double> shares = NextShares(beliefs, options).value();
      for (size_t j = 0; j < kDoseCount; ++j) {
        const auto n = static_cast<int64_t>(std::llround(shares[j] * batch_users));
        arms[j].Merge(world.Run(tier, j, n, (b + 0.5) / kBatches, random));
        result.experiment_regret += shares[j] * world.Regret(tier, j) / (kBatches * kTierCount);
      }
    }
    result.choice.push_back(BestByResponse(MeansOf(arms)));
  }
  return result;
}

double EvenRegret(const World& world) {
  double regret = 0.0;
  for (size_t tier = 0; tier < kTierCount; ++tier) {
    for (size_t j = 0; j < kDoseCount; ++j) regret += world.Regret(tier, j) / (kTierCount * kDoseCount);
  }
  return regret;
}

TuningData DataOf(const Outcomes& outcomes, int64_t users_to_plan) {
  TuningData data;
  data.campaign = "simulated";
  data.as_of = absl::UnixEpoch();
  data.economics.set_conversion_metric("orders");
  data.economics.set_margin_per_conversion(kMargin);
  for (size_t j = 0; j < kDoseCount; ++j) {
    v1::Variant& variant = data.variants.emplace_back();
    variant.set_id(absl::StrCat("off", kDoses[j]));
    variant.set_control(j == 0);
    variant.mutable_offer()->set_dose(kDoses[j]);
    variant.mutable_offer()->set_unit(v1::DOSE_UNIT_AMOUNT_OFF);
  }
  for (size_t tier = 0; tier < outcomes.size(); ++tier) {
    TuningTier entry{absl::StrCat("tier", tier), users_to_plan, {}};
    for (size_t j = 0; j < kDoseCount; ++j) {
      const Moments& arm = outcomes[tier][j];
      entry.cells.push_back({data.variants[j].id(), JointMoments::FromParts(arm.n, {arm.mean}, {arm.m2})});
    }
    data.tiers.push_back(std::move(entry));
  }
  return data;
}

double OracleProfit(const World& world, double budget, double users) {
  PlanProblem problem;
  problem.budget = budget;
  for (size_t tier = 0; tier < kTierCount; ++tier) {
    PlanTier plan;
    for (size_t j = 0; j < kDoseCount; ++j) {
      plan.options.push_back({.dose = kDoses[j],
                              .cost = users * world.Cost(tier, j),
                              .value = users * (world.Profit(tier, j) - world.Profit(tier, 0))});
    }
    problem.tiers.push_back(std::move(plan));
  }
  return PlanBudget(problem).value().value;
}

}  // namespace tierwise::bench
