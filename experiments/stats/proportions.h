// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "absl/status/statusor.h"
#include "experiments/stats/estimate.h"
#include "experiments/stats/relative_lift.h"

namespace tierwise {

// Users of one arm and how many of them converted.
struct Proportion {
  int64_t conversions = 0;
  int64_t users = 0;

  double Rate() const { return users == 0 ? 0.0 : static_cast<double>(conversions) / static_cast<double>(users); }
};

// Unless said otherwise, the functions below have these preconditions, which CompareProportions and ProportionLift
// check: REQUIRES: 0 <= conversions <= users, users > 0, 0 < confidence < 1.

// Wilson's score interval; its ends are exactly 0 and 1 where nobody and everybody converts.
Interval WilsonInterval(const Proportion& arm, double confidence);
// The exact equal-tailed interval of Clopper & Pearson.
Interval ClopperPearsonInterval(const Proportion& arm, double confidence);

// Standard error and z test of treatment rate - control rate. kZeroVariance where the standard error is 0.
struct ProportionTest {
  Gap gap = Gap::kNone;
  double se = 0.0;
  Test test = {};
};
// The score test: variance pooled under the hypothesis of equal rates; z^2 is Pearson's chi-square.
ProportionTest ScoreTest(const Proportion& control, const Proportion& treatment);
// Wald's test, variances apart; for comparison only: its interval covers badly at small counts.
ProportionTest WaldTest(const Proportion& control, const Proportion& treatment);

// treatment rate - control rate by way of long doubles: near-equal rates of huge arms keep their digits.
double RateDifference(const Proportion& control, const Proportion& treatment);
// The control's rate of greatest likelihood given treatment rate - control rate = `difference`, of -1 to 1.
double RestrictedControlRate(const Proportion& control, const Proportion& treatment, double difference);

// Newcombe's hybrid score interval for treatment rate - control rate (Newcombe 1998, method 10).
Interval NewcombeInterval(const Proportion& control, const Proportion& treatment, double confidence);
// The score interval of Miettinen & Nurminen (1985): the differences that the score test with restricted rates and
// factor N / (N - 1) does not reject.
Interval MiettinenNurminenInterval(const Proportion& control, const Proportion& treatment, double confidence);

// Below this expected count in any of the four cells CompareProportions takes its p-value from the exact test.
inline constexpr double kSmallExpectedCount = 5.0;

// treatment rate - (1 + margin) control rate: the difference of rates where `margin` is 0; the linear contrast for a
// relative margin otherwise, positive for superiority by a margin, negative for non-inferiority. The interval is
// Newcombe's, with the control's part scaled. The p-value is the score test's, with rates restricted to the ratio 1 +
// margin (Farrington & Manning 1990; kScore); with margin 0 and some cell expecting fewer than kSmallExpectedCount
// users it is Fisher's mid-p (kFisherMidP). `se` is unpooled. Every pair of non-empty arms gets an interval and, but
// for no conversions or nothing but conversions in both arms with a margin (kZeroVariance), a p-value; an empty arm
// gives kNoUsers. InvalidArgument names the field.
absl::StatusOr<Estimate> CompareProportions(const Proportion& control, const Proportion& treatment, double confidence,
                                            double margin = 0.0);

// The arms' rates with squared standard errors p (1 - p) / users.
ArmMeans MeansOf(const Proportion& control, const Proportion& treatment);

// Relative lift of the rate: Katz's interval where both arms have conversions and not all users convert, else limits
// from Wilson's intervals by the method of variance estimates recovery (Donner & Zou 2012), which need neither. An
// empty arm gives kNoUsers; a control without conversions kZeroControl, with a lower limit all the same.
// InvalidArgument names the field.
absl::StatusOr<RelativeLift> ProportionLift(const Proportion& control, const Proportion& treatment, double confidence);

}  // namespace tierwise
