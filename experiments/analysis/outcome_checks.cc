// SPDX-License-Identifier: Apache-2.0
#include "experiments/analysis/outcome_checks.h"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "experiments/analysis/comparison.h"
#include "experiments/analysis/sequential_test.h"
#include "experiments/base/status_macros.h"
#include "experiments/stats/means.h"
#include "experiments/stats/post_stratification.h"

namespace tierwise {
namespace {

v1::HealthCheck Check(const char* name, v1::HealthStatus status, std::string message) {
  v1::HealthCheck check;
  check.set_check(name);
  check.set_status(status);
  check.set_message(std::move(message));
  return check;
}

bool Varies(const MetricData& metric) {
  if (metric.estimand == Estimand::kQuantile) {
    return std::any_of(metric.variant_quantiles.begin(), metric.variant_quantiles.end(),
                       [](const QuantileEstimate& arm) { return arm.gap != Gap::kZeroVariance && arm.values > 0; });
  }
  JointMoments all;
  for (const JointMoments& cell : metric.cells) all.Merge(cell);
  return all.n() > 0 && all.comoment(0, 0) > 0.0;
}

// A difference of what users did before exposure.
struct Imbalance {
  std::string metric;
  std::string variant;
  double p = 1.0;
};

absl::StatusOr<double> ImbalanceP(const CampaignData& data, const MetricData& metric, size_t variant, int covariate) {
  std::vector<Stratum> strata;
  for (size_t tier = 0; tier < data.tiers.size(); ++tier) {
    const JointMoments& control = metric.cells[data.CellOf(tier, static_cast<size_t>(data.control))];
    const JointMoments& treatment = metric.cells[data.CellOf(tier, variant)];
    std::optional<ArmMeans> means;
    if (control.n() >= 2 && treatment.n() >= 2)
      means = MeansOf(control.Marginal(covariate), treatment.Marginal(covariate));
    strata.push_back({data.UsersOfTier(tier), means});
  }
  constexpr double kUnusedConfidence = 0.95;
  TIERWISE_ASSIGN_OR_RETURN(const PostStratifiedEffect effect, PostStratify(strata, kUnusedConfidence));
  return effect.estimate.gap == Gap::kNone ? effect.estimate.test.p : 1.0;
}

}  // namespace

v1::HealthCheck CheckSampleSize(const CampaignData& data) {
  constexpr char kName[] = "sample_size";
  const MetricData* primary = data.Primary();
  if (primary == nullptr) return Check(kName, v1::HEALTH_STATUS_OK, "The primary metric is not in this report.");
  std::vector<std::string> small;
  for (size_t tier = 0; tier < data.tiers.size(); ++tier) {
    for (size_t variant = 0; variant < data.variants.size(); ++variant) {
      if (data.tiers[tier].expected_share[variant] == 0.0) continue;
      const double events = EventsOf(primary->estimand, primary->cells[data.CellOf(tier, variant)]);
      if (events >= kEventsToStart) continue;
      small.push_back(absl::StrFormat("%s/%s (%.0f)", data.tiers[tier].id, data.variants[variant], events));
    }
  }
  if (small.empty()) {
    return Check(
        kName, v1::HEALTH_STATUS_OK,
        absl::StrFormat("Every arm of every tier has %.0f events on %s or more.", kEventsToStart, primary->id));
  }
  return Check(
      kName, v1::HEALTH_STATUS_WARNING,
      absl::StrFormat("Fewer than %.0f events on %s: %s. Their lifts can't be judged yet: wait, or merge small tiers.",
                      kEventsToStart, primary->id, absl::StrJoin(small, ", ")));
}

v1::HealthCheck CheckZeroVariance(const CampaignData& data) {
  constexpr char kName[] = "zero_variance";
  std::vector<std::string> constant;
  for (const MetricData& metric : data.metrics) {
    if (!metric.is_uncapped && !Varies(metric)) constant.push_back(metric.id);
  }
  if (constant.empty()) return Check(kName, v1::HEALTH_STATUS_OK, "Every metric varies.");
  return Check(
      kName, v1::HEALTH_STATUS_WARNING,
      absl::StrCat(
          "The same outcome for every user: ", absl::StrJoin(constant, ", "),
          ". Nothing can be tested: look whether the metric's events arrive, under the name it counts; for a tier "
          "movement, whether the tiering is refreshed."));
}

absl::StatusOr<v1::HealthCheck> CheckPreExposure(const CampaignData& data) {
  constexpr char kName[] = "pre_exposure_imbalance";
  std::optional<Imbalance> worst;
  int tests = 0;
  for (const MetricData& metric : data.metrics) {
    if (metric.is_uncapped || !metric.has_covariates()) continue;
    for (size_t variant = 0; variant < data.variants.size(); ++variant) {
      if (variant == static_cast<size_t>(data.control)) continue;
      for (int covariate = metric.outcome_variables(); covariate < metric.cells.front().size(); ++covariate) {
        TIERWISE_ASSIGN_OR_RETURN(const double p, ImbalanceP(data, metric, variant, covariate));
        ++tests;
        if (!worst.has_value() || p < worst->p) worst = {metric.id, data.variants[variant], p};
      }
    }
  }
  if (!worst.has_value()) return Check(kName, v1::HEALTH_STATUS_OK, "No metric has a covariate from before exposure.");
  const bool is_imbalance = worst->p < kImbalanceAlpha / tests;
  v1::HealthCheck check =
      is_imbalance
          ? Check(
                kName, v1::HEALTH_STATUS_FAILED,
                absl::StrFormat("Before exposure, %s of %s differs from the control's (p = %.2g, the smallest of %d). "
                                "No effect can reach back: find out who was left out, or exposed before.",
                                worst->metric, worst->variant, worst->p, tests))
          : Check(kName, v1::HEALTH_STATUS_OK,
                  absl::StrFormat("Before exposure the arms are alike (smallest p of %d: %.4g).", tests, worst->p));
  check.set_p_value(worst->p);
  return check;
}

}  // namespace tierwise
