// SPDX-License-Identifier: Apache-2.0
#include "experiments/stats/noninferiority.h"

#include <cmath>
#include <limits>

#include "absl/strings/str_cat.h"
#include "experiments/base/problems.h"
#include "experiments/base/status_macros.h"
#include "experiments/stats/argument_checks.h"
#include "experiments/stats/distributions.h"

namespace tierwise {

absl::StatusOr<Guardrail> TestGuardrail(double effect, double se, double df, double margin, MetricDirection direction,
                                        double alpha) {
  Problems problems;
  CheckFinite("effect", effect, problems);
  if (!(se > 0.0)) problems.Add("se", absl::StrCat("is ", se, "; must be above 0"));
  if (!(df > 0.0)) problems.Add("df", absl::StrCat("is ", df, "; must be above 0"));
  CheckNonNegative("margin", margin, problems);
  CheckOpenUnit("alpha", alpha, problems);
  TIERWISE_RETURN_IF_ERROR(problems.ToStatus());
  const double sign = direction == MetricDirection::kHigherIsBetter ? 1.0 : -1.0;
  Guardrail result;
  if (std::isinf(se)) {
    result.worst_effect = -sign * std::numeric_limits<double>::infinity();
    return result;
  }
  const double t = (sign * effect + margin) / se;
  result.holds_p = StudentTSf(t, df);
  result.log_holds_p = StudentTLogSf(t, df);
  result.broken_p = StudentTSf(-t, df);
  result.worst_effect = sign * (sign * effect + StudentTQuantile(alpha, df) * se);
  if (result.holds_p <= alpha) {
    result.verdict = GuardrailVerdict::kHolds;
  } else if (result.broken_p <= alpha) {
    result.verdict = GuardrailVerdict::kBroken;
  }
  return result;
}

}  // namespace tierwise
