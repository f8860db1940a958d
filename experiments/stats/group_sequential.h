// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "experiments/stats/alpha_spending.h"
#include "experiments/stats/estimate.h"

namespace tierwise {

// Group-sequential efficacy tests with symmetric two-sided or one-sided boundaries, no futility stop. Looks may fall at
// any information fractions; the covariance of the looks is that of independent increments, so information is 1 /
// squared standard error of the estimate, which covers adjusted estimates and uneven traffic alike.

struct GroupSequentialDesign {
  SpendingFunction spending = {};
  double alpha = 0.05;  // two-sided: each side spends alpha / 2
  int sided = 2;        // 1 (large z rejects) or 2
};

struct LookBoundary {
  double information_fraction = 0.0;
  double critical_z = 0.0;        // reject where |z| (one-sided: z) is at least this; +inf where nothing may be spent
  double cumulative_alpha = 0.0;  // probability under no effect to have rejected by this look, all sides
  double nominal_one_sided_level = 0.0;  // 1 - Phi(critical_z)
};

inline constexpr int kMostLooks = 1000;

// InvalidArgument unless there are 1 to kMostLooks looks with positive fractions and usable critical values, and
// `sided` is 1 or 2.
absl::Status CheckBoundaries(absl::Span<const LookBoundary> boundaries, int sided);

// Boundaries that spend alpha by `information_fractions` (of the planned information, > 0, in order of time). A look
// whose information has not grown by ContinuationDensity::kLeastGrowth over the most so far gets critical_z = +inf.
// With `is_last_final` the last look spends all that is left, whether it falls short of the plan or over-runs it: its
// boundary then rests on the information there actually is. Without, spending stops at fraction 1.
absl::StatusOr<std::vector<LookBoundary>> SpendingBoundaries(const GroupSequentialDesign& design,
                                                             absl::Span<const double> information_fractions,
                                                             bool is_last_final);

// The classical tests with one constant c: critical z is c at every look (Pocock 1977), or c / sqrt(information
// fraction) (O'Brien & Fleming 1979). Their fractions are fixed before the start, strictly increasing.
enum class ClassicalKind { kPocock, kObrienFleming };
absl::StatusOr<std::vector<LookBoundary>> ClassicalBoundaries(ClassicalKind kind, double alpha, int sided,
                                                              absl::Span<const double> information_fractions);

struct GroupSequentialPower {
  double power = 0.0;                          // probability to reject at any look
  double expected_information_fraction = 0.0;  // at the end of the trial: at its rejection or at the last look
  std::vector<double> stop_probabilities;      // probability to reject at each look
};

// `drift` is the expected z at information fraction 1.
absl::StatusOr<GroupSequentialPower> PowerOf(absl::Span<const LookBoundary> boundaries, int sided, double drift);

// Information at fraction 1 needed for `power`, relative to the fixed test of the same level and power, whose expected
// z is z_{1-alpha/sided} + z_power. Only rejections on the side of the effect count as power. InvalidArgument where the
// factor is above 4.
absl::StatusOr<double> InflationFactor(absl::Span<const LookBoundary> boundaries, double alpha, int sided,
                                       double power);

// Intervals estimate +- critical_z * std_error: over all looks together they cover with probability 1 - alpha
// (two-sided design), whether or not the trial stops (Jennison & Turnbull 1989).
Interval RepeatedConfidenceInterval(double estimate, double std_error, const LookBoundary& boundary);

}  // namespace tierwise
