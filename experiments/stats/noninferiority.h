// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "absl/status/statusor.h"
#include "experiments/stats/estimate.h"

namespace tierwise {

enum class MetricDirection { kHigherIsBetter, kLowerIsBetter };

enum class GuardrailVerdict {
  kHolds,   // shown not to be worse by the margin
  kBroken,  // shown to be worse by the margin or more
  kInconclusive,
};

// A guardrail as a one-sided non-inferiority test. No correction over guardrails: each must hold by itself.
struct Guardrail {
  GuardrailVerdict verdict = GuardrailVerdict::kInconclusive;
  double holds_p = 1.0;  // one-sided p-value against "worse by the margin or more"
  double log_holds_p = 0.0;
  double broken_p = 1.0;      // one-sided p-value against "worse by less than the margin"
  double worst_effect = 0.0;  // one-sided confidence bound on the bad side, in the metric's units; the guardrail holds
                              // where it is better than the margin
};

// `effect` = treatment - control with standard error `se` and `df` degrees of freedom (+inf: normal). `margin` >= 0:
// how much worse is still accepted, in the metric's units. For a margin relative to the control, give the contrast
// treatment - (1 - relative margin) control (LinearContrast) and margin 0. `alpha` is one-sided. InvalidArgument names
// the field; `se` +inf is inconclusive.
absl::StatusOr<Guardrail> TestGuardrail(double effect, double se, double df, double margin, MetricDirection direction,
                                        double alpha);

}  // namespace tierwise
