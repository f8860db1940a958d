// SPDX-License-Identifier: Apache-2.0
#include "experiments/analysis/sequential_test.h"

#include <gtest/gtest.h>

#include <cmath>
#include <initializer_list>

#include "experiments/stats/group_sequential.h"

namespace tierwise {
namespace {

constexpr absl::Duration kDay = absl::Hours(24);

// Four weeks of users, outcomes for two weeks after; read on `day`.
SequentialTest TestOnDay(double day, v1::SequentialRule rule = v1::SEQUENTIAL_RULE_ALPHA_SPENDING,
                         absl::Duration delay = absl::ZeroDuration()) {
  AnalysisRules rules;
  rules.sequential_rule = rule;
  rules.start = absl::UnixEpoch();
  rules.end = absl::UnixEpoch() + 28 * kDay;
  return SequentialTest::Create(rules, {rules.start + kDay * day, rules.start, delay}, 0.05).value();
}

TEST(SequentialTestTest, SpendingLooksOnceADay) {
  EXPECT_EQ(TestOnDay(0.5).looks(), 1);
  EXPECT_EQ(TestOnDay(7.0).looks(), 7);
  EXPECT_EQ(TestOnDay(7.5).looks(), 8);
  EXPECT_EQ(TestOnDay(28.0).looks(), 28);
  EXPECT_EQ(TestOnDay(500.0).looks(), 28);
}

TEST(SequentialTestTest, CriticalValuesAreThoseOfTheSpendingBoundaries) {
  std::vector<double> fractions;
  for (int day = 1; day <= 28; ++day) {
    fractions.push_back(day / 28.0);
    const auto looks = SpendingBoundaries({{SpendingKind::kObrienFleming}, 0.05, 2}, fractions, day == 28).value();
    EXPECT_NEAR(TestOnDay(day).CriticalValue(0.05, 1.0), looks.back().critical_z, 1e-9) << day;
  }
}

TEST(SequentialTestTest, CriticalValuesAtOtherLevelsAreInterpolatedToTwoHundredths) {
  for (const double level : {0.2, 0.1, 0.025, 0.0125, 0.005, 0.002}) {
    std::vector<double> fractions;
    for (int day = 1; day <= 28; ++day) fractions.push_back(day / 28.0);
    const auto looks = SpendingBoundaries({{SpendingKind::kObrienFleming}, level, 2}, fractions, true).value();
    EXPECT_NEAR(TestOnDay(28.0).CriticalValue(level, 1.0), looks.back().critical_z, 0.02) << level;
  }
}

TEST(SequentialTestTest, PValuesInvertCriticalValuesUnderEveryRule) {
  for (const v1::SequentialRule rule :
       {v1::SEQUENTIAL_RULE_ALPHA_SPENDING, v1::SEQUENTIAL_RULE_ALWAYS_VALID, v1::SEQUENTIAL_RULE_FIXED_HORIZON}) {
    const SequentialTest test = TestOnDay(20.0, rule);
    for (const double level : {0.2, 0.05, 0.01, 1e-4}) {
      const double critical = test.CriticalValue(level, 8'000.0);
      EXPECT_NEAR(test.PValue(critical, 8'000.0) / level, 1.0, 1e-6) << test.RuleName() << level;
      EXPECT_NEAR(test.PValue(-critical, 8'000.0) / level, 1.0, 1e-6);
    }
    EXPECT_EQ(test.PValue(0.0, 8'000.0), 1.0);
  }
}

TEST(SequentialTestTest, NoLookAsksForLessThanASingleTest) {
  for (const double day : {1.0, 14.0, 28.0}) {
    for (const double z : {0.5, 2.0, 5.0, 12.0, 40.0}) {
      EXPECT_GE(TestOnDay(day).PValue(z, 1.0), std::erfc(z / std::sqrt(2.0)) * (1.0 - 1e-9));
    }
  }
}

TEST(SequentialTestTest, ThePlanEndsWithTheLastUsersOutcome) {
  const SequentialTest test = TestOnDay(21.0, v1::SEQUENTIAL_RULE_ALPHA_SPENDING, 14 * kDay);
  EXPECT_DOUBLE_EQ(test.elapsed_share(), 0.5);
  EXPECT_EQ(test.horizon(), absl::UnixEpoch() + 42 * kDay);
}

TEST(SequentialTestTest, BeforeTheFirstUserNothingCanBeClaimed) {
  AnalysisRules rules;
  rules.sequential_rule = v1::SEQUENTIAL_RULE_ALPHA_SPENDING;
  rules.end = absl::UnixEpoch() + kDay;
  const auto test =
      SequentialTest::Create(rules, {absl::UnixEpoch(), absl::InfiniteFuture(), absl::ZeroDuration()}, 0.05).value();
  EXPECT_TRUE(std::isinf(test.CriticalValue(0.05, 0.0)));
  EXPECT_EQ(test.PValue(100.0, 0.0), 1.0);
  EXPECT_EQ(test.looks(), 0);
}

}  // namespace
}  // namespace tierwise
