// SPDX-License-Identifier: Apache-2.0
#include "experiments/evidence/metric_check.h"

#include <cmath>
#include <string>

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

absl::Duration ToDuration(const google::protobuf::Duration& proto) {
  return absl::Seconds(proto.seconds()) + absl::Nanoseconds(proto.nanos());
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

// A quantile's probability, a cap's quantile: false for NaN.
void CheckShare(double share, double least, double most, const std::string& field, Problems& problems) {
  if (share >= least && share <= most) return;
  problems.Add(field, absl::StrCat("is ", share, ", allowed is ", least, " to ", most));
}

void CheckQuantile(const v1::EventQuantile& quantile, absl::string_view field, Problems& problems) {
  CheckEventName(quantile.event(), FieldPath(field, "quantile.event"), problems);
  CheckShare(quantile.probability(), 0.001, 0.999, FieldPath(field, "quantile.probability"), problems);
}

void CheckMovement(const v1::TierMovement& movement, absl::string_view field, Problems& problems) {
  const std::string tier = FieldPath(field, "tier_movement.tier");
  const bool is_reached = movement.outcome() == v1::MOVEMENT_OUTCOME_REACHED;
  if (movement.outcome() == v1::MOVEMENT_OUTCOME_UNSPECIFIED || !v1::MovementOutcome_IsValid(movement.outcome())) {
    problems.Add(FieldPath(field, "tier_movement.outcome"), "needs one of MOVED_UP, DID_NOT_FALL or REACHED");
  } else if (!is_reached && !movement.tier().empty()) {
    problems.Add(tier, "is allowed for REACHED only");
  }
  if (is_reached) CheckId(movement.tier(), tier, problems);
}

void CheckKind(const v1::Metric& metric, absl::string_view field, Problems& problems) {
  switch (metric.kind_case()) {
    case v1::Metric::kRatio:
      CheckRatioPart(metric.ratio().has_numerator(), metric.ratio().numerator(), FieldPath(field, "ratio.numerator"),
                     problems);
      CheckRatioPart(metric.ratio().has_denominator(), metric.ratio().denominator(),
                     FieldPath(field, "ratio.denominator"), problems);
      break;
    case v1::Metric::kRetention:
      CheckEventName(metric.retention().event(), FieldPath(field, "retention.event"), problems);
      if (ToDuration(metric.delay()) <= absl::ZeroDuration()) {
        problems.Add(FieldPath(field, "delay"), "is required for retention: coming back takes some time, e.g. 7 days");
      }
      break;
    case v1::Metric::kQuantile:
      CheckQuantile(metric.quantile(), field, problems);
      break;
    case v1::Metric::kTierMovement:
      CheckMovement(metric.tier_movement(), field, problems);
      break;
    default:
      if (CheckPlainKind(metric, field, problems)) break;
      problems.Add(field, "needs one of conversion, count, sum, ratio, retention, quantile or tier_movement");
  }
}

void CheckCap(const v1::Metric& metric, absl::string_view field, Problems& problems) {
  const bool is_capable = metric.has_count() || metric.has_sum();
  const std::string cap = FieldPath(field, "cap"), quantile = FieldPath(field, "cap_quantile");
  if (metric.has_cap() && !is_capable) {
    problems.Add(cap, "is allowed for count and sum metrics only");
  } else if (metric.has_cap() && (!std::isfinite(metric.cap()) || metric.cap() <= 0)) {
    problems.Add(cap, absl::StrCat("is ", metric.cap(), ", must be positive and finite"));
  }
  if (!metric.has_cap_quantile()) return;
  if (!is_capable) {
    problems.Add(quantile, "is allowed for count and sum metrics only");
  } else if (metric.has_cap()) {
    problems.Add(quantile, "and cap are both given, one is allowed");
  } else if (!(metric.cap_quantile() >= 0.9 && metric.cap_quantile() < 1.0)) {
    problems.Add(quantile, absl::StrCat("is ", metric.cap_quantile(), ", allowed is 0.9 to below 1"));
  } else if (!metric.has_covariate_window()) {
    problems.Add(FieldPath(field, "covariate_window"), "is required with cap_quantile: the cap is found in it");
  }
}

void CheckCovariate(const v1::Metric& metric, const std::string& field, Problems& problems) {
  if (!metric.has_covariate_window()) return;
  if (metric.has_quantile() || metric.has_tier_movement()) {
    problems.Add(field, "is not allowed for quantile and tier_movement metrics, which have no covariate");
  } else {
    CheckDuration(metric.covariate_window(), kMinWindow, field, problems);
  }
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
  CheckCap(metric, field, problems);
  CheckCovariate(metric, FieldPath(field, "covariate_window"), problems);
}

}  // namespace tierwise
