// SPDX-License-Identifier: Apache-2.0
#include "server/services/policy_worth.h"

#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "experiments/assignment/field_checks.h"
#include "experiments/base/problems.h"
#include "experiments/base/status_macros.h"
#include "experiments/tuning/offer_economics.h"
#include "server/services/tuning_data.h"

namespace tierwise {
namespace {

absl::StatusOr<PolicyWorth> WorthByMetric(const LaunchedCampaign& launched, const std::string& id) {
  Problems problems;
  const std::vector<absl::string_view> known(launched.campaign.metrics().begin(), launched.campaign.metrics().end());
  CheckKnown(id, known, "metric of the campaign", "metric", problems);
  TIERWISE_RETURN_IF_ERROR(problems.ToStatus());
  const v1::Metric* metric = launched.definitions->FindMetric(id);
  if (metric == nullptr) return absl::InternalError(absl::StrCat("the catalog lacks metric \"", id, "\""));
  if (!metric->has_conversion() && !metric->has_count() && !metric->has_sum() && !metric->has_retention()) {
    return InvalidField("metric", absl::StrCat("\"", id, "\" has not one number per user"));
  }
  const double sign = metric->direction() == v1::DIRECTION_DECREASE ? -1.0 : 1.0;
  PolicyWorth worth{*metric, [sign](const std::vector<double>& outcomes, size_t) { return sign * outcomes[0]; }};
  worth.metric.clear_covariate_window();
  return worth;
}

}  // namespace

absl::StatusOr<PolicyWorth> WorthOf(const LaunchedCampaign& launched, const std::string& metric) {
  if (!metric.empty()) return WorthByMetric(launched, metric);
  if (!launched.campaign.has_economics()) {
    return absl::FailedPreconditionError(
        absl::StrCat("campaign \"", launched.campaign.id(), "\" has no economics to value a rule by; name a metric"));
  }
  const v1::OfferEconomics& economics = launched.campaign.economics();
  std::vector<LinearInOutcome> profit;
  for (const v1::Variant& variant : launched.campaign.variants()) {
    profit.push_back(Difference(MarginPerUser(economics), CostPerUser(CostWithDefaults(variant.offer()), economics)));
  }
  PolicyWorth worth;
  TIERWISE_ASSIGN_OR_RETURN(worth.metric, OutcomesMetric(launched));
  worth.worth = [profit = std::move(profit)](const std::vector<double>& outcomes, size_t variant) {
    return profit[variant].At(outcomes[0], outcomes.size() > 1 ? outcomes[1] : 0.0);
  };
  return worth;
}

}  // namespace tierwise
