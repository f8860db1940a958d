// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "client/cli/planning_design.h"

namespace tierwise {

// What a design can show, over all tiers together or in one.
struct PlanRow {
  std::string tier;  // empty: all tiers together
  double share = 1.0;
  double baseline = 0.0;
  double effect = 0.0;                      // treatment - control, planned
  double lift = 0.0;                        // effect / baseline
  std::optional<double> users;              // that enter in the planned time, all variants
  std::optional<double> power;              // to show `effect` by then
  std::optional<double> detectable_lift;    // the smallest increase shown with the design's power by then
  std::optional<double> users_needed;       // of the row, all variants, for the design's power
  std::optional<double> days_needed;        // until then, the outcome's window included
  std::optional<double> interaction_power;  // to show that this tier differs, had it the effect and the others none
};

// What would bring a tier that stays underpowered to the design's power, each by itself. Unset where it can't.
struct TierRemedy {
  std::string tier;
  std::optional<double> days;                     // run for so long
  std::optional<double> power_with_two_variants;  // set where there are more
  std::optional<double> correlation;              // adjust for a covariate with this correlation
  double users_factor = 1.0;                      // so many times the tier's users a day
};

struct PowerPoint {
  double days = 0.0;
  std::vector<double> power;  // in the order of PowerPlan::rows
};

struct PowerPlan {
  double days = 0.0;          // while users enter: the design's, else what it takes over all tiers; 0 where unknown
  bool is_found = false;      // `days` was found
  std::vector<PlanRow> rows;  // all tiers together, then the tiers where there are several
  std::optional<double> heterogeneity_power;  // to show that tiers differ as planned; set where they do
  std::vector<TierRemedy> remedies;
  std::vector<PowerPoint> curve;
};

// The longest that a plan is followed, in days.
inline constexpr double kMostPlannedDays = 3650.0;

// Claims are those of a report: alpha is shared by the treatments, each one's tiers share its part (their first step by
// Holm), and looks are daily, 30 at most. A sequential rule starts at kEventsToStart events per arm, which is known of
// rates only. REQUIRES: a design by ResolveDesign.
absl::StatusOr<PowerPlan> PlanPower(const PlanningDesign& design);

// Probability to claim the planned effect of `tier` (-1: of all tiers together) after `users` have entered in `looks`
// equal steps; users of all tiers and variants.
absl::StatusOr<double> PowerAfter(const PlanningDesign& design, int tier, double users, int looks);

}  // namespace tierwise
