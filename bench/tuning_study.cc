// SPDX-License-Identifier: Apache-2.0
#include "bench/tuning_study.h"

#include <algorithm>
#include <iterator>

#include "bench/tuning_policies.h"

namespace tierwise::bench {
namespace {

constexpr int kDraws = 500;
// Users of each tier that the plan is for.
constexpr int64_t kPlanned = 10'000;

double RegretOf(const World& world, const Choice& choice) {
  double regret = 0.0;
  for (size_t tier = 0; tier < kTierCount; ++tier) regret += world.Regret(tier, choice[tier]) / kTierCount;
  return regret;
}

size_t PlaceOf(double dose) {
  return static_cast<size_t>(std::find(std::begin(kDoses), std::end(kDoses), dose) - std::begin(kDoses));
}

// The doses that the module calls best, and those of its plan under the budget.
struct ModuleChoice {
  Choice best;
  Choice planned;
};

ModuleChoice ChooseByModule(const Outcomes& outcomes, double budget, uint64_t seed) {
  TuningOptions options;
  options.draws = kDraws;
  options.seed = seed;
  options.frontier_points = 0;
  v1::PlanConstraints constraints;
  constraints.set_budget(budget);
  const v1::OfferPlan plan = PlanOffers(DataOf(outcomes, kPlanned), constraints, options).value();
  ModuleChoice choice;
  for (const v1::TierOffer& tier : plan.tiers()) {
    choice.best.push_back(PlaceOf(tier.best_dose()));
    choice.planned.push_back(PlaceOf(tier.dose()));
  }
  return choice;
}

void AddPlan(const World& world, const Choice& planned, double budget, StudyCell& cell) {
  double profit = 0.0;
  double without = 0.0;
  double cost = 0.0;
  for (size_t tier = 0; tier < kTierCount; ++tier) {
    profit += world.Profit(tier, planned[tier]) / kTierCount;
    without += world.Profit(tier, 0) / kTierCount;
    cost += world.Cost(tier, planned[tier]) * static_cast<double>(kPlanned);
  }
  const double oracle =
      OracleProfit(world, budget, static_cast<double>(kPlanned)) / (kTierCount * static_cast<double>(kPlanned));
  cell.plan_profit.Add(profit);
  cell.oracle_profit.Add(without + oracle);
  cell.plan_increment.Add(profit - without);
  cell.oracle_increment.Add(oracle);
  cell.plan_loss.Add(without + oracle - profit);
  cell.budget_use.Add(cost / budget);
}

// Half of what the best plan costs; where that is nothing, what a tier's users may cost by mistake.
double BudgetFor(const World& world) {
  double cost = 0.0;
  for (size_t tier = 0; tier < kTierCount; ++tier) cost += world.Cost(tier, world.BestDose(tier));
  return static_cast<double>(kPlanned) * std::max(0.5 * cost, 0.1);
}

}  // namespace

std::string PolicyName(Policy policy) {
  switch (policy) {
    case kForEveryone:
      return "one dose for everyone";
    case kPerTier:
      return "largest mean per tier";
    case kIsotonic:
      return "isotonic per tier";
    case kModule:
      return "this module";
    case kThompson:
      return "Thompson";
    default:
      return "top-two";
  }
}

StudyCell Study(Shape shape, int64_t users, int runs, uint64_t seed) {
  StudyCell cell;
  cell.shape = shape;
  cell.users = users;
  RandomDraws random(seed);
  for (int run = 0; run < runs; ++run) {
    const World world(shape, random);
    const Outcomes outcomes = RunExperiment(world, users, random);
    const double budget = BudgetFor(world);
    const ModuleChoice module = ChooseByModule(outcomes, budget, seed + static_cast<uint64_t>(run));
    const Adaptive thompson = RunAdaptive(world, AllocationRule::kThompson, users, random);
    const Adaptive top_two = RunAdaptive(world, AllocationRule::kTopTwo, users, random);
    const double per_tier = RegretOf(world, BestPerTier(outcomes));
    const double of_module = RegretOf(world, module.best);
    cell.regret[kForEveryone].Add(RegretOf(world, BestForEveryone(outcomes)));
    cell.regret[kPerTier].Add(per_tier);
    cell.regret[kIsotonic].Add(RegretOf(world, IsotonicPerTier(outcomes)));
    cell.regret[kModule].Add(of_module);
    cell.regret[kThompson].Add(RegretOf(world, thompson.choice));
    cell.regret[kTopTwo].Add(RegretOf(world, top_two.choice));
    cell.excess.Add(of_module - per_tier);
    cell.even_experiment.Add(EvenRegret(world));
    cell.thompson_experiment.Add(thompson.experiment_regret);
    cell.top_two_experiment.Add(top_two.experiment_regret);
    AddPlan(world, module.planned, budget, cell);
  }
  return cell;
}

}  // namespace tierwise::bench
