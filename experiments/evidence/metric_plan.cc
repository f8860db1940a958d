// SPDX-License-Identifier: Apache-2.0
#include "experiments/evidence/metric_plan.h"

#include <algorithm>

namespace tierwise {
namespace {

constexpr int32_t kNanosPerMicro = 1000;
constexpr int64_t kMicrosPerSecond = 1'000'000;

int64_t ToMicros(const google::protobuf::Duration& proto) {
  return proto.seconds() * kMicrosPerSecond + proto.nanos() / kNanosPerMicro;
}

uint16_t IndexOf(const std::string& name, std::vector<std::string>& names) {
  const auto found = std::find(names.begin(), names.end(), name);
  const auto index = found - names.begin();
  if (found == names.end()) names.push_back(name);
  return static_cast<uint16_t>(index);
}

// The rule of a plain Metric or a RatioPart, without a window.
template <typename Message>
OutcomeRule PlainRule(const Message& message, std::vector<std::string>& names) {
  OutcomeRule rule;
  if (message.has_conversion()) {
    rule.kind = OutcomeKind::kConversion;
    rule.event = IndexOf(message.conversion().event(), names);
  } else if (message.has_count()) {
    rule.kind = OutcomeKind::kCount;
    rule.event = IndexOf(message.count().event(), names);
  } else {
    rule.kind = OutcomeKind::kSum;
    rule.event = IndexOf(message.sum().event(), names);
  }
  return rule;
}

OutcomeRule MovementRule(const v1::TierMovement& movement, absl::Span<const std::string> tiers) {
  OutcomeRule rule;
  switch (movement.outcome()) {
    case v1::MOVEMENT_OUTCOME_MOVED_UP:
      rule.kind = OutcomeKind::kMovedUp;
      break;
    case v1::MOVEMENT_OUTCOME_DID_NOT_FALL:
      rule.kind = OutcomeKind::kDidNotFall;
      break;
    default:
      rule.kind = OutcomeKind::kReachedTier;
      const auto found = std::find(tiers.begin(), tiers.end(), movement.tier());
      if (found != tiers.end()) rule.tier = static_cast<uint16_t>(found - tiers.begin());
  }
  return rule;
}

// The outcomes of `metric`, without windows.
std::vector<OutcomeRule> OutcomesOf(const v1::Metric& metric, absl::Span<const std::string> tiers,
                                    std::vector<std::string>& names) {
  switch (metric.kind_case()) {
    case v1::Metric::kRatio:
      // In this order: it is that of the names.
      return {PlainRule(metric.ratio().numerator(), names), PlainRule(metric.ratio().denominator(), names)};
    case v1::Metric::kRetention:
      return {{.kind = OutcomeKind::kConversion, .event = IndexOf(metric.retention().event(), names)}};
    case v1::Metric::kQuantile:
      return {{.kind = OutcomeKind::kValues, .event = IndexOf(metric.quantile().event(), names)}};
    case v1::Metric::kTierMovement:
      return {MovementRule(metric.tier_movement(), tiers)};
    default:
      return {PlainRule(metric, names)};
  }
}

PlannedMetric PlanMetric(const v1::Metric& metric, absl::Span<const std::string> tiers,
                         std::vector<std::string>& names) {
  PlannedMetric planned;
  planned.is_ratio = metric.has_ratio();
  planned.has_covariate = metric.has_covariate_window();
  if (metric.has_cap_quantile()) planned.cap_quantile = metric.cap_quantile();
  planned.keeps_values = metric.has_quantile();
  planned.window_end_micros = ToMicros(metric.delay()) + ToMicros(metric.window());
  planned.variables = OutcomesOf(metric, tiers, names);
  for (OutcomeRule& rule : planned.variables) {
    rule.begin_micros = ToMicros(metric.delay());
    rule.end_micros = planned.window_end_micros;
    if (metric.has_cap()) rule.cap = metric.cap();
  }
  if (planned.has_covariate) {
    std::vector<OutcomeRule> covariates = planned.variables;
    for (OutcomeRule& rule : covariates) {
      rule.begin_micros = -ToMicros(metric.covariate_window());
      rule.end_micros = 0;
    }
    planned.variables.insert(planned.variables.end(), covariates.begin(), covariates.end());
  }
  return planned;
}

}  // namespace

MetricPlan PlanMetrics(absl::Span<const v1::Metric* const> metrics, absl::Span<const std::string> tiers) {
  MetricPlan plan;
  for (const v1::Metric* metric : metrics) {
    plan.metrics.push_back(PlanMetric(*metric, tiers, plan.event_names));
    for (const OutcomeRule& rule : plan.metrics.back().variables) {
      if (IsMovement(rule.kind)) continue;
      plan.events_begin_micros = std::min(plan.events_begin_micros, rule.begin_micros);
      plan.events_end_micros = std::max(plan.events_end_micros, rule.end_micros);
    }
  }
  return plan;
}

}  // namespace tierwise
