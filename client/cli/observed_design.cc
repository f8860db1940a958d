// SPDX-License-Identifier: Apache-2.0
#include "client/cli/observed_design.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "client/cli/catalog.h"
#include "client/cli/suggestion.h"
#include "client/cli/summary_data.h"
#include "client/cli/time_text.h"
#include "experiments/analysis/analysis_rules.h"
#include "experiments/analysis/report.h"
#include "experiments/base/problems.h"
#include "experiments/base/status_macros.h"
#include "tierwise/v1/report_service.pb.h"

namespace tierwise {
namespace {

constexpr double kUnknown = std::numeric_limits<double>::quiet_NaN();

absl::StatusOr<const v1::MetricReport*> FindMetric(const v1::Report& report, const std::string& id) {
  std::vector<std::string> known;
  for (const v1::MetricReport& metric : report.metrics()) {
    if (metric.uncapped()) continue;
    if (id.empty() || metric.metric() == id) return &metric;
    known.push_back(metric.metric());
  }
  return InvalidField("--metric", absl::StrCat("the campaign has no metric `", id, "`", Suggestion(id, known)));
}

// 1 - rho^2 is the share of the unadjusted squared error that adjustment leaves.
double CorrelationOf(const v1::MetricReport& metric) {
  double plain = 0.0, adjusted = 0.0;
  for (const v1::Comparison& row : metric.comparisons()) {
    if (!row.tier().empty() || !row.difference().has_standard_error()) continue;
    if (row.estimator() == v1::ESTIMATOR_POST_STRATIFIED && plain == 0.0) plain = row.difference().standard_error();
    if (row.estimator() == v1::ESTIMATOR_ADJUSTED_POST_STRATIFIED && adjusted == 0.0) {
      adjusted = row.difference().standard_error();
    }
  }
  if (!(plain > 0.0) || !(adjusted > 0.0)) return 0.0;
  return std::sqrt(std::max(0.0, 1.0 - adjusted * adjusted / (plain * plain)));
}

double UsersPerDay(const v1::Cohort& cohort) {
  if (!cohort.has_first_exposure() || !cohort.has_last_exposure()) return 0.0;
  const double days =
      absl::FDivDuration(FromProto(cohort.last_exposure()) - FromProto(cohort.first_exposure()), absl::Hours(24));
  return days > 0.0 ? static_cast<double>(cohort.users()) / std::max(1.0, days) : 0.0;
}

}  // namespace

absl::StatusOr<PlanningDesign> DesignOf(const v1::Report& report, const v1::Campaign& campaign, bool is_rate,
                                        const std::string& metric_id) {
  TIERWISE_ASSIGN_OR_RETURN(const v1::MetricReport* metric, FindMetric(report, metric_id));
  std::string control;
  for (const v1::Variant& variant : campaign.variants()) {
    if (variant.control()) control = variant.id();
  }
  std::map<std::string, double> users;
  for (const v1::Cell& cell : report.cohort().cells()) users[cell.tier()] += static_cast<double>(cell.users());
  PlanningDesign design;
  design.name = report.campaign();
  design.is_rate = is_rate;
  const AnalysisRules rules = RulesOf(campaign);
  double covered = 0.0;
  for (const v1::ArmSummary& arm : metric->arms()) {
    if (arm.tier().empty() || arm.variant() != control || arm.users() == 0 || !arm.has_mean()) continue;
    const double n = static_cast<double>(arm.users());
    const double sd = is_rate || !arm.has_standard_error() ? kUnknown : arm.standard_error() * std::sqrt(n);
    const double lift = rules.worthwhile_lift > 0.0 ? rules.worthwhile_lift : kUnknown;
    design.tiers.push_back({arm.tier(), users[arm.tier()], arm.mean(), lift, sd});
    covered += users[arm.tier()];
  }
  if (design.tiers.empty()) {
    return InvalidField("--from-campaign", absl::StrCat("no tier of ", report.campaign(),
                                                        " has users in the control: there is no baseline yet"));
  }
  for (PlannedTier& tier : design.tiers) tier.share /= covered;
  design.variants = campaign.variants_size();
  design.alpha = rules.alpha;
  design.rule = rules.sequential_rule;
  design.correlation = std::min(0.99, CorrelationOf(*metric));
  design.users_per_day = UsersPerDay(report.cohort());
  if (metric->has_window()) {
    design.window_days = absl::FDivDuration(FromProto(metric->window()) + FromProto(metric->delay()), absl::Hours(24));
  }
  return design;
}

absl::StatusOr<PlanningDesign> ObservedDesign(const std::string& campaign, const std::string& file,
                                              const std::string& metric, const Invocation& invocation) {
  const auto is_rate = [](const v1::Metric& definition) {
    return definition.has_conversion() || definition.has_retention() || definition.has_tier_movement();
  };
  if (campaign.empty()) {
    TIERWISE_ASSIGN_OR_RETURN(const SummarySource source,
                              ReadSummary({file, CellFormat::kByName, ""}, invocation.terminal));
    TIERWISE_ASSIGN_OR_RETURN(SummaryData summary, AssembleSummary(source, {"", std::nullopt, absl::Now()}));
    TIERWISE_ASSIGN_OR_RETURN(const v1::Report report, BuildReport(summary.data, 0.95));
    TIERWISE_ASSIGN_OR_RETURN(const v1::MetricReport* chosen, FindMetric(report, metric));
    return DesignOf(report, summary.campaign, is_rate(summary.metrics[chosen->metric()]), metric);
  }
  const Connection connection(invocation.connection);
  v1::GetReportRequest request;
  request.set_campaign(campaign);
  v1::GetReportResponse response;
  TIERWISE_RETURN_IF_ERROR(connection.Call(request, &response));
  TIERWISE_ASSIGN_OR_RETURN(const v1::Definition definition,
                            FetchDefinition(connection, absl::StrCat("campaigns/", campaign)));
  TIERWISE_ASSIGN_OR_RETURN(const v1::MetricReport* chosen, FindMetric(response.report(), metric));
  TIERWISE_ASSIGN_OR_RETURN(const v1::Definition metric_definition,
                            FetchDefinition(connection, absl::StrCat("metrics/", chosen->metric())));
  return DesignOf(response.report(), definition.campaign(), is_rate(metric_definition.metric()), metric);
}

}  // namespace tierwise
