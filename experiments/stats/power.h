// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>

#include "absl/status/statusor.h"
#include "absl/types/span.h"

namespace tierwise {

// Planning: how many users, what can be detected with them, how long it takes. Sizes are real numbers: round up last.

// What a test has to satisfy. All fields are checked by every function that takes it.
struct PowerTarget {
  double alpha = 0.05;  // two-sided
  double power = 0.8;
  int comparisons = 1;               // tests in the family; each is at alpha / comparisons
  double treatment_per_control = 1;  // users in the treatment for each in the control, > 0
  double correlation =
      0.0;  // of the outcome with its pre-exposure covariate, in (-1, 1): variance times 1 - correlation^2
  double inflation = 1.0;  // >= 1, of the sequential rule: InflationFactor of a group-sequential plan

  double TestAlpha() const { return alpha / comparisons; }
};

// Variance of one user's outcome in each arm; for a rate p (1 - p), for a ratio the delta method's unit variance.
struct ArmVariances {
  double control = 0.0;
  double treatment = 0.0;
};
ArmVariances RateVariances(double control_rate, double treatment_rate);

// Control users needed to detect `effect` (treatment - control, not 0):
// (z_{1-alpha/2} + z_power)^2 (VC + VT / r) (1 - rho^2) / effect^2 times the inflation.
absl::StatusOr<double> ControlUsersNeeded(const ArmVariances& variances, double effect, const PowerTarget& target);

// The same with Student's t, equal variances: a few users more. Noncentral t by quadrature over the variance estimate.
absl::StatusOr<double> ControlUsersNeededT(double variance, double effect, const PowerTarget& target);

// Control users for two rates by other variances: pooled under the null (score test), and by the arcsine transformation
// (Cohen's h, both tails counted).
absl::StatusOr<double> ControlUsersNeededPooled(double control_rate, double treatment_rate, const PowerTarget& target);
absl::StatusOr<double> ControlUsersNeededArcsine(double control_rate, double treatment_rate, const PowerTarget& target);

// Probability that the two-sided z-test rejects, on either side. REQUIRES: se > 0 and 0 < alpha < 1.
double ZTestPower(double effect, double se, double alpha);
// se of treatment - control at these sizes. REQUIRES: sizes > 0.
double EffectSe(const ArmVariances& variances, double control_users, double treatment_users, double correlation);

// The smallest effect detected with the target's power at these sizes, arms' variances as given: (z_{1-alpha/2} +
// z_power) se, times sqrt(inflation).
absl::StatusOr<double> DetectableEffect(const ArmVariances& variances, double control_users, double treatment_users,
                                        const PowerTarget& target);

// The same for rates, with the variance at the rate that is detected and both tails. `increase` > 0, `decrease` < 0, in
// rate; nullopt where no rate up to 1 (down to 0) is enough.
struct DetectableRates {
  std::optional<double> increase;
  std::optional<double> decrease;
};
absl::StatusOr<DetectableRates> DetectableRateChange(double control_rate, double control_users, double treatment_users,
                                                     const PowerTarget& target);

// Control users at which one look of the asymptotic confidence sequence, tuned to `n_star` users of both arms, excludes
// 0 with the target's power (the effect's side; `inflation` is not used). Later looks only add to it.
struct ConfidenceSequenceSize {
  double control_users = 0.0;
  double multiplier = 0.0;  // half-width / se there
};
absl::StatusOr<ConfidenceSequenceSize> ControlUsersForConfidenceSequence(const ArmVariances& variances, double effect,
                                                                         double n_star, const PowerTarget& target);

// Control users in each of two tiers needed to tell their effects apart by `difference`: the interaction has the
// variance of both effects, about four times that of the effect over both tiers together.
absl::StatusOr<double> ControlUsersForInteraction(const ArmVariances& tier_a, const ArmVariances& tier_b,
                                                  double difference, const PowerTarget& target);

// Power of Cochran's Q to show at level alpha that tiers with these true effects and standard errors differ: noncentral
// chi-squared. InvalidArgument: unequal lengths, fewer than two tiers, an se not above 0.
absl::StatusOr<double> HeterogeneityPower(absl::Span<const double> effects, absl::Span<const double> ses, double alpha);

// Days until `users` have entered and the last one's outcome window has passed; nullopt where nobody enters.
std::optional<double> DaysUntil(double users, double users_per_day, double window_days);

}  // namespace tierwise
