// SPDX-License-Identifier: Apache-2.0
#include "experiments/analysis/report.h"

#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "experiments/analysis/comparison.h"
#include "experiments/analysis/health.h"
#include "experiments/base/problems.h"
#include "experiments/base/proto_time.h"
#include "experiments/base/status_macros.h"

namespace tierwise {
namespace {

v1::Cohort CohortOf(const CampaignData& data) {
  v1::Cohort cohort;
  cohort.set_users(data.TotalUsers());
  cohort.set_users_in_two_variants(data.users_in_two_variants);
  cohort.set_users_of_earlier_phases(data.users_of_earlier_phases);
  cohort.set_forced_users(data.forced_users);
  cohort.set_users_in_unknown_cells(data.users_in_unknown_cells);
  for (size_t tier = 0; tier < data.tiers.size(); ++tier) {
    for (size_t variant = 0; variant < data.variants.size(); ++variant) {
      v1::Cell* cell = cohort.add_cells();
      cell->set_tier(data.tiers[tier].id);
      cell->set_variant(data.variants[variant]);
      cell->set_users(data.users[data.CellOf(tier, variant)]);
      cell->set_expected_share(data.tiers[tier].expected_share[variant]);
      cell->set_phase(data.tiers[tier].phase);
    }
  }
  if (cohort.users() > 0) {
    *cohort.mutable_first_exposure() = ToProto(data.first_exposure);
    *cohort.mutable_last_exposure() = ToProto(data.last_exposure);
  }
  return cohort;
}

// Per variant, all tiers together.
std::vector<JointMoments> OverTiers(const CampaignData& data, const MetricData& metric) {
  std::vector<JointMoments> merged(data.variants.size());
  for (size_t tier = 0; tier < data.tiers.size(); ++tier) {
    for (size_t variant = 0; variant < merged.size(); ++variant) {
      merged[variant].Merge(metric.cells[data.CellOf(tier, variant)]);
    }
  }
  return merged;
}

void AddArms(const CampaignData& data, Estimand estimand, absl::string_view tier, absl::Span<const JointMoments> arms,
             v1::MetricReport& report) {
  for (size_t variant = 0; variant < arms.size(); ++variant) {
    v1::ArmSummary* summary = report.add_arms();
    *summary = SummarizeArm(estimand, arms[variant]);
    summary->set_tier(std::string(tier));
    summary->set_variant(data.variants[variant]);
  }
}

absl::Status AddComparison(absl::StatusOr<v1::Comparison> comparison, const MetricData& metric, absl::string_view tier,
                           const std::string& variant, v1::MetricReport& report) {
  if (!comparison.ok()) {
    return absl::InvalidArgumentError(absl::StrCat("metric ", metric.id, ", tier ", tier.empty() ? "(all)" : tier, ", variant ",
                                                   variant, ": ", comparison.status().message()));
  }
  comparison->set_tier(std::string(tier));
  comparison->set_variant(variant);
  *report.add_comparisons() = *std::move(comparison);
  return absl::OkStatus();
}

absl::StatusOr<v1::MetricReport> ReportOf(const CampaignData& data, const MetricData& metric, double confidence) {
  v1::MetricReport report;
  report.set_metric(metric.id);
  report.set_metric_revision(metric.revision);
  *report.mutable_window() = ToProto(metric.window);
  *report.mutable_delay() = ToProto(metric.delay);
  report.set_users_with_open_window(metric.users_with_open_window);

  const auto control = static_cast<size_t>(data.control);
  for (size_t tier = 0; tier < data.tiers.size(); ++tier) {
    const auto arms = absl::MakeConstSpan(metric.cells).subspan(data.CellOf(tier, 0), data.variants.size());
    AddArms(data, metric.estimand, data.tiers[tier].id, arms, report);
    for (size_t variant = 0; variant < arms.size(); ++variant) {
      if (variant == control) continue;
      TIERWISE_RETURN_IF_ERROR(AddComparison(CompareArms(metric.estimand, arms[control], arms[variant], confidence), metric,
                                             data.tiers[tier].id, data.variants[variant], report));
    }
  }
  const std::vector<JointMoments> merged = OverTiers(data, metric);
  AddArms(data, metric.estimand, "", merged, report);
  for (size_t variant = 0; variant < merged.size(); ++variant) {
    if (variant == control) continue;
    TIERWISE_RETURN_IF_ERROR(AddComparison(ComparePostStratified(data, metric, variant, confidence), metric, "",
                                           data.variants[variant], report));
    TIERWISE_RETURN_IF_ERROR(AddComparison(CompareArms(metric.estimand, merged[control], merged[variant], confidence),
                                           metric, "", data.variants[variant], report));
  }
  return report;
}

}  // namespace

absl::StatusOr<v1::Report> BuildReport(const CampaignData& data, double confidence) {
  // The comparison is false for NaN.
  if (!(confidence >= 0.5 && confidence <= 0.9999)) {
    return InvalidField("confidence", absl::StrCat("must be from 0.5 to 0.9999; it is ", confidence));
  }
  v1::Report report;
  report.set_campaign(data.id);
  report.set_campaign_revision(data.revision);
  *report.mutable_as_of() = ToProto(data.as_of);
  *report.mutable_cohort() = CohortOf(data);
  TIERWISE_ASSIGN_OR_RETURN(std::vector<v1::HealthCheck> checks, CheckHealth(data));
  for (v1::HealthCheck& check : checks) *report.add_checks() = std::move(check);
  for (const MetricData& metric : data.metrics) {
    TIERWISE_ASSIGN_OR_RETURN(*report.add_metrics(), ReportOf(data, metric, confidence));
  }
  return report;
}

}  // namespace tierwise
