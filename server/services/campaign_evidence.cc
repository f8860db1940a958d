// SPDX-License-Identifier: Apache-2.0
#include "server/services/campaign_evidence.h"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "experiments/analysis/quantile_comparison.h"
#include "experiments/analysis/sequential_test.h"
#include "experiments/assignment/campaign_check.h"
#include "experiments/base/proto_time.h"
#include "experiments/base/status_macros.h"
#include "experiments/evidence/evidence.h"
#include "experiments/evidence/metric_plan.h"

namespace tierwise {
namespace {

const v1::TierPlan* PlanOf(const v1::Campaign& campaign, const std::string& tier) {
  const v1::TierPlan* for_others = nullptr;
  for (const v1::TierPlan& plan : campaign.tier_plans()) {
    if (plan.tier() == tier) return &plan;
    if (plan.tier() == kEveryOtherTier) for_others = &plan;
  }
  return for_others;
}

// The tier's phase, and the shares that its weights give the variants.
TierDesign DesignOf(const v1::Campaign& campaign, const std::string& tier) {
  TierDesign design{tier, 0, std::vector<double>(static_cast<size_t>(campaign.variants_size()), 0.0)};
  const v1::TierPlan* plan = PlanOf(campaign, tier);
  if (plan == nullptr) return design;
  design.phase = plan->phase();
  double total = 0.0;
  for (const v1::Arm& arm : plan->arms()) total += arm.weight();
  for (const v1::Arm& arm : plan->arms()) {
    for (int i = 0; i < campaign.variants_size(); ++i) {
      if (campaign.variants(i).id() == arm.variant())
        design.expected_share[static_cast<size_t>(i)] = arm.weight() / total;
    }
  }
  return design;
}

Estimand EstimandOf(const v1::Metric& metric) {
  switch (metric.kind_case()) {
    case v1::Metric::kConversion:
    case v1::Metric::kRetention:
    case v1::Metric::kTierMovement:
      return Estimand::kRate;
    case v1::Metric::kRatio:
      return Estimand::kRatio;
    case v1::Metric::kQuantile:
      return Estimand::kQuantile;
    default:
      return Estimand::kMean;
  }
}

// The metrics to compute: those asked for, each that has a cap followed by itself without.
std::vector<v1::Metric> WithUncapped(const std::vector<v1::Metric>& asked) {
  std::vector<v1::Metric> metrics;
  for (const v1::Metric& metric : asked) {
    metrics.push_back(metric);
    if (!metric.has_cap() && !metric.has_cap_quantile()) continue;
    metrics.push_back(metric);
    metrics.back().clear_cap();
    metrics.back().clear_cap_quantile();
  }
  return metrics;
}

const v1::Guardrail* GuardrailOf(const v1::Campaign& campaign, const std::string& metric) {
  for (const v1::Guardrail& guardrail : campaign.analysis().guardrails()) {
    if (guardrail.metric() == metric) return &guardrail;
  }
  return nullptr;
}

// What the campaign measures `metric` for.
void SetRole(const v1::Campaign& campaign, MetricData& metric) {
  if (campaign.metrics_size() > 0 && campaign.metrics(0) == metric.id) {
    metric.role = v1::METRIC_ROLE_PRIMARY;
  } else if (const v1::Guardrail* guardrail = GuardrailOf(campaign, metric.id); guardrail != nullptr) {
    metric.role = v1::METRIC_ROLE_GUARDRAIL;
    metric.margin = guardrail->margin();
  }
}

CampaignData DesignData(const EvidenceRequest& request) {
  CampaignData data;
  data.rules = RulesOf(request.campaign);
  data.secondary_metrics = request.campaign.metrics_size() - 1 - request.campaign.analysis().guardrails_size();
  data.id = request.campaign.id();
  data.revision = request.campaign.meta().revision();
  data.as_of = request.as_of;
  for (const v1::Tier& tier : request.tiering.tiers()) data.tiers.push_back(DesignOf(request.campaign, tier.id()));
  for (int i = 0; i < request.campaign.variants_size(); ++i) {
    data.variants.push_back(request.campaign.variants(i).id());
    if (request.campaign.variants(i).control()) data.control = i;
  }
  return data;
}

// The place of the primary metric, with its cap, in `metrics`; nullopt where it was not asked for.
std::optional<size_t> PrimaryAt(const v1::Campaign& campaign, const std::vector<v1::Metric>& metrics) {
  for (size_t i = 0; i < metrics.size(); ++i) {
    if (campaign.metrics_size() > 0 && metrics[i].id() == campaign.metrics(0)) return i;
  }
  return std::nullopt;
}

// Asks for what only the primary metric gets: where users went, how it grew, and its events before exposure.
void AskOfPrimary(const CampaignData& design, size_t primary, EvidenceSpec& spec) {
  const PlannedMetric& metric = spec.plan.metrics[primary];
  spec.flow_window_micros = metric.window_end_micros;
  if (IsMovement(metric.variables.front().kind)) return;
  if (design.rules.start != absl::InfinitePast()) {
    spec.early = EarlyEventSpec{metric.variables.front().event, absl::ToUnixMicros(design.rules.start)};
  }
  if (metric.keeps_values || metric.cap_quantile.has_value()) return;
  PathSpec path{primary, {}};
  for (const absl::Time look : LooksBefore(design.rules, design.as_of, absl::Microseconds(metric.window_end_micros))) {
    path.looks_micros.push_back(absl::ToUnixMicros(look));
  }
  if (!path.looks_micros.empty()) spec.path = std::move(path);
}

EvidenceSpec SpecOf(const EvidenceRequest& request, const std::vector<v1::Metric>& wanted, const CampaignData& design) {
  EvidenceSpec spec;
  spec.variants = static_cast<int>(design.variants.size());
  std::vector<std::string> tiers;
  for (const TierDesign& tier : design.tiers) {
    spec.current_phase.push_back(tier.phase);
    tiers.push_back(tier.id);
  }
  std::vector<const v1::Metric*> metrics;
  for (const v1::Metric& metric : wanted) metrics.push_back(&metric);
  spec.plan = PlanMetrics(metrics, tiers);
  spec.as_of_micros = absl::ToUnixMicros(request.as_of);
  spec.threads = request.threads;
  if (const auto primary = PrimaryAt(request.campaign, wanted); primary.has_value()) {
    AskOfPrimary(design, *primary, spec);
  }
  return spec;
}

// Quantiles per cell and, over all tiers, per variant.
absl::Status FillQuantiles(const v1::EventQuantile& quantile, const std::vector<CellValues>& cells, size_t variants,
                           MetricData& metric) {
  std::vector<CellValues> merged(variants);
  for (size_t cell = 0; cell < cells.size(); ++cell) {
    const CellValues& values = cells[cell];
    TIERWISE_ASSIGN_OR_RETURN(metric.quantiles.emplace_back(),
                              ArmQuantile(values.values, values.user_values, quantile.probability()));
    CellValues& all = merged[cell % variants];
    all.values.insert(all.values.end(), values.values.begin(), values.values.end());
    all.user_values.insert(all.user_values.end(), values.user_values.begin(), values.user_values.end());
  }
  for (const CellValues& values : merged) {
    TIERWISE_ASSIGN_OR_RETURN(metric.variant_quantiles.emplace_back(),
                              ArmQuantile(values.values, values.user_values, quantile.probability()));
  }
  return absl::OkStatus();
}

absl::StatusOr<MetricData> MetricDataOf(const v1::Campaign& campaign, const v1::Metric& metric, size_t variants,
                                        MetricEvidence evidence) {
  MetricData out;
  out.id = metric.id();
  out.revision = metric.meta().revision();
  out.estimand = EstimandOf(metric);
  out.window = FromProto(metric.window());
  out.delay = FromProto(metric.delay());
  out.direction = metric.direction();
  SetRole(campaign, out);
  out.users_with_open_window = evidence.users_with_open_window;
  out.found_cap = evidence.found_cap;
  out.cells = std::move(evidence.moments);
  if (metric.has_quantile()) {
    TIERWISE_RETURN_IF_ERROR(FillQuantiles(metric.quantile(), evidence.values, variants, out));
  }
  return out;
}

absl::Status FillFrom(Evidence evidence, const v1::Campaign& campaign, const std::vector<v1::Metric>& metrics,
                      CampaignData& data) {
  if (evidence.has_too_many_values) {
    return absl::ResourceExhaustedError(
        absl::StrCat("the metrics of the kind quantile have more than ", EvidenceSpec().most_values,
                     " event values: ask for fewer of them at once, or shorten their windows"));
  }
  data.users_in_two_variants = evidence.cohort.users_in_two_variants;
  data.users_of_earlier_phases = evidence.cohort.users_of_earlier_phases;
  data.forced_users = evidence.cohort.forced_users;
  data.users_in_unknown_cells = evidence.cohort.users_in_unknown_cells;
  if (evidence.first_exposure_micros.has_value()) {
    data.first_exposure = absl::FromUnixMicros(*evidence.first_exposure_micros);
    data.last_exposure = absl::FromUnixMicros(*evidence.last_exposure_micros);
  }
  data.users = std::move(evidence.users);
  data.daily_users = std::move(evidence.daily_users);
  data.days_per_row = evidence.days_per_row;
  data.early_users = std::move(evidence.early_users);
  data.flows = std::move(evidence.flows);
  for (size_t i = 0; i < metrics.size(); ++i) {
    TIERWISE_ASSIGN_OR_RETURN(MetricData metric,
                              MetricDataOf(campaign, metrics[i], data.variants.size(), std::move(evidence.metrics[i])));
    metric.is_uncapped = i > 0 && metrics[i - 1].id() == metric.id;
    data.metrics.push_back(std::move(metric));
  }
  const auto primary = PrimaryAt(campaign, metrics);
  if (primary.has_value()) data.metrics[*primary].path = std::move(evidence.path);
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<CampaignData> GatherEvidence(const FactSources& sources, const EvidenceRequest& request) {
  EventLog& events = sources.events;
  CampaignData data = DesignData(request);
  const std::vector<v1::Metric> metrics = WithUncapped(request.metrics);
  EvidenceSpec spec = SpecOf(request, metrics, data);
  const std::vector<std::string> event_names = spec.plan.event_names;
  EvidenceJoin join(std::move(spec));

  ExposureScan exposures{data.id, data.variants, {}, request.as_of};
  for (const TierDesign& tier : data.tiers) exposures.tiers.push_back(tier.id);
  TIERWISE_RETURN_IF_ERROR(
      events.ScanExposures(exposures, [&join](const ExposureColumns& columns) { join.AddExposures(columns); }));
  if (const std::optional<TimeRange> needed = join.EventsNeeded(); needed.has_value()) {
    const EventScan scan{event_names, absl::FromUnixMicros(needed->begin_micros),
                         absl::FromUnixMicros(needed->end_micros), request.as_of};
    TIERWISE_RETURN_IF_ERROR(
        events.ScanEvents(scan, [&join](const EventColumns& columns) { join.AddEvents(columns); }));
  }
  if (const std::optional<TimeRange> needed = join.MovesNeeded(); needed.has_value() && sources.moves != nullptr) {
    const MoveScan scan{request.campaign.tiering(), exposures.tiers, absl::FromUnixMicros(needed->end_micros),
                        request.as_of};
    TIERWISE_RETURN_IF_ERROR(
        sources.moves->ScanMoves(scan, [&join](const MoveColumns& columns) { join.AddMoves(columns); }));
  }
  TIERWISE_RETURN_IF_ERROR(FillFrom(join.Finish(), request.campaign, metrics, data));
  return data;
}

}  // namespace tierwise
