// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "experiments/stats/estimate.h"

namespace tierwise {

// Corrections for a family of tests: variants x metrics, or tiers.
enum class Multiplicity {
  kNone,
  // Probability of any false rejection at most alpha (FWER).
  kBonferroni,  // under any dependence
  kHolm,        // under any dependence; never weaker than Bonferroni
  kHolmSidak,   // independent or positively dependent tests
  kHochberg,    // likewise
  kHommel,      // likewise; never weaker than Hochberg
  // Expected share of false rejections among rejections at most alpha (FDR).
  kBenjaminiHochberg,   // independent or positively dependent tests
  kBenjaminiYekutieli,  // under any dependence
};

// Adjusted p-values in the order given, capped at 1: a test is rejected at level alpha where its adjusted p-value is at
// most alpha. InvalidArgument: a p-value outside [0, 1].
absl::StatusOr<std::vector<double>> AdjustPValues(Multiplicity method, absl::Span<const double> p_values);

struct FamilyDecision {
  double adjusted_p = 1.0;
  bool is_rejected = false;
  // The level of the interval that belongs to the decision: any interval that inverts the test, at confidence
  // 1 - interval_alpha. Bonferroni's alpha / m where the family's error is FWER: those intervals cover all together.
  // After Benjamini-Hochberg, alpha R / m for R rejections: of the intervals of rejected tests an expected share of at
  // most alpha misses (Benjamini & Yekutieli 2005).
  double interval_alpha = 0.05;
  // The procedure rejects and the interval at interval_alpha would still contain the null value: cut it there. Its
  // other end covers as above; its side of the null rests on the procedure's own error rate.
  bool is_cut_at_null = false;
};

absl::StatusOr<std::vector<FamilyDecision>> DecideFamily(Multiplicity method, absl::Span<const double> p_values,
                                                         double alpha);

// The interval of `effect`, normal with `se`, at the decision's level and cut at 0 where it says so: it excludes 0, or
// touches it where cut, exactly where the two-sided normal test is rejected. REQUIRES: se > 0.
Interval IntervalOf(const FamilyDecision& decision, double effect, double se);

// e-values at any dependence and any stopping times (Wang & Ramdas 2022): the k largest are rejected for the largest k
// with e_(k) >= m / (alpha k). Returns min over j >= rank of m / (j e_(j)), capped at 1, in the order given: rejected
// where at most alpha. InvalidArgument: a NaN.
absl::StatusOr<std::vector<double>> AdjustLnEValues(absl::Span<const double> ln_e_values);

}  // namespace tierwise
