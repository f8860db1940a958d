// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/statusor.h"
#include "client/cli/planning_design.h"

namespace tierwise {

// In how many of the runs something happened.
struct Frequency {
  int64_t hits = 0;
  int64_t runs = 0;

  double share() const { return runs == 0 ? 0.0 : static_cast<double>(hits) / static_cast<double>(runs); }
  // Monte-Carlo standard error of `share`.
  double Error() const;
};

struct SimulatedRow {
  std::string tier;        // empty: all tiers together
  double effect = 0.0;     // treatment - control, the truth
  Frequency claimed;       // for any treatment, at any look
  Frequency shown;         // the first treatment, and on the right side; no runs where the truth is 0
  Frequency covered;       // the rule's interval of the first treatment's difference holds the truth at every look
  Frequency covered_lift;  // the same of the lift
  Frequency covered_once;  // the fixed-horizon interval holds the truth at the last look
};

struct Simulation {
  int looks = 0;
  std::vector<SimulatedRow> rows;  // all tiers together, then the tiers where there are several
  Frequency tiers_differ;          // shown, for any treatment
  Frequency unhealthy;             // a health check failed at any look
  double mean_days = 0.0;          // until the first claim over all tiers, or the end
  double mean_days_error = 0.0;
  double level = 0.05;  // of each treatment: the rule's intervals hold with 1 less this

  // Whether claims where there is nothing exceed `alpha` by more than three standard errors.
  bool IsTooOften(double alpha) const;
};

struct SimulationPlan {
  int64_t runs = 2000;
  uint64_t seed = 1;
  double days = 0.0;  // whole, at least 1
};

// Looks of longer campaigns are evenly spaced.
inline constexpr int kMostSimulatedLooks = 60;

// Runs the campaign `plan.runs` times as the design says is true and analyses each as a report does, every day (at a
// fixed horizon: at the end). Users come evenly and are randomised one by one; a rate's outcomes are independent, a
// mean's are normal; a covariate has the design's correlation with the outcome in both arms. Equal seeds give equal
// results. `tick` is called after each look. REQUIRES: a design by ResolveDesign with users_per_day.
absl::StatusOr<Simulation> Simulate(const PlanningDesign& design, const SimulationPlan& plan,
                                    absl::FunctionRef<void(int64_t run)> tick);

}  // namespace tierwise
