// SPDX-License-Identifier: Apache-2.0
#include "experiments/analysis/lift_prior.h"

#include <cmath>
#include <optional>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "experiments/analysis/campaign_data.h"
#include "experiments/analysis/data_check.h"
#include "experiments/analysis/health.h"
#include "experiments/analysis/metric_analysis.h"
#include "experiments/base/status_macros.h"

namespace tierwise {
namespace {

// A control's mean nearer to 0 than this many standard errors leaves the lift's error far from normal.
constexpr double kLeastControlZ = 5.0;
constexpr double kUnusedConfidence = 0.95;

bool IsHealthy(absl::Span<const v1::HealthCheck> checks) {
  for (const v1::HealthCheck& check : checks) {
    if (check.status() == v1::HEALTH_STATUS_FAILED) return false;
  }
  return true;
}

// The error is that of the linear contrast at the lift found.
std::optional<PastCampaign::Lift> LiftOf(const ArmMeans& means) {
  const double control = std::abs(means.control);
  if (!(control > kLeastControlZ * std::sqrt(means.control_variance))) return std::nullopt;
  const double lift = (means.treatment - means.control) / control;
  const double ratio = means.treatment / means.control;
  const double variance =
      means.treatment_variance + ratio * ratio * means.control_variance - 2.0 * ratio * means.covariance;
  if (!(variance > 0.0) || !std::isfinite(lift)) return std::nullopt;
  return PastCampaign::Lift{lift, std::sqrt(variance) / control};
}

}  // namespace

std::string LiftPrior::Words() const {
  std::string source;
  switch (lift.kind) {
    case PriorKind::kPastCampaigns:
      source = absl::StrCat("learnt from ", campaigns, " campaigns");
      break;
    case PriorKind::kChosen:
      source = "as given";
      break;
    default:
      source = "weakly informative";
  }
  return absl::StrFormat("lift ~ N(%.3g, %.3g^2), %s", lift.mean, lift.sd, source);
}

absl::StatusOr<PastCampaign> PastLiftsOf(const CampaignData& data) {
  PastCampaign past;
  const MetricData* primary = data.Primary();
  TIERWISE_RETURN_IF_ERROR(CheckCampaignData(data));
  if (primary == nullptr || data.TotalUsers() == 0) return past;
  TIERWISE_ASSIGN_OR_RETURN(const std::vector<v1::HealthCheck> checks, CheckHealth(data));
  if (!IsHealthy(checks)) return past;
  AnalysisRules rules = data.rules;
  rules.sequential_rule = v1::SEQUENTIAL_RULE_FIXED_HORIZON;
  TIERWISE_ASSIGN_OR_RETURN(const SequentialTest test,
                            SequentialTest::Create(rules, {data.as_of, data.first_exposure, {}}, rules.alpha));
  TIERWISE_ASSIGN_OR_RETURN(const MetricAnalysis analysis,
                            AnalyzeMetric(data, *primary, test, {kUnusedConfidence, rules.alpha}));
  for (const DecidingEvidence& variant : analysis.overall) {
    if (!variant.means.has_value()) continue;
    if (const auto lift = LiftOf(*variant.means); lift.has_value()) past.lifts.push_back(*lift);
  }
  return past;
}

LiftPrior LearnLiftPrior(absl::Span<const PastCampaign> campaigns) {
  LiftPrior prior;
  std::vector<TierEffect> effects;
  int with_lifts = 0;
  for (const PastCampaign& campaign : campaigns) {
    with_lifts += campaign.lifts.empty() ? 0 : 1;
    for (const PastCampaign::Lift& lift : campaign.lifts) effects.push_back({lift.lift, lift.se});
  }
  if (with_lifts < kLeastPastCampaigns) return prior;
  const auto learnt = PriorFromPastCampaigns(effects);
  if (!learnt.ok() || !std::isfinite(learnt->sd) || !(learnt->sd > 0.0)) return prior;
  prior.lift = *learnt;
  prior.campaigns = with_lifts;
  return prior;
}

}  // namespace tierwise
