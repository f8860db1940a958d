// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <limits>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "experiments/stats/estimate.h"

namespace tierwise {

// One tier's effect. Tiers are disjoint sets of users, so their errors are independent. Use log ratios for lifts:
// whether tiers differ in relative and in absolute effect are different questions.
struct TierEffect {
  double effect = 0.0;                                  // within 1e50 of 0
  double se = 0.0;                                      // 1e-50 to 1e50
  double df = std::numeric_limits<double>::infinity();  // of the se, at least 1; finite where few users estimate it
};

// InvalidArgument unless there is at least one tier, each within these ranges.
absl::Status CheckTierEffects(absl::Span<const TierEffect> effects);

// Do the tiers' effects differ? With one tier nothing is tested: q 0, p 1.
struct Heterogeneity {
  double q = 0.0;  // Cochran's Q: sum of (effect - common effect)^2 / se^2
  int df = 0;      // tiers - 1
  double p = 1.0;  // chi-squared; log_p also right where p underflows
  double log_p = 0.0;
  double i2 = 0.0;  // share of the variation that is not error, max(0, (Q - df) / Q), in [0, 1]
  double h2 = 1.0;  // Q / df
  // The same hypothesis with estimated standard errors: Welch's (1951) heteroscedastic F, equal to Q / df and its
  // chi-squared where all df are infinite.
  double f = 0.0;
  double f_df2 = std::numeric_limits<double>::infinity();
  double f_p = 1.0;
  Interval
      tau;  // standard deviation of the true effects: Q-profile interval (Viechtbauer 2007); [0, inf) with one tier
};

absl::StatusOr<Heterogeneity> TestHeterogeneity(absl::Span<const TierEffect> effects, double confidence);

// How the variance tau^2 of the true effects is estimated.
enum class TauMethod {
  kCommonEffect,          // tau^2 = 0
  kDerSimonianLaird,      // moments
  kPauleMandel,           // the tau^2 at which the weighted sum of squares equals tiers - 1
  kRestrictedLikelihood,  // REML
};

// The mean of the tiers' true effects, and each tier's effect shrunk towards it.
struct RandomEffects {
  double tau2 = 0.0;  // >= 0
  double mean = 0.0;
  double se = 0.0;
  Test test;                   // of mean 0
  Interval interval;           // of the mean; takes tau^2 as known
  double i2 = 0.0;             // tau^2 / (tau^2 + typical se^2); Q's with kCommonEffect
  double h2 = 1.0;             // 1 + tau^2 / typical se^2; Q's with kCommonEffect
  std::vector<double> shrunk;  // (tau^2 effect + se^2 mean) / (tau^2 + se^2)
};

absl::StatusOr<RandomEffects> PoolEffects(absl::Span<const TierEffect> effects, TauMethod method, double confidence);

// Knapp & Hartung's (2003) standard error of the mean at `tau2`, with Student's t at tiers - 1. `is_floored` keeps it
// from falling below the normal one, which it does where effects happen to agree. Needs two tiers: with one, se +inf
// and p 1.
struct KnappHartung {
  double se = std::numeric_limits<double>::infinity();
  Test test;
  Interval interval;
};
absl::StatusOr<KnappHartung> KnappHartungMean(absl::Span<const TierEffect> effects, double tau2, bool is_floored,
                                              double confidence);

}  // namespace tierwise
