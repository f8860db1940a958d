// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "experiments/analysis/analysis_rules.h"
#include "experiments/analysis/lift_prior.h"
#include "experiments/stats/moments.h"
#include "experiments/stats/quantiles.h"
#include "tierwise/v1/metric.pb.h"
#include "tierwise/v1/report.pb.h"

namespace tierwise {

// Which kind of number a metric gives per user: it decides the estimator.
enum class Estimand {
  kRate,      // 0 or 1
  kMean,      // any number
  kRatio,     // a numerator and a denominator
  kQuantile,  // no number per user: a quantile of all users' values
};

// One metric's outcomes: moments per cell.
struct MetricData {
  std::string id;
  int64_t revision = 0;
  Estimand estimand = Estimand::kMean;
  absl::Duration window;
  absl::Duration delay;
  v1::Direction direction = v1::DIRECTION_INCREASE;
  v1::MetricRole role = v1::METRIC_ROLE_SECONDARY;
  double margin = 0.0;       // of a guardrail, relative to the control
  bool is_uncapped = false;  // the metric before it, without its cap: shown, never claimed
  std::optional<double> found_cap;
  LiftPrior prior;  // of its posteriors
  int64_t users_with_open_window = 0;
  // [tier * variants + variant]; variables: outcome (numerator), then the denominator of a ratio, then covariates.
  std::vector<JointMoments> cells;
  // The same as they stood at each of LooksBefore, for the primary metric where that is known.
  std::vector<std::vector<JointMoments>> path;
  // Of a kQuantile, whose `cells` count each user's values: per cell, and per variant over all tiers.
  std::vector<QuantileEstimate> quantiles;
  std::vector<QuantileEstimate> variant_quantiles;

  int outcome_variables() const { return estimand == Estimand::kRatio ? 2 : 1; }
  bool has_covariates() const { return !cells.empty() && cells.front().size() > outcome_variables(); }
  // 1 where more is better, -1 where less is.
  double Sign() const { return direction == v1::DIRECTION_DECREASE ? -1.0 : 1.0; }
};

// One tier of a campaign, with what was meant to happen in it.
struct TierDesign {
  std::string id;
  uint32_t phase = 0;
  // Per variant; sums to 1, or all 0 where the tier is not targeted.
  std::vector<double> expected_share;
};

// All that an analysis sees of a campaign, wherever it was recorded.
struct CampaignData {
  std::string id;
  int64_t revision = 0;
  absl::Time as_of;
  std::vector<TierDesign> tiers;
  std::vector<std::string> variants;
  int control = 0;  // index into `variants`
  AnalysisRules rules;
  // Secondary metrics of the campaign, whether they are among `metrics` or not: leaving some out makes no claim easier.
  int secondary_metrics = 0;

  int64_t users_in_two_variants = 0;
  int64_t users_of_earlier_phases = 0;
  int64_t forced_users = 0;
  int64_t users_in_unknown_cells = 0;
  absl::Time first_exposure = absl::InfiniteFuture();  // infinite where there are no users
  absl::Time last_exposure = absl::InfinitePast();

  std::vector<int64_t> users;  // [tier * variants + variant]
  // Per day of first exposure, ascending, or per so many: users per cell. Empty where that is not known.
  std::vector<std::vector<int64_t>> daily_users;
  int64_t days_per_row = 1;
  // Per cell: with an event of the primary metric after the start and before their first exposure. Empty where that is
  // not known.
  std::vector<int64_t> early_users;
  std::vector<int64_t> flows;  // [cell * tiers + tier afterwards]; empty where no user's moves are known
  std::vector<MetricData> metrics;

  size_t CellOf(size_t tier, size_t variant) const { return tier * variants.size() + variant; }
  int64_t UsersOfTier(size_t tier) const;
  int64_t TotalUsers() const;
  // The metric that decisions rest on; nullptr where it is not among `metrics`.
  const MetricData* Primary() const;
};

}  // namespace tierwise
