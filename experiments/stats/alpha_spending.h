// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace tierwise {

// How much of alpha may have been spent by a share of the planned information (Lan & DeMets 1983).
enum class SpendingKind {
  kObrienFleming,  // 2 (1 - Phi(z_{1-alpha/2} / sqrt(t))): almost nothing early, nearly the full level at the end
  kPocock,         // alpha ln(1 + (e - 1) t): evenly
  kPower,          // alpha t^exponent (Kim & DeMets 1987)
};

struct SpendingFunction {
  SpendingKind kind = SpendingKind::kObrienFleming;
  double exponent = 2.0;  // of kPower, > 0
};

// What a side with level `alpha` has spent at information fraction `t`: 0 for t <= 0, `alpha` for t >= 1, increasing
// between. REQUIRES: 0 < alpha < 1.
double SpentAlpha(const SpendingFunction& spending, double alpha, double t);

}  // namespace tierwise
