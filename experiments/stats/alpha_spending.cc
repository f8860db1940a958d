// SPDX-License-Identifier: Apache-2.0
#include "experiments/stats/alpha_spending.h"

#include <cmath>
#include <numbers>

#include "experiments/stats/distributions.h"

namespace tierwise {

double SpentAlpha(const SpendingFunction& spending, double alpha, double t) {
  if (t <= 0.0) return 0.0;
  if (t >= 1.0) return alpha;
  switch (spending.kind) {
    case SpendingKind::kObrienFleming:
      return 2.0 * NormalSf(-NormalQuantile(0.5 * alpha) / std::sqrt(t));
    case SpendingKind::kPocock:
      return alpha * std::log1p((std::numbers::e - 1.0) * t);
    case SpendingKind::kPower:
      return alpha * std::pow(t, spending.exponent);
  }
  return 0.0;
}

}  // namespace tierwise
