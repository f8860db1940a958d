// SPDX-License-Identifier: Apache-2.0
#include "experiments/evidence/metric_plan.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "experiments/base/definition_rules.h"

namespace tierwise {
namespace {

constexpr absl::Duration kMinWindow = absl::Seconds(1);
constexpr absl::Duration kMaxWindow = absl::Hours(24 * 400);
constexpr size_t kMaxEventNameBytes = 128;
constexpr int32_t kNanosPerMicro = 1000;
constexpr int32_t kNanosPerSecond = 1'000'000'000;
constexpr int64_t kMicrosPerSecond = 1'000'000;

absl::Duration ToDuration(const google::protobuf::Duration& proto) {
  return absl::Seconds(proto.seconds()) + absl::Nanoseconds(proto.nanos());
}

int64_t ToMicros(const google::protobuf::Duration& proto) {
  return proto.seconds() * kMicrosPerSecond + proto.nanos() / kNanosPerMicro;
}

void CheckDuration(const google::protobuf::Duration& proto, absl::Duration least, const std::string& field,
                   Problems& problems) {
  const absl::Duration duration = ToDuration(proto);
  if (duration < least || duration > kMaxWindow) {
    problems.Add(field, absl::StrCat("is ", absl::FormatDuration(duration), ", allowed is ",
                                     absl::FormatDuration(least), " to 400 days"));
  } else if (proto.nanos() < 0 || proto.nanos() >= kNanosPerSecond) {
    problems.Add(field, absl::StrCat("has ", proto.nanos(), " nanos, allowed is 0 to 999,999,999"));
  } else if (proto.nanos() % kNanosPerMicro != 0) {
    problems.Add(field, "must be a whole number of microseconds");
  }
}

void CheckEventName(absl::string_view name, const std::string& field, Problems& problems) {
  if (name.empty()) {
    problems.Add(field, "is required");
  } else {
    CheckText(name, kMaxEventNameBytes, field, problems);
  }
}

// For a Metric or a RatioPart: the event name of a plain kind. False if the kind is not a plain one.
template <typename Message>
bool CheckPlainKind(const Message& message, absl::string_view field, Problems& problems) {
  switch (message.kind_case()) {
    case Message::kConversion:
      CheckEventName(message.conversion().event(), FieldPath(field, "conversion.event"), problems);
      return true;
    case Message::kCount:
      CheckEventName(message.count().event(), FieldPath(field, "count.event"), problems);
      return true;
    case Message::kSum:
      CheckEventName(message.sum().event(), FieldPath(field, "sum.event"), problems);
      return true;
    default:
      return false;
  }
}

void CheckRatioPart(bool is_set, const v1::RatioPart& part, const std::string& field, Problems& problems) {
  if (!is_set) {
    problems.Add(field, "is required");
  } else if (!CheckPlainKind(part, field, problems)) {
    problems.Add(field, "needs one of conversion, count or sum");
  }
}

void CheckKind(const v1::Metric& metric, absl::string_view field, Problems& problems) {
  if (CheckPlainKind(metric, field, problems)) return;
  if (!metric.has_ratio()) {
    problems.Add(field, "needs one of conversion, count, sum or ratio");
    return;
  }
  const v1::Ratio& ratio = metric.ratio();
  CheckRatioPart(ratio.has_numerator(), ratio.numerator(), FieldPath(field, "ratio.numerator"), problems);
  CheckRatioPart(ratio.has_denominator(), ratio.denominator(), FieldPath(field, "ratio.denominator"), problems);
}

void CheckCap(const v1::Metric& metric, const std::string& field, Problems& problems) {
  if (!metric.has_cap()) return;
  if (!metric.has_count() && !metric.has_sum()) {
    problems.Add(field, "is allowed for count and sum metrics only");
  } else if (!std::isfinite(metric.cap()) || metric.cap() <= 0) {
    problems.Add(field, absl::StrCat("is ", metric.cap(), ", must be positive and finite"));
  }
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

PlannedMetric PlanMetric(const v1::Metric& metric, std::vector<std::string>& names) {
  PlannedMetric planned;
  planned.is_ratio = metric.has_ratio();
  planned.has_covariate = metric.has_covariate_window();
  planned.window_end_micros = ToMicros(metric.delay()) + ToMicros(metric.window());
  if (metric.has_ratio()) {
    planned.variables = {PlainRule(metric.ratio().numerator(), names), PlainRule(metric.ratio().denominator(), names)};
  } else {
    planned.variables = {PlainRule(metric, names)};
  }
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

void CheckMetric(const v1::Metric& metric, absl::string_view field, Problems& problems) {
  CheckId(metric.id(), FieldPath(field, "id"), problems);
  CheckTexts(metric.display_name(), metric.description(), field, problems);
  CheckKind(metric, field, problems);
  if (metric.has_window()) {
    CheckDuration(metric.window(), kMinWindow, FieldPath(field, "window"), problems);
  } else {
    problems.Add(FieldPath(field, "window"), "is required");
  }
  CheckDuration(metric.delay(), absl::ZeroDuration(), FieldPath(field, "delay"), problems);
  if (!v1::Direction_IsValid(metric.direction())) {
    problems.Add(FieldPath(field, "direction"), absl::StrCat(metric.direction(), " is not a Direction"));
  }
  CheckCap(metric, FieldPath(field, "cap"), problems);
  if (metric.has_covariate_window()) {
    CheckDuration(metric.covariate_window(), kMinWindow, FieldPath(field, "covariate_window"), problems);
  }
}

MetricPlan PlanMetrics(absl::Span<const v1::Metric* const> metrics) {
  MetricPlan plan;
  for (const v1::Metric* metric : metrics) {
    plan.metrics.push_back(PlanMetric(*metric, plan.event_names));
    for (const OutcomeRule& rule : plan.metrics.back().variables) {
      plan.events_begin_micros = std::min(plan.events_begin_micros, rule.begin_micros);
      plan.events_end_micros = std::max(plan.events_end_micros, rule.end_micros);
    }
  }
  return plan;
}

}  // namespace tierwise
