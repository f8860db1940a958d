// SPDX-License-Identifier: Apache-2.0
#include "server/services/allocation_data.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "experiments/base/status_macros.h"
#include "experiments/base/tier_plans.h"
#include "experiments/evidence/evidence.h"
#include "experiments/evidence/metric_plan.h"

namespace tierwise {
namespace {

absl::StatusOr<std::vector<v1::Metric>> MetricsOf(const LaunchedCampaign& launched) {
  std::vector<std::string> ids = {launched.campaign.metrics(0)};
  for (const v1::Guardrail& guardrail : launched.campaign.analysis().guardrails()) ids.push_back(guardrail.metric());
  std::vector<v1::Metric> metrics;
  for (const std::string& id : ids) {
    const v1::Metric* metric = launched.definitions->FindMetric(id);
    if (metric == nullptr) return absl::InternalError(absl::StrCat("the catalog lacks metric \"", id, "\""));
    metrics.push_back(*metric);
  }
  return metrics;
}

// A place for each phase of each tier. The join knows tiers alone, and analyses one phase of each: here every phase of
// a tier is a tier of its own, whose only phase is 1.
class PhasesAsTiers {
 public:
  PhasesAsTiers(const v1::Campaign& campaign, const v1::Tiering& tiering) {
    for (const v1::Tier& tier : tiering.tiers()) {
      const v1::TierPlan* plan = PlanForTier(campaign, tier.id());
      first_.push_back(size_);
      phases_.push_back(plan == nullptr ? 0 : plan->phase());
      size_ += phases_.back();
    }
  }

  size_t size() const { return size_; }
  uint32_t phases(size_t tier) const { return phases_[tier]; }
  size_t PlaceOf(size_t tier, uint32_t phase) const { return first_[tier] + phase - 1; }

  // The exposures with tiers put as places; those of phases that never were have none.
  void AddTo(EvidenceJoin& join, const ExposureColumns& columns) {
    places_.resize(columns.tier.size());
    for (size_t i = 0; i < columns.tier.size(); ++i) {
      const uint16_t tier = columns.tier[i];
      const bool is_known = tier < first_.size() && columns.phase[i] >= 1 && columns.phase[i] <= phases_[tier];
      places_[i] = is_known ? static_cast<uint16_t>(PlaceOf(tier, columns.phase[i])) : kOtherName;
    }
    ones_.resize(columns.tier.size(), 1);
    ExposureColumns placed = columns;
    placed.tier = places_;
    placed.phase = ones_;
    join.AddExposures(placed);
  }

 private:
  size_t size_ = 0;
  std::vector<size_t> first_;  // of each tier: the place of its phase 1
  std::vector<uint32_t> phases_;
  std::vector<uint16_t> places_;
  std::vector<uint32_t> ones_;
};

absl::StatusOr<Evidence> Join(const LaunchedCampaign& launched, EventLog& events, PhasesAsTiers& phases,
                              const std::vector<v1::Metric>& metrics, int threads) {
  EvidenceSpec spec;
  spec.variants = launched.campaign.variants_size();
  spec.current_phase.assign(phases.size(), 1);
  std::vector<const v1::Metric*> planned;
  for (const v1::Metric& metric : metrics) planned.push_back(&metric);
  spec.plan = PlanMetrics(planned, {});
  spec.as_of_micros = absl::ToUnixMicros(launched.as_of);
  spec.threads = threads;
  const std::vector<std::string> event_names = spec.plan.event_names;
  EvidenceJoin join(std::move(spec));
  ExposureScan exposures{launched.campaign.id(), {}, {}, launched.as_of};
  for (const v1::Variant& variant : launched.campaign.variants()) exposures.variants.push_back(variant.id());
  for (const v1::Tier& tier : launched.tiering.tiers()) exposures.tiers.push_back(tier.id());
  TIERWISE_RETURN_IF_ERROR(
      events.ScanExposures(exposures, [&](const ExposureColumns& columns) { phases.AddTo(join, columns); }));
  if (const std::optional<TimeRange> needed = join.EventsNeeded(); needed.has_value()) {
    const EventScan scan{event_names, absl::FromUnixMicros(needed->begin_micros),
                         absl::FromUnixMicros(needed->end_micros), launched.as_of};
    TIERWISE_RETURN_IF_ERROR(
        events.ScanEvents(scan, [&join](const EventColumns& columns) { join.AddEvents(columns); }));
  }
  return join.Finish();
}

TierBatches BatchesOf(const std::string& tier, size_t index, const PhasesAsTiers& phases, const Evidence& evidence,
                      const std::vector<std::vector<double>>& shares) {
  TierBatches batches{tier, {}, std::vector<std::vector<AdaptiveBatch>>(evidence.metrics.size())};
  for (uint32_t phase = 1; phase <= phases.phases(index); ++phase) {
    const auto place = static_cast<int>(phases.PlaceOf(index, phase));
    int64_t users = 0;
    for (int variant = 0; variant < evidence.variants; ++variant)
      users += evidence.users[evidence.Cell(place, variant)];
    if (users == 0 || shares[phase - 1].empty()) continue;
    batches.phases.push_back(phase);
    for (size_t m = 0; m < evidence.metrics.size(); ++m) {
      AdaptiveBatch batch{shares[phase - 1], {}};
      for (int variant = 0; variant < evidence.variants; ++variant) {
        batch.outcomes.push_back(evidence.metrics[m].moments[evidence.Cell(place, variant)].Marginal(0));
      }
      batches.by_metric[m].push_back(std::move(batch));
    }
  }
  return batches;
}

}  // namespace

absl::StatusOr<AllocationData> GatherAllocation(const LaunchedCampaign& launched, EventLog& events,
                                                EvidenceCache& evidence, PhaseHistory& history, int threads) {
  AllocationData data;
  TIERWISE_ASSIGN_OR_RETURN(data.metrics, MetricsOf(launched));
  PhasesAsTiers phases(launched.campaign, launched.tiering);
  if (phases.size() >= kOtherName) return absl::ResourceExhaustedError("the campaign has had too many phases to tell");
  std::vector<std::string> tiers;
  for (const v1::Tier& tier : launched.tiering.tiers()) tiers.push_back(tier.id());
  TIERWISE_ASSIGN_OR_RETURN(const auto shares, history.SharesOf(launched.campaign, tiers));
  const auto alone = evidence.GatherAlone();
  TIERWISE_ASSIGN_OR_RETURN(const Evidence joined, Join(launched, events, phases, data.metrics, threads));
  for (size_t i = 0; i < tiers.size(); ++i) {
    if (phases.phases(i) > 0) data.tiers.push_back(BatchesOf(tiers[i], i, phases, joined, shares[i]));
  }
  return data;
}

}  // namespace tierwise
