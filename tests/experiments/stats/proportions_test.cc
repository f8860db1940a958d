// SPDX-License-Identifier: Apache-2.0
#include "experiments/stats/proportions.h"

#include <gtest/gtest.h>

#include <cmath>

#include "experiments/base/problems.h"
#include "experiments/stats/exact_tests.h"

namespace tierwise {
namespace {

struct PublishedRow {
  Proportion treatment;
  Proportion control;
  Interval newcombe;            // method 10
  Interval miettinen_nurminen;  // method 6
};

// Newcombe (1998), "Interval estimation for the difference between independent proportions", Table II, to its four
// decimals.
constexpr PublishedRow kNewcombeTable[] = {
    {{56, 70}, {48, 80}, {0.0524, 0.3339}, {0.0528, 0.3382}}, {{9, 10}, {3, 10}, {0.1705, 0.8090}, {0.1700, 0.8406}},
    {{6, 7}, {2, 7}, {0.0582, 0.8062}, {0.0342, 0.8534}},     {{5, 56}, {0, 29}, {-0.0381, 0.1926}, {-0.0326, 0.1933}},
    {{0, 10}, {0, 20}, {-0.1611, 0.2775}, {-0.1658, 0.2844}}, {{0, 10}, {0, 10}, {-0.2775, 0.2775}, {-0.2879, 0.2879}},
    {{10, 10}, {0, 20}, {0.6791, 1.0000}, {0.7156, 1.0000}},  {{10, 10}, {0, 10}, {0.6075, 1.0000}, {0.6636, 1.0000}},
};

TEST(ProportionsTest, ReproducesNewcombesTable) {
  for (const PublishedRow& row : kNewcombeTable) {
    const Interval newcombe = NewcombeInterval(row.control, row.treatment, 0.95);
    EXPECT_NEAR(newcombe.lower, row.newcombe.lower, 5.1e-5);
    EXPECT_NEAR(newcombe.upper, row.newcombe.upper, 5.1e-5);
    const Interval score = MiettinenNurminenInterval(row.control, row.treatment, 0.95);
    EXPECT_NEAR(score.lower, row.miettinen_nurminen.lower, 5.1e-5);
    EXPECT_NEAR(score.upper, row.miettinen_nurminen.upper, 5.1e-5);
  }
}

TEST(ProportionsTest, NoConversionsAgainstManyIsAClearAnswer) {
  const auto estimate = CompareProportions({0, 10'000}, {500, 10'000}, 0.95);
  ASSERT_TRUE(estimate.ok());
  EXPECT_EQ(estimate->gap, Gap::kNone);
  EXPECT_LT(estimate->test.p, 1e-100);
  EXPECT_GT(estimate->interval.lower, 0.045);
  EXPECT_LT(estimate->interval.upper, 0.055);
}

TEST(ProportionsTest, EveryPairOfNonEmptyArmsGetsAFiniteIntervalAndP) {
  for (const int64_t control_users : {1, 2, 3, 10, 1000}) {
    for (const int64_t treatment_users : {1, 2, 7, 1000}) {
      for (int64_t x = 0; x <= control_users; x = x * 2 + 1) {
        for (int64_t y = 0; y <= treatment_users; y = y * 2 + 1) {
          const auto estimate = CompareProportions({x, control_users}, {y, treatment_users}, 0.95);
          ASSERT_TRUE(estimate.ok());
          EXPECT_EQ(estimate->gap, Gap::kNone) << x << "/" << control_users << " " << y << "/" << treatment_users;
          EXPECT_TRUE(estimate->interval.IsBounded());
          EXPECT_TRUE(estimate->interval.Contains(estimate->effect));
          EXPECT_GE(estimate->test.p, 0.0);
          EXPECT_LE(estimate->test.p, 1.0);
        }
      }
    }
  }
}

TEST(ProportionsTest, SmallCountsUseTheExactTest) {
  const auto small = CompareProportions({1, 1000}, {7, 1000}, 0.95);
  const auto large = CompareProportions({10, 1000}, {20, 1000}, 0.95);
  ASSERT_TRUE(small.ok() && large.ok());
  EXPECT_EQ(small->method, Method::kFisherMidP);
  EXPECT_DOUBLE_EQ(small->test.p, *FisherExactP({1, 1000}, {7, 1000}, /*mid_p=*/true));
  EXPECT_EQ(large->method, Method::kScore);
  EXPECT_DOUBLE_EQ(large->test.p, ScoreTest({10, 1000}, {20, 1000}).test.p);
}

TEST(ProportionsTest, SwappingTheArmsTurnsTheAnswerAround) {
  const Proportion one = {13, 170};
  const Proportion other = {29, 240};
  const auto forward = CompareProportions(one, other, 0.9);
  const auto backward = CompareProportions(other, one, 0.9);
  ASSERT_TRUE(forward.ok() && backward.ok());
  EXPECT_DOUBLE_EQ(forward->effect, -backward->effect);
  EXPECT_DOUBLE_EQ(forward->test.p, backward->test.p);
  EXPECT_NEAR(forward->interval.lower, -backward->interval.upper, 1e-15);
  const Interval there = MiettinenNurminenInterval(one, other, 0.9);
  const Interval back = MiettinenNurminenInterval(other, one, 0.9);
  EXPECT_NEAR(there.lower, -back.upper, 1e-12);
  EXPECT_NEAR(there.upper, -back.lower, 1e-12);
}

TEST(ProportionsTest, SwappingConversionsAndTheRestTurnsTheDifferenceAround) {
  const Interval conversions = NewcombeInterval({3, 40}, {9, 50}, 0.95);
  const Interval rest = NewcombeInterval({37, 40}, {41, 50}, 0.95);
  EXPECT_NEAR(conversions.lower, -rest.upper, 1e-14);
  EXPECT_NEAR(conversions.upper, -rest.lower, 1e-14);
}

TEST(ProportionsTest, MarginMovesTheNullToTheRatio) {
  // Rates exactly at the ratio 0.9: no evidence either way.
  const auto at_margin = CompareProportions({1000, 10'000}, {900, 10'000}, 0.95, -0.1);
  ASSERT_TRUE(at_margin.ok());
  EXPECT_NEAR(at_margin->effect, 0.0, 1e-15);
  EXPECT_NEAR(at_margin->test.p, 1.0, 1e-6);
  // A tiny margin is the plain comparison.
  const auto plain = CompareProportions({1000, 10'000}, {1100, 10'000}, 0.95);
  const auto tiny = CompareProportions({1000, 10'000}, {1100, 10'000}, 0.95, 1e-9);
  ASSERT_TRUE(plain.ok() && tiny.ok());
  EXPECT_NEAR(plain->test.statistic, tiny->test.statistic, 1e-6);
  EXPECT_NEAR(plain->interval.lower, tiny->interval.lower, 1e-9);
  // Non-inferiority of equal rates without any conversions still has an interval.
  const auto empty = CompareProportions({0, 100}, {0, 100}, 0.95, -0.1);
  ASSERT_TRUE(empty.ok());
  EXPECT_EQ(empty->gap, Gap::kZeroVariance);
  EXPECT_TRUE(empty->interval.IsBounded());
}

TEST(ProportionsTest, CountsOf1e18KeepTheirDigits) {
  constexpr int64_t kUsers = 1'000'000'000'000'000'000;
  const auto estimate = CompareProportions({kUsers / 4, kUsers}, {kUsers / 4 + 2'000'000'000, kUsers}, 0.95);
  ASSERT_TRUE(estimate.ok());
  EXPECT_NEAR(estimate->effect, 2e-9, 1e-17);
  EXPECT_NEAR(estimate->test.statistic, 2e9 / std::sqrt(2 * 0.25 * 0.75 * 1e18), 1e-6);
  EXPECT_TRUE(estimate->interval.IsBounded());
  const auto rare = CompareProportions({1, kUsers}, {7, kUsers}, 0.95);
  ASSERT_TRUE(rare.ok());
  EXPECT_EQ(rare->method, Method::kFisherMidP);
  EXPECT_FALSE(FisherExactP({kUsers / 4, kUsers}, {kUsers / 3, kUsers}).has_value());
}

TEST(ProportionsTest, BadCountsNameTheField) {
  const auto field = [](const Proportion& control, const Proportion& treatment, double confidence) {
    const auto result = CompareProportions(control, treatment, confidence);
    const std::vector<Problem> problems = ProblemsOf(result.status());
    return problems.empty() ? std::string() : problems[0].field;
  };
  EXPECT_EQ(field({11, 10}, {1, 10}, 0.95), "control.conversions");
  EXPECT_EQ(field({1, 10}, {-1, 10}, 0.95), "treatment.conversions");
  EXPECT_EQ(field({0, -10}, {1, 10}, 0.95), "control.users");
  EXPECT_EQ(field({1, 10}, {1, 10}, 1.0), "confidence");
  EXPECT_EQ(field({1, 10}, {1, 10}, std::nan("")), "confidence");
  EXPECT_EQ(ProblemsOf(CompareProportions({1, 10}, {1, 10}, 0.95, -1.0).status()).at(0).field, "margin");
}

TEST(ProportionsTest, AnEmptyArmClaimsNothing) {
  const auto estimate = CompareProportions({0, 0}, {3, 10}, 0.95);
  ASSERT_TRUE(estimate.ok());
  EXPECT_EQ(estimate->gap, Gap::kNoUsers);
  EXPECT_EQ(estimate->test.p, 1.0);
  EXPECT_EQ(estimate->interval, Interval());
}

TEST(ProportionLiftTest, UsesKatzWhereBothArmsConvert) {
  const auto lift = ProportionLift({100, 1000}, {120, 1000}, 0.95);
  ASSERT_TRUE(lift.ok());
  EXPECT_EQ(lift->method, Method::kKatz);
  EXPECT_NEAR(lift->lift, 0.2, 1e-14);
  const double half_width = 1.959963984540054 * std::sqrt(0.9 / 100 + 0.88 / 120);
  EXPECT_NEAR(lift->interval.lower, 1.2 * std::exp(-half_width) - 1, 1e-12);
  EXPECT_NEAR(lift->interval.upper, 1.2 * std::exp(half_width) - 1, 1e-12);
}

TEST(ProportionLiftTest, CellsWithoutConversionsKeepAnInterval) {
  const auto no_treatment = ProportionLift({5, 100}, {0, 100}, 0.95);
  ASSERT_TRUE(no_treatment.ok());
  EXPECT_EQ(no_treatment->method, Method::kScoreLift);
  EXPECT_EQ(no_treatment->interval.lower, -1.0);
  EXPECT_GT(no_treatment->interval.upper, -0.9);
  EXPECT_TRUE(no_treatment->interval.IsBounded());

  const auto no_control = ProportionLift({0, 100}, {30, 100}, 0.95);
  ASSERT_TRUE(no_control.ok());
  EXPECT_EQ(no_control->gap, Gap::kZeroControl);
  EXPECT_GT(no_control->interval.lower, 1.0);
  EXPECT_EQ(no_control->interval.upper, std::numeric_limits<double>::infinity());

  const auto everybody = ProportionLift({10, 10}, {10, 10}, 0.95);
  ASSERT_TRUE(everybody.ok());
  EXPECT_EQ(everybody->lift, 0.0);
  EXPECT_LT(everybody->interval.lower, -0.1);
  EXPECT_GT(everybody->interval.upper, 0.1);

  const auto nobody = ProportionLift({0, 10}, {0, 10}, 0.95);
  ASSERT_TRUE(nobody.ok());
  EXPECT_EQ(nobody->gap, Gap::kZeroControl);
  EXPECT_EQ(nobody->interval.lower, -1.0);
}

TEST(FisherTest, AgreesWithTheLadyTastingTea) {
  EXPECT_NEAR(*FisherExactP({1, 4}, {3, 4}), 34.0 / 70.0, 1e-14);
  EXPECT_NEAR(*FisherExactP({0, 4}, {4, 4}), 2.0 / 70.0, 1e-14);
  EXPECT_NEAR(*FisherExactP({0, 4}, {4, 4}, /*mid_p=*/true), 1.0 / 70.0, 1e-14);
}

TEST(FisherTest, MidPIsBelowTheExactP) {
  for (int64_t x = 0; x <= 30; ++x) {
    const double exact = *FisherExactP({x, 30}, {12, 40});
    const double mid = *FisherExactP({x, 30}, {12, 40}, true);
    EXPECT_LT(mid, exact);
    EXPECT_GT(mid, 0.49 * exact);
  }
}

TEST(FisherTest, ALopsidedTableIsSummedFromItsMode) {
  // P(all 3 conversions in an arm with 1 in a million of the users) is about 1e-18.
  const double p = *FisherExactP({3, 1000}, {0, 1'000'000'000});
  EXPECT_NEAR(p / 1e-18, 1.0, 0.01);
}

TEST(BoschlooTest, IsMorePowerfulThanFisherAndSymmetric) {
  for (int64_t x = 0; x <= 15; x += 3) {
    for (int64_t y = 0; y <= 18; y += 3) {
      const double p = BoschlooP({x, 15}, {y, 18});
      EXPECT_NEAR(p, BoschlooP({y, 18}, {x, 15}), 1e-12);
      EXPECT_GE(p, 0.0);
      EXPECT_LE(p, 1.0);
    }
  }
  EXPECT_LT(BoschlooP({1, 5}, {4, 5}), *FisherExactP({1, 5}, {4, 5}));
}

TEST(WilsonTest, EndsAreExactlyZeroAndOne) {
  EXPECT_EQ(WilsonInterval({0, 7}, 0.95).lower, 0.0);
  EXPECT_EQ(WilsonInterval({7, 7}, 0.95).upper, 1.0);
  EXPECT_EQ(ClopperPearsonInterval({0, 7}, 0.95).lower, 0.0);
  EXPECT_EQ(ClopperPearsonInterval({7, 7}, 0.95).upper, 1.0);
}

TEST(WilsonTest, GrowsWithConfidenceAndShrinksWithUsers) {
  const Interval narrow = WilsonInterval({10, 100}, 0.9);
  const Interval wide = WilsonInterval({10, 100}, 0.99);
  const Interval large = WilsonInterval({1000, 10'000}, 0.9);
  EXPECT_LT(wide.lower, narrow.lower);
  EXPECT_GT(wide.upper, narrow.upper);
  EXPECT_GT(large.lower, narrow.lower);
  EXPECT_LT(large.upper, narrow.upper);
}

}  // namespace
}  // namespace tierwise
