// SPDX-License-Identifier: Apache-2.0

#include "experiments/tuning/adaptive_contrast.h"
#include "experiments/tuning/budget_plan.h"
#include "experiments/tuning/dose_fit.h"
#include "experiments/tuning/isotonic.h"
#include "experiments/tuning/off_policy.h"
#include "experiments/tuning/offer_tuning.h"
#include "experiments/tuning/random.h"
#include "experiments/tuning/thompson.h"
#include "experiments/tuning/trend_test.h"
#include "experiments/tuning/winners.h"
#include "tests/experiments/stats/worked_examples.h"
#include "tests/experiments/tuning/tuning_data.h"

namespace tierwise {
namespace {

// Doses, conversions and users, one list each.
std::vector<DosePoint> PointsOf(const Given& given) {
  std::vector<DosePoint> points;
  for (size_t j = 0; j < given.List("doses").size(); ++j) {
    points.push_back(RatePoint(given.List("doses")[j], static_cast<int64_t>(given.List("conversions")[j]),
                               static_cast<int64_t>(given.Number("users"))));
  }
  return points;
}

Results Isotonic(const Given& given) {
  return {{"fit", IsotonicFit(given.List("means"), given.List("weights"), MonotoneDirection::kNonDecreasing).value()}};
}

Results Models(const Given& given) {
  const std::vector<DosePoint> points = PointsOf(given);
  const DoseFit emax = FitDoseModel(DoseModel::kEmax, points).value();
  const DoseFit linear = FitDoseModel(DoseModel::kLinear, points).value();
  return {
      {"emax", emax.parameters}, {"aic", {emax.aic, linear.aic}}, {"weights", AkaikeWeights({emax.aic, linear.aic})}};
}

Results NoResponse(const Given& given) {
  RandomDraws random(1);
  const TrendTest test = TestNoResponse(PointsOf(given), MonotoneDirection::kNonDecreasing, 10'000, random);
  return {{"statistic", {test.statistic}}, {"p", {test.p}}};
}

// One tier of the whole pipeline.
Results Profit(const Given& given) {
  TuningData data = AmountsOffData({given.List("doses").begin() + 1, given.List("doses").end()});
  data.economics.set_margin_per_conversion(given.Number("margin"));
  const std::vector<double>& conversions = given.List("conversions");
  AddTier(data, "waist", static_cast<int64_t>(given.Number("planned")), static_cast<int64_t>(given.Number("users")),
          {conversions.begin(), conversions.end()});
  const v1::OfferPlan plan = PlanOffers(data, {}, {}).value();
  const v1::TierOffer& waist = plan.tiers(0);
  std::vector<double> profit;
  std::vector<double> best;
  for (const v1::DoseResult& dose : waist.doses()) {
    profit.push_back(dose.profit());
    best.push_back(dose.best_probability());
  }
  const v1::DoseResult& ten = waist.doses(2);
  return {{"best_dose", {waist.best_dose()}},
          {"likely", {waist.lowest_likely_dose(), waist.highest_likely_dose()}},
          {"profit", profit},
          {"best_probability", best},
          {"incremental_profit", {ten.incremental_profit()}},
          {"cost_per_incremental_conversion", {ten.cost_per_incremental_conversion()}},
          {"return_on_spend",
           {ten.return_on_spend(), ten.return_on_spend_interval().lower(), ten.return_on_spend_interval().upper()}},
          {"given_anyway_share", {ten.given_anyway_share()}}};
}

Results Winner(const Given& given) {
  const WinnerEstimate winner = CorrectWinner(given.List("means"), given.List("errors"), 0.95).value();
  return {{"naive", {winner.naive, winner.naive_interval.lower, winner.naive_interval.upper}},
          {"hybrid", {winner.hybrid, winner.hybrid_interval.lower, winner.hybrid_interval.upper}}};
}

Results Budget(const Given& given) {
  PlanProblem problem;
  problem.budget = given.Number("budget");
  for (const char* tier : {"head", "waist", "tail"}) {
    PlanTier plan;
    plan.name = tier;
    const std::vector<double>& costs = given.List(std::string(tier) + "_costs");
    const std::vector<double>& values = given.List(std::string(tier) + "_values");
    for (size_t j = 0; j < costs.size(); ++j) {
      plan.options.push_back({.dose = static_cast<double>(j), .cost = costs[j], .value = values[j]});
    }
    problem.tiers.push_back(plan);
  }
  const BudgetPlan plan = PlanBudget(problem).value();
  std::vector<double> choice(plan.choice.begin(), plan.choice.end());
  return {{"choice", choice},
          {"value", {plan.value}},
          {"cost", {plan.cost}},
          {"bound", {plan.bound}},
          {"shadow_price", {plan.shadow_price}}};
}

Results Shares(const Given& given) {
  std::vector<ArmBelief> arms;
  for (size_t a = 0; a < given.List("means").size(); ++a) {
    arms.push_back({1'000, given.List("means")[a], given.List("errors")[a]});
  }
  AllocationOptions options;
  options.floor = given.Number("floor");
  const std::vector<double> thompson = NextShares(arms, options).value();
  options.rule = AllocationRule::kTopTwo;
  return {{"thompson", thompson}, {"top_two", NextShares(arms, options).value()}};
}

Moments RateMoments(double conversions, double users) {
  Moments moments;
  moments.AddRepeated(1.0, static_cast<int64_t>(conversions));
  moments.AddRepeated(0.0, static_cast<int64_t>(users - conversions));
  return moments;
}

// Two batches of a control and an arm: conversions and users, control first.
Results Adaptive(const Given& given) {
  std::vector<AdaptiveBatch> batches;
  for (const char* name : {"first", "second"}) {
    const std::vector<double>& batch = given.List(name);
    const double share = given.Number(std::string(name) + "_share");
    batches.push_back({{1.0 - share, share}, {RateMoments(batch[0], batch[1]), RateMoments(batch[2], batch[3])}});
  }
  const AdaptiveArm arm = EvaluateAdaptiveArm(batches, 1, 0.95).value();
  const AdaptiveContrast contrast = EvaluateAdaptiveContrast(batches, 1, 0, {}).value();
  return {{"weighted", {arm.weighted.value, arm.weighted.se}},
          {"naive", {arm.naive.value, arm.naive.se}},
          {"difference", {contrast.value.value, contrast.value.interval.lower, contrast.value.interval.upper}},
          {"p", {contrast.p}}};
}

// Users by outcome, propensity and whether the rule agrees with what they got.
Results Policy(const Given& given) {
  std::vector<LoggedUser> log;
  for (size_t i = 0; i < given.List("outcomes").size(); ++i) {
    log.push_back({given.List("outcomes")[i], given.List("propensities")[i], given.List("agrees")[i],
                   given.List("predicted_at_arm")[i], given.List("predicted_at_rule")[i]});
  }
  const PolicyEvaluation value = EvaluatePolicy(log, 0.95).value();
  return {{"inverse_propensity", {value.ipw.value, value.ipw.se}},
          {"self_normalised", {value.self_normalised.value, value.self_normalised.se}},
          {"doubly_robust", {value.doubly_robust.value, value.doubly_robust.se}},
          {"effective_users", {value.effective_users}}};
}

}  // namespace

std::string WorkedExamplesPage() { return "docs/tuning.md"; }

std::vector<WorkedExample> WorkedExamples() {
  return {{"isotonic-fit", Isotonic}, {"models", Models}, {"no-response", NoResponse}, {"profit", Profit},
          {"winner", Winner},         {"budget", Budget}, {"shares", Shares},          {"adaptive-readout", Adaptive},
          {"policy-value", Policy}};
}

}  // namespace tierwise
