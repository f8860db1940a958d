// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <limits>
#include <optional>

#include "absl/status/statusor.h"
#include "experiments/stats/estimate.h"

namespace tierwise {

// Inference that stays valid however often one looks. Give it a linear contrast, such as mT - (1 + margin) mC, never a
// ratio: a delta-method lift rejected 15.7 % of A/A tests under peeking where the contrast rejected 2 %.

// The normal approximation needs some events in each arm before its first verdict. "Events" are what carries the
// variance: conversions for a rate, users with a non-zero value for a sum.
struct ValidityStart {
  double needed_per_arm = 20.0;
  double control_events = 0.0;
  double treatment_events = 0.0;

  bool IsReached() const { return control_events >= needed_per_arm && treatment_events >= needed_per_arm; }
};

struct AlwaysValid {
  double multiplier = std::numeric_limits<double>::infinity();  // half-width of the interval in standard errors
  Interval interval = {};                                       // at this look; covers at all looks together
  double ln_e_value = 0.0;  // ln of the evidence against an effect of 0, at this look
  double p_value = 1.0;     // min(1, 1 / e-value) at this look
  // As given. Before it is reached the sequence has not begun: unbounded interval, e-value 1, p-value 1.
  std::optional<ValidityStart> start = std::nullopt;
};

// rho^2 = (-2 ln alpha + ln(1 - 2 ln alpha)) / n_star: makes the sequence tightest, up to rounding, once `n_star` users
// are in. REQUIRES: 0 < alpha < 1, n_star > 0.
double MixtureVariance(double alpha, double n_star);

// Half-width in standard errors of the asymptotic confidence sequence at `n` users in all arms:
// sqrt(2 (n rho^2 + 1) / (n rho^2) ln(sqrt(n rho^2 + 1) / alpha)). REQUIRES: n, rho2 > 0 and 0 < alpha < 1.
double ConfidenceSequenceMultiplier(double n, double rho2, double alpha);

struct ConfidenceSequenceInput {
  double estimate = 0.0;
  double std_error = 0.0;  // 0: the variance is not known yet, and the sequence has not begun
  double n = 0.0;          // users in all arms
  double alpha = 0.05;     // two-sided
  double n_star = 5000.0;  // the n where the interval is tightest: the planned size where there is one
  std::optional<ValidityStart> start = std::nullopt;
};

// Asymptotic confidence sequence (Waudby-Smith, Arbour, Sinha, Kennedy & Ramdas, Annals of Statistics 2024).
absl::StatusOr<AlwaysValid> AsymptoticConfidenceSequence(const ConfidenceSequenceInput& input);

struct MixtureSprtInput {
  double estimate = 0.0;
  double std_error = 0.0;  // 0: as above
  double tau2 = 0.0;    // variance of the mixing normal, in squared units of the estimate; fixed before the first look
  double alpha = 0.05;  // two-sided
  std::optional<ValidityStart> start = std::nullopt;
};

// Mixture sequential probability ratio test with a normal mixture around 0 (Johari, Koomen, Pekelis & Walsh 2017).
absl::StatusOr<AlwaysValid> MixtureSprt(const MixtureSprtInput& input);

// What the looks so far say together: the p-value never rises and the interval never widens.
struct AlwaysValidHistory {
  int looks = 0;
  double p_value = 1.0;         // running minimum
  double max_ln_e_value = 0.0;  // running maximum, at least 0
  // Running intersection. Each look's interval contains the truth at the same time with probability 1 - alpha, so this
  // does.
  Interval interval;
  bool is_empty =
      false;  // the intersection is empty: the effect is not constant over time; `interval` is the last look's

  void Add(const AlwaysValid& look);
};

}  // namespace tierwise
