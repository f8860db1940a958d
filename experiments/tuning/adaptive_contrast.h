// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "experiments/tuning/off_policy.h"

namespace tierwise {

struct AdaptiveContrastOptions {
  double confidence = 0.95;
  // The contrast is the arm's mean less this many times the control's: 1 for the difference; 1 - margin or 1 + margin
  // for whether the arm is worse by more than a margin.
  double control_factor = 1.0;
  // Users of all arms at which the interval is tightest: the number planned where there is one.
  double tightest_at_users = 5000.0;
  // The sequence begins once each of both arms has so many users' worth of outcomes: conversions for a rate.
  double events_needed = 20.0;
};

struct AdaptiveContrast {
  // The interval is right at every look together; unbounded before the sequence begins. `se` is infinite then.
  PolicyValue value;
  double p = 1.0;  // always valid, of a contrast of 0
  bool has_begun = false;
};

// An arm's mean less the control's from an adaptive experiment, right however often it is read and whatever rule set
// the shares: an asymptotic confidence sequence (Waudby-Smith, Arbour, Sinha, Kennedy & Ramdas, Annals of Statistics
// 2024, for variances that change over time) on the AIPW scores of the difference, each batch augmented by the arms'
// means in earlier batches. Its clock is the variance gathered, in units of that of the first batch. Batches in which
// one of the arms has no share are left out. Errors: shapes that differ, shares out of range, an arm or control never
// played, the arm being the control, options out of range.
absl::StatusOr<AdaptiveContrast> EvaluateAdaptiveContrast(absl::Span<const AdaptiveBatch> batches, size_t arm,
                                                          size_t control, const AdaptiveContrastOptions& options);

// A metric that an arm must not make worse by more than `margin`, relative to the control.
struct GuardrailRule {
  double margin = 0.0;  // 0 to 1
  bool is_more_better = true;
  double confidence = 0.95;
  double tightest_at_users = 5000.0;
};

// Whether the arm is to get no more users: the always-valid interval says that it is worse by more than the margin.
// `batches` are of the guardrail's metric. Errors: those of EvaluateAdaptiveContrast; a margin out of range.
absl::StatusOr<bool> IsStoppedByGuardrail(absl::Span<const AdaptiveBatch> batches, size_t arm, size_t control,
                                          const GuardrailRule& rule);

}  // namespace tierwise
