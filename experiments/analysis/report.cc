// SPDX-License-Identifier: Apache-2.0
#include "experiments/analysis/report.h"

#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "experiments/analysis/claims.h"
#include "experiments/analysis/data_check.h"
#include "experiments/analysis/decisions.h"
#include "experiments/analysis/health.h"
#include "experiments/analysis/metric_analysis.h"
#include "experiments/analysis/sequential_test.h"
#include "experiments/analysis/stopping.h"
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

absl::StatusOr<SequentialTest> TestOf(const CampaignData& data, double variant_level) {
  ReadingTime time{data.as_of, data.first_exposure, absl::ZeroDuration()};
  if (const MetricData* primary = data.Primary()) time.outcome_delay = primary->delay + primary->window;
  return SequentialTest::Create(data.rules, time, variant_level);
}

v1::SequentialState StateOf(const CampaignData& data, const SequentialTest& test, double variant_level,
                            const MetricAnalysis& primary) {
  v1::SequentialState state;
  state.set_rule(test.RuleName());
  if (test.horizon() != absl::InfiniteFuture()) state.set_information_fraction(test.elapsed_share());
  state.set_looks(test.looks());
  double users = 0.0;
  bool has_started = true;
  for (size_t variant = 0; variant < primary.overall.size(); ++variant) {
    if (variant == static_cast<size_t>(data.control)) continue;
    users = std::max(users, primary.overall[variant].users);
    has_started = has_started && primary.overall[variant].has_started;
  }
  const double critical = test.CriticalValue(variant_level, users);
  if (std::isfinite(critical)) state.set_critical_value(critical);
  state.set_started(has_started && std::isfinite(critical) && test.IsOpen());
  return state;
}

void AddFlows(const CampaignData& data, v1::Report& report) {
  const size_t tiers = data.tiers.size();
  for (size_t at = 0; at < data.flows.size(); ++at) {
    if (data.flows[at] == 0) continue;
    v1::TierFlow& flow = *report.add_tier_flows();
    const size_t cell = at / tiers;
    flow.set_from(data.tiers[cell / data.variants.size()].id);
    flow.set_variant(data.variants[cell % data.variants.size()]);
    flow.set_to(data.tiers[at % tiers].id);
    flow.set_users(data.flows[at]);
  }
}

bool IsHealthy(absl::Span<const v1::HealthCheck> checks) {
  return std::none_of(checks.begin(), checks.end(),
                      [](const v1::HealthCheck& check) { return check.status() == v1::HEALTH_STATUS_FAILED; });
}

}  // namespace

absl::StatusOr<v1::Report> BuildReport(const CampaignData& data, double confidence) {
  // The comparison is false for NaN.
  if (!(confidence >= 0.5 && confidence <= 0.9999)) {
    return InvalidField("confidence", absl::StrCat("must be from 0.5 to 0.9999; it is ", confidence));
  }
  TIERWISE_RETURN_IF_ERROR(CheckCampaignData(data));
  v1::Report report;
  report.set_campaign(data.id);
  report.set_campaign_revision(data.revision);
  *report.mutable_as_of() = ToProto(data.as_of);
  *report.mutable_cohort() = CohortOf(data);
  TIERWISE_ASSIGN_OR_RETURN(std::vector<v1::HealthCheck> checks, CheckHealth(data));
  const AnalysisLevels levels{confidence, data.rules.alpha / static_cast<double>(data.variants.size() - 1)};
  TIERWISE_ASSIGN_OR_RETURN(const SequentialTest test, TestOf(data, levels.variant_level));
  std::vector<MetricAnalysis> metrics;
  for (const MetricData& metric : data.metrics) {
    TIERWISE_ASSIGN_OR_RETURN(metrics.emplace_back(), AnalyzeMetric(data, metric, test, levels));
  }
  const bool is_allowed = IsHealthy(checks) && test.IsOpen();
  TIERWISE_RETURN_IF_ERROR(MakeClaims(data, test, is_allowed, absl::MakeSpan(metrics)));
  for (v1::Decision& decision : Decide(data, test, checks, metrics)) *report.add_decisions() = std::move(decision);
  for (MetricAnalysis& metric : metrics) {
    if (metric.metric == data.Primary()) {
      v1::SequentialState& state = *metric.report.mutable_sequential();
      state = StateOf(data, test, levels.variant_level, metric);
      if (is_allowed) {
        TIERWISE_ASSIGN_OR_RETURN(const auto stopped, StoppedEstimates(data, test, metric, levels.variant_level));
        state.mutable_stopped()->Assign(stopped.begin(), stopped.end());
      }
    }
    *report.add_metrics() = std::move(metric.report);
  }
  for (v1::HealthCheck& check : checks) *report.add_checks() = std::move(check);
  AddFlows(data, report);
  return report;
}

}  // namespace tierwise
