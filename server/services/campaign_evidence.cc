// SPDX-License-Identifier: Apache-2.0
#include "server/services/campaign_evidence.h"

#include <algorithm>
#include <cstdint>
#include <utility>

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
      return Estimand::kRate;
    case v1::Metric::kRatio:
      return Estimand::kRatio;
    default:
      return Estimand::kMean;
  }
}

// The metrics to compute: those asked for, each that has a cap followed by itself without.
std::vector<v1::Metric> WithUncapped(const std::vector<v1::Metric>& asked) {
  std::vector<v1::Metric> metrics;
  for (const v1::Metric& metric : asked) {
    metrics.push_back(metric);
    if (!metric.has_cap()) continue;
    metrics.push_back(metric);
    metrics.back().clear_cap();
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

EvidenceSpec SpecOf(const EvidenceRequest& request, const std::vector<v1::Metric>& wanted, const CampaignData& design) {
  EvidenceSpec spec;
  spec.variants = static_cast<int>(design.variants.size());
  for (const TierDesign& tier : design.tiers) spec.current_phase.push_back(tier.phase);
  std::vector<const v1::Metric*> metrics;
  for (const v1::Metric& metric : wanted) metrics.push_back(&metric);
  spec.plan = PlanMetrics(metrics);
  spec.as_of_micros = absl::ToUnixMicros(request.as_of);
  spec.threads = request.threads;
  return spec;
}

void FillFrom(Evidence evidence, const v1::Campaign& campaign, const std::vector<v1::Metric>& metrics,
              CampaignData& data) {
  data.users_in_two_variants = evidence.cohort.users_in_two_variants;
  data.users_of_earlier_phases = evidence.cohort.users_of_earlier_phases;
  data.forced_users = evidence.cohort.forced_users;
  data.users_in_unknown_cells = evidence.cohort.users_in_unknown_cells;
  if (evidence.first_exposure_micros.has_value()) {
    data.first_exposure = absl::FromUnixMicros(*evidence.first_exposure_micros);
    data.last_exposure = absl::FromUnixMicros(*evidence.last_exposure_micros);
  }
  data.users = std::move(evidence.users);
  for (size_t i = 0; i < metrics.size(); ++i) {
    const v1::Metric& metric = metrics[i];
    MetricData out;
    out.id = metric.id();
    out.revision = metric.meta().revision();
    out.estimand = EstimandOf(metric);
    out.window = FromProto(metric.window());
    out.delay = FromProto(metric.delay());
    out.direction = metric.direction();
    out.is_uncapped = i > 0 && metrics[i - 1].id() == metric.id();
    SetRole(campaign, out);
    out.users_with_open_window = evidence.metrics[i].users_with_open_window;
    out.cells = std::move(evidence.metrics[i].moments);
    data.metrics.push_back(std::move(out));
  }
}

}  // namespace

absl::StatusOr<CampaignData> GatherEvidence(EventLog& events, const EvidenceRequest& request) {
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
  FillFrom(join.Finish(), request.campaign, metrics, data);
  return data;
}

}  // namespace tierwise
