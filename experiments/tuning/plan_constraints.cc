// SPDX-License-Identifier: Apache-2.0
#include "experiments/tuning/plan_constraints.h"

#include <algorithm>
#include <limits>
#include <set>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "experiments/base/problems.h"
#include "experiments/base/status_macros.h"
#include "experiments/stats/argument_checks.h"

namespace tierwise {
namespace {

constexpr int64_t kMostUsers = 1'000'000'000'000'000'000;

void CheckLimit(const std::string& field, const v1::TierLimit& limit, Problems& problems) {
  CheckNonNegative(field + ".min_dose", limit.min_dose(), problems);
  CheckNonNegative(field + ".max_dose", limit.max_dose(), problems);
  CheckNonNegative(field + ".budget", limit.budget(), problems);
  if (limit.users() < 0 || limit.users() > kMostUsers) {
    problems.Add(field + ".users", absl::StrCat("is ", limit.users(), "; must be from 0 to 1e18"));
  }
  if (limit.has_min_dose() && limit.has_max_dose() && limit.min_dose() > limit.max_dose()) {
    problems.Add(field, absl::StrCat("of tier \"", limit.tier(), "\" has min_dose ", limit.min_dose(),
                                     " above max_dose ", limit.max_dose()));
  }
}

// All of one tier's options, before limits.
PlanTier OptionsOf(const TierCells& tier, const TierValues& values) {
  PlanTier plan;
  plan.name = tier.tier;
  if (!tier.IsJudged()) {
    plan.options.push_back({});
    return plan;
  }
  const auto users = static_cast<double>(tier.users);
  for (size_t j = 0; j < tier.doses.size(); ++j) {
    const ChoiceOdds& odds = values.by_value.odds[j];
    plan.options.push_back({.dose = tier.doses[j].dose,
                            // Returns may make revenue, and with it the cost, negative: no offer is a source of money.
                            .cost = users * std::max(0.0, values.cost[j]),
                            .value = users * odds.mean,
                            .cost_variance = users * values.cost_variance[j],
                            .cautious_value = users * odds.interval.lower});
  }
  return plan;
}

// Limits the tier's doses, by its own budget as well.
absl::Status ApplyLimit(const std::string& field, const v1::TierLimit& limit, PlanTier& plan) {
  plan.min_dose = limit.min_dose();
  if (limit.has_max_dose()) plan.max_dose = limit.max_dose();
  const auto is_allowed = [&](const PlanOption& option) {
    return option.dose >= plan.min_dose && option.dose <= plan.max_dose;
  };
  if (std::none_of(plan.options.begin(), plan.options.end(), is_allowed)) {
    return InvalidField(field, absl::StrCat("of tier \"", plan.name, "\": no dose was tried from min_dose ",
                                            plan.min_dose, " to max_dose ", plan.max_dose));
  }
  if (!limit.has_budget()) return absl::OkStatus();
  double cheapest = std::numeric_limits<double>::infinity();
  for (const PlanOption& option : plan.options) {
    if (is_allowed(option)) cheapest = std::min(cheapest, option.cost);
  }
  if (cheapest > limit.budget() * (1.0 + 1e-12)) {
    return InvalidField(field + ".budget",
                        absl::StrCat("of tier \"", plan.name, "\" is ", limit.budget(),
                                     "; the cheapest of the doses that it may get costs ", cheapest));
  }
  for (PlanOption& option : plan.options) {
    option.is_withheld = option.cost > limit.budget() * (1.0 + 1e-12);
  }
  return absl::OkStatus();
}

// Leaves the smallest dose that the limits allow.
void WithholdAllButLeast(PlanTier& plan) {
  bool has_least = false;
  for (PlanOption& option : plan.options) {
    const bool is_allowed = !option.is_withheld && option.dose >= plan.min_dose && option.dose <= plan.max_dose;
    if (is_allowed && has_least) option.is_withheld = true;
    has_least = has_least || is_allowed;
  }
}

}  // namespace

absl::Status ApplyConstraints(const v1::PlanConstraints& constraints, TuningInput& input) {
  Problems problems;
  CheckNonNegative("constraints.budget", constraints.budget(), problems);
  CheckProbability("constraints.min_share", constraints.min_share(), problems);
  if (!v1::PlanObjective_IsValid(constraints.objective())) {
    problems.Add("constraints.objective", "is not one of the objectives");
  }
  if (constraints.objective() == v1::PLAN_OBJECTIVE_REVENUE && input.revenue.per_conversion == 0.0 &&
      input.revenue.per_revenue == 0.0) {
    problems.Add("constraints.objective", "is revenue, but the economics have neither revenue_metric nor basket_value");
  }
  if (constraints.objective() != v1::PLAN_OBJECTIVE_UNSPECIFIED) input.objective = constraints.objective();
  std::set<std::string> named;
  for (int i = 0; i < constraints.tiers_size(); ++i) {
    const v1::TierLimit& limit = constraints.tiers(i);
    const std::string field = absl::StrCat("constraints.tiers[", i, "]");
    CheckLimit(field, limit, problems);
    const auto tier = std::find_if(input.tiers.begin(), input.tiers.end(),
                                   [&](const TierCells& entry) { return entry.tier == limit.tier(); });
    if (tier == input.tiers.end()) {
      problems.Add(field + ".tier", absl::StrCat("\"", limit.tier(), "\" is not one of the campaign's tiers"));
    } else if (!named.insert(limit.tier()).second) {
      problems.Add(field + ".tier", absl::StrCat("\"", limit.tier(), "\" is limited twice"));
    } else if (limit.has_users()) {
      tier->users = limit.users();
    }
  }
  return problems.ToStatus();
}

absl::StatusOr<PlanProblem> MakePlanProblem(const TuningInput& input, absl::Span<const TierValues> values,
                                            const v1::PlanConstraints& constraints) {
  PlanProblem problem;
  problem.budget = constraints.has_budget() ? constraints.budget() : std::numeric_limits<double>::infinity();
  problem.is_monotone = constraints.better_tier_never_worse();
  for (size_t t = 0; t < input.tiers.size(); ++t) {
    PlanTier plan = OptionsOf(input.tiers[t], values[t]);
    for (int i = 0; i < constraints.tiers_size(); ++i) {
      if (constraints.tiers(i).tier() != plan.name) continue;
      TIERWISE_RETURN_IF_ERROR(ApplyLimit(absl::StrCat("constraints.tiers[", i, "]"), constraints.tiers(i), plan));
    }
    if (input.tiers[t].IsJudged() && input.tiers[t].Conversions() < kConversionsNeeded) WithholdAllButLeast(plan);
    problem.tiers.push_back(std::move(plan));
  }
  return problem;
}

absl::Status AsConstraintError(const absl::Status& status) {
  Problems problems;
  for (const Problem& problem : ProblemsOf(status)) {
    const std::string field = problem.field == "tiers" ? "better_tier_never_worse" : problem.field;
    problems.Add(absl::StrCat("constraints.", field), problem.description);
  }
  return problems.empty() ? status : problems.ToStatus();
}

}  // namespace tierwise
