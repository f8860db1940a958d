// SPDX-License-Identifier: Apache-2.0
#include "server/services/tuning_data.h"

#include <algorithm>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "experiments/analysis/health.h"
#include "experiments/base/status_macros.h"

namespace tierwise {
namespace {

// No metric's id: ids begin with a letter.
constexpr char kOutcomes[] = "~outcomes";

absl::Status CheckTunable(const v1::Campaign& campaign) {
  if (!campaign.has_economics()) {
    return absl::FailedPreconditionError(
        absl::StrCat("campaign \"", campaign.id(),
                     "\" has no economics: say what a conversion is worth, e.g. economics: {conversion_metric: ",
                     campaign.metrics().empty() ? "orders" : campaign.metrics(0), ", margin_per_conversion: 12}"));
  }
  const bool has_offer =
      std::any_of(campaign.variants().begin(), campaign.variants().end(),
                  [](const v1::Variant& variant) { return !variant.control() && variant.has_offer(); });
  if (has_offer) return absl::OkStatus();
  return absl::FailedPreconditionError(
      absl::StrCat("campaign \"", campaign.id(),
                   "\" has no offers: none of its variants has a dose, e.g. offer: {dose: 10, unit: percent_off}"));
}

v1::RatioPart PartOf(const v1::Metric& metric) {
  v1::RatioPart part;
  if (metric.has_conversion()) *part.mutable_conversion() = metric.conversion();
  if (metric.has_count()) *part.mutable_count() = metric.count();
  if (metric.has_sum()) *part.mutable_sum() = metric.sum();
  return part;
}

absl::StatusOr<std::vector<v1::Metric>> MetricsToGather(const LaunchedCampaign& launched) {
  std::vector<v1::Metric> metrics;
  for (const std::string& id : launched.campaign.metrics()) {
    const v1::Metric* metric = launched.definitions->FindMetric(id);
    if (metric == nullptr) return absl::InternalError(absl::StrCat("the catalog lacks metric \"", id, "\""));
    metrics.push_back(*metric);
  }
  TIERWISE_ASSIGN_OR_RETURN(v1::Metric outcomes, OutcomesMetric(launched));
  metrics.push_back(std::move(outcomes));
  return metrics;
}

bool IsTuned(const v1::Variant& variant) { return variant.control() || variant.has_offer(); }

TuningData ToTuningData(const v1::Campaign& campaign, const CampaignData& results, const MetricData& outcomes) {
  TuningData data;
  data.campaign = campaign.id();
  data.revision = campaign.meta().revision();
  data.as_of = results.as_of;
  data.economics = campaign.economics();
  for (const v1::Variant& variant : campaign.variants()) {
    if (IsTuned(variant)) data.variants.push_back(variant);
  }
  for (size_t tier = 0; tier < results.tiers.size(); ++tier) {
    TuningTier out{results.tiers[tier].id, results.UsersOfTier(tier), {}};
    if (out.users == 0) continue;
    for (int i = 0; i < campaign.variants_size(); ++i) {
      const JointMoments& moments = outcomes.cells[results.CellOf(tier, static_cast<size_t>(i))];
      if (IsTuned(campaign.variants(i)) && moments.n() > 0) out.cells.push_back({campaign.variants(i).id(), moments});
    }
    data.tiers.push_back(std::move(out));
  }
  return data;
}

}  // namespace

absl::StatusOr<v1::Metric> OutcomesMetric(const LaunchedCampaign& launched) {
  const v1::OfferEconomics& economics = launched.campaign.economics();
  const v1::Metric* conversions = launched.definitions->FindMetric(economics.conversion_metric());
  if (conversions == nullptr) return absl::InternalError("the catalog lacks the conversion metric");
  v1::Metric outcomes;
  outcomes.set_id(kOutcomes);
  *outcomes.mutable_window() = conversions->window();
  *outcomes.mutable_delay() = conversions->delay();
  if (economics.revenue_metric().empty()) {
    if (conversions->has_conversion()) *outcomes.mutable_conversion() = conversions->conversion();
    if (conversions->has_count()) *outcomes.mutable_count() = conversions->count();
    return outcomes;
  }
  const v1::Metric* revenue = launched.definitions->FindMetric(economics.revenue_metric());
  if (revenue == nullptr) return absl::InternalError("the catalog lacks the revenue metric");
  *outcomes.mutable_ratio()->mutable_numerator() = PartOf(*conversions);
  *outcomes.mutable_ratio()->mutable_denominator() = PartOf(*revenue);
  return outcomes;
}

absl::StatusOr<TuningEvidence> GatherTuning(const LaunchedCampaign& launched, EvidenceCache& evidence, int threads) {
  const v1::Campaign& campaign = launched.campaign;
  TIERWISE_RETURN_IF_ERROR(CheckTunable(campaign));
  EvidenceRequest request{campaign, launched.tiering, {}, launched.as_of, threads};
  TIERWISE_ASSIGN_OR_RETURN(request.metrics, MetricsToGather(launched));
  TIERWISE_ASSIGN_OR_RETURN(CampaignData results, evidence.Gather(request, launched.is_present));
  const MetricData outcomes = std::move(results.metrics.back());
  results.metrics.pop_back();
  if (results.TotalUsers() == 0) {
    return absl::FailedPreconditionError(absl::StrCat("no user of campaign \"", campaign.id(), "\" was exposed yet"));
  }
  TuningEvidence gathered{ToTuningData(campaign, results, outcomes), {}};
  TIERWISE_ASSIGN_OR_RETURN(std::vector<v1::HealthCheck> checks, CheckHealth(results));
  for (v1::HealthCheck& check : checks) {
    if (check.status() == v1::HEALTH_STATUS_FAILED) gathered.failed_checks.push_back(std::move(check));
  }
  return gathered;
}

}  // namespace tierwise
