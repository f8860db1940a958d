// SPDX-License-Identifier: Apache-2.0
#include "experiments/stats/rate_contrast.h"

#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <random>
#include <utility>
#include <vector>

#include "experiments/stats/skewness.h"

namespace tierwise {
namespace {

constexpr double kConfidence = 0.95;

RateContrast ContrastOf(const Proportion& control, const Proportion& treatment) {
  return RateContrast(std::vector<RateStratum>{{control, treatment}});
}

double LogLikelihood(const Proportion& arm, double rate) {
  const auto part = [](int64_t count, double probability) {
    return count == 0 ? 0.0 : static_cast<double>(count) * std::log(probability);
  };
  return part(arm.conversions, rate) + part(arm.users - arm.conversions, 1.0 - rate);
}

// The argument in (low, high) of the greatest value of `f`, which has one peak, by thirds.
double Peak(const std::function<double(double)>& f, double low, double high) {
  for (int step = 0; step < 200; ++step) {
    const double a = low + (high - low) / 3.0, b = high - (high - low) / 3.0;
    (f(a) < f(b) ? low : high) = f(a) < f(b) ? a : b;
  }
  return 0.5 * (low + high);
}

// The corrected statistic from its definition, for one stratum: rates of greatest likelihood by search.
double NaiveStatistic(const Proportion& control, const Proportion& treatment,
                      const std::function<double(double)>& treatment_rate, double low, double high, double effect,
                      double control_weight) {
  const double c =
      Peak([&](double rate) { return LogLikelihood(control, rate) + LogLikelihood(treatment, treatment_rate(rate)); },
           low, high);
  const double t = treatment_rate(c);
  const auto n_c = static_cast<double>(control.users), n_t = static_cast<double>(treatment.users);
  const double variance = t * (1 - t) / n_t + control_weight * control_weight * c * (1 - c) / n_c;
  const double third =
      t * (1 - t) * (1 - 2 * t) / n_t / n_t - std::pow(control_weight, 3.0) * c * (1 - c) * (1 - 2 * c) / n_c / n_c;
  return NormalizeScore(effect / std::sqrt(variance), third / std::pow(variance, 1.5));
}

double NaiveRatioStatistic(const Proportion& control, const Proportion& treatment, double ratio) {
  return NaiveStatistic(
      control, treatment, [ratio](double rate) { return ratio * rate; }, 0.0, std::min(1.0, 1.0 / ratio),
      treatment.Rate() - ratio * control.Rate(), ratio);
}

double NaiveDifferenceStatistic(const Proportion& control, const Proportion& treatment, double difference) {
  return NaiveStatistic(
      control, treatment, [difference](double rate) { return rate + difference; }, std::max(0.0, -difference),
      std::min(1.0, 1.0 - difference), treatment.Rate() - control.Rate() - difference, 1.0);
}

TEST(RateContrastTest, EndsOfIntervalsAreWhereTheDefinitionIsCritical) {
  const std::pair<Proportion, Proportion> cases[] = {
      {{5, 100}, {9, 80}}, {{90, 36'000}, {10, 4000}}, {{700, 1000}, {950, 1000}}, {{3, 2000}, {30, 1000}}};
  for (const auto& [control, treatment] : cases) {
    const RateContrast contrast = ContrastOf(control, treatment);
    for (const double critical : {1.0, 1.96, 3.0}) {
      const Interval lift = contrast.Lift(critical), difference = contrast.Difference(critical);
      EXPECT_NEAR(NaiveRatioStatistic(control, treatment, 1.0 + lift.lower), critical, 1e-5);
      EXPECT_NEAR(NaiveRatioStatistic(control, treatment, 1.0 + lift.upper), -critical, 1e-5);
      EXPECT_NEAR(NaiveDifferenceStatistic(control, treatment, difference.lower), critical, 1e-5);
      EXPECT_NEAR(NaiveDifferenceStatistic(control, treatment, difference.upper), -critical, 1e-5);
    }
    EXPECT_NEAR(contrast.Statistic(1.3), NaiveRatioStatistic(control, treatment, 1.3), 1e-6);
  }
}

TEST(RateContrastTest, EqualRatesAreTestedByPearsonsScoreCorrected) {
  const Proportion control{40, 1000}, treatment{70, 1200};
  const ProportionTest score = ScoreTest(control, treatment);
  const double rate = 110.0 / 2200.0;
  const double skewness = (1 - 2 * rate) / std::sqrt(rate * (1 - rate)) * (1 / 1.2e3 / 1.2e3 - 1 / 1e3 / 1e3) /
                          std::pow(1 / 1e3 + 1 / 1.2e3, 1.5);
  EXPECT_NEAR(ContrastOf(control, treatment).Statistic(), NormalizeScore(score.test.statistic, skewness), 1e-12);
}

TEST(RateContrastTest, EverySmallTableHasAnAnswerThatAgreesWithItself) {
  for (int64_t n_c = 1; n_c <= 6; ++n_c) {
    for (int64_t n_t = 1; n_t <= 5; ++n_t) {
      for (int64_t x_c = 0; x_c <= n_c; ++x_c) {
        for (int64_t x_t = 0; x_t <= n_t; ++x_t) {
          const RateContrast contrast = ContrastOf({x_c, n_c}, {x_t, n_t});
          const Estimate estimate = *CompareContrast(contrast, kConfidence);
          const RelativeLift lift = *ContrastLift(contrast, kConfidence);
          ASSERT_TRUE(estimate.test.p >= 0.0 && estimate.test.p <= 1.0);
          ASSERT_TRUE(estimate.interval.Contains(estimate.effect)) << x_c << "/" << n_c << " " << x_t << "/" << n_t;
          ASSERT_TRUE(estimate.interval.lower >= -1.0 && estimate.interval.upper <= 1.0);
          ASSERT_GE(lift.interval.lower, -1.0);
          ASSERT_FALSE(std::isnan(lift.interval.upper));
          if (estimate.gap != Gap::kNone) continue;
          ASSERT_EQ(estimate.test.p < 0.05, !estimate.interval.Contains(0.0));
          ASSERT_EQ(estimate.test.p < 0.05, !lift.interval.Contains(0.0));
        }
      }
    }
  }
}

TEST(RateContrastTest, SwappingTheArmsMirrorsTheIntervals) {
  std::mt19937_64 random(1);
  for (int run = 0; run < 200; ++run) {
    const Proportion control{1 + static_cast<int64_t>(random() % 60), 60 + static_cast<int64_t>(random() % 900)};
    const Proportion treatment{1 + static_cast<int64_t>(random() % 60), 60 + static_cast<int64_t>(random() % 900)};
    const RateContrast contrast = ContrastOf(control, treatment), swapped = ContrastOf(treatment, control);
    EXPECT_NEAR(contrast.Statistic(), -swapped.Statistic(), 1e-10);
    EXPECT_NEAR(contrast.Difference(2.0).lower, -swapped.Difference(2.0).upper, 1e-10);
    const double lower = 1.0 + contrast.Lift(2.0).lower;
    EXPECT_NEAR(lower * (1.0 + swapped.Lift(2.0).upper), 1.0, 1e-8);
  }
}

TEST(RateContrastTest, ArmsWithoutConversionsLeaveAnEndOpen) {
  const RelativeLift no_control = *ContrastLift(ContrastOf({0, 1000}, {20, 1000}), kConfidence);
  EXPECT_EQ(no_control.gap, Gap::kZeroControl);
  EXPECT_GT(no_control.interval.lower, 1.0);
  EXPECT_EQ(no_control.interval.upper, HUGE_VAL);
  const RelativeLift no_treatment = *ContrastLift(ContrastOf({20, 1000}, {0, 1000}), kConfidence);
  EXPECT_EQ(no_treatment.interval.lower, -1.0);
  EXPECT_LT(no_treatment.interval.upper, -0.5);
  const Estimate nothing = *CompareContrast(ContrastOf({0, 10}, {0, 10}), kConfidence);
  EXPECT_EQ(nothing.gap, Gap::kZeroVariance);
  EXPECT_LT(nothing.interval.upper, 0.35);
}

TEST(RateContrastTest, EqualStrataAreOneStratumOfAllUsers) {
  const RateContrast halves({{{20, 1000}, {30, 800}, 0.5}, {{20, 1000}, {30, 800}, 0.5}});
  const RateContrast whole = ContrastOf({40, 2000}, {60, 1600});
  EXPECT_NEAR(halves.Statistic(), whole.Statistic(), 1e-12);
  EXPECT_NEAR(halves.Lift(2.0).upper, whole.Lift(2.0).upper, 1e-10);
  EXPECT_NEAR(halves.Difference(2.0).lower, whole.Difference(2.0).lower, 1e-12);
}

TEST(RateContrastTest, HugeArmsKeepTheirDigits) {
  const RateContrast contrast = ContrastOf({50'000'000, 1'000'000'000}, {50'030'000, 1'000'000'000});
  const Interval difference = contrast.Difference(1.959963984540054);
  EXPECT_NEAR(contrast.difference(), 3e-5, 1e-15);
  EXPECT_NEAR(0.5 * (difference.lower + difference.upper), 3e-5, 1e-9);
  EXPECT_GT(difference.lower, 0.0);
}

}  // namespace
}  // namespace tierwise
