// SPDX-License-Identifier: Apache-2.0
#include "experiments/tuning/policy_learning.h"

#include <gtest/gtest.h>

#include <cmath>
#include <string>

#include "experiments/base/problems.h"
#include "tests/experiments/tuning/policy_logs.h"

namespace tierwise {
namespace {

// Arm 1 helps the young of tier 1 and harms everybody else.
double YoungOfTierOne(const PolicyData& data, size_t user, size_t arm) {
  if (arm == 0) return 0.0;
  return data.tier[user] == 1 && data.attributes[0].values[user] <= 40.0 ? 0.5 : -0.5;
}

TEST(LearnPolicy, FindsAPlantedInteraction) {
  RandomDraws random(1);
  const PolicyData data = RandomisedLog(20'000, random, YoungOfTierOne);
  const LearntPolicy policy = LearnPolicy(data, {}).value();
  int right = 0;
  for (size_t i = 0; i < data.users(); ++i) {
    const bool is_young = data.tier[i] == 1 && data.attributes[0].values[i] <= 40.0;
    right += policy.tree.ArmOf(data, i) == (is_young ? 1U : 0U);
  }
  EXPECT_GT(right, 19'000);
  // 23 of 60 ages, 60 % of users: worth 0.115 a user more than no arm 1 at all.
  EXPECT_TRUE(policy.held_out.doubly_robust.interval.Contains(0.115));
  EXPECT_GT(policy.gain.interval.lower, 0.0);
  EXPECT_EQ(policy.best_arm, (std::vector<size_t>{0, 0}));
  EXPECT_TRUE(policy.warnings.empty());
}

TEST(LearnPolicy, TheSameSeedGivesTheSameTree) {
  RandomDraws random(2);
  const PolicyData data = RandomisedLog(3'000, random, YoungOfTierOne);
  EXPECT_EQ(LearnPolicy(data, {}).value().held_out.ipw.value, LearnPolicy(data, {}).value().held_out.ipw.value);
}

TEST(LearnPolicy, WarnsWhereThePropensitiesAreWrong) {
  RandomDraws random(3);
  PolicyData data = RandomisedLog(4'000, random, YoungOfTierOne);
  for (double& propensity : data.propensity) propensity *= 0.5;
  const LearntPolicy policy = LearnPolicy(data, {}).value();
  ASSERT_FALSE(policy.warnings.empty());
  EXPECT_NE(policy.warnings[0].find("propensities"), std::string::npos);
}

TEST(EvaluateRule, TellsWhatARuleWouldHaveBrought) {
  RandomDraws random(4);
  const PolicyData data = RandomisedLog(20'000, random, YoungOfTierOne);
  const auto young = [&](size_t i) { return data.tier[i] == 1 && data.attributes[0].values[i] <= 40.0 ? 1U : 0U; };
  const PolicyEvaluation value = EvaluateRule(data, young, 0.99, 1).value();
  for (const PolicyValue& estimate : {value.ipw, value.self_normalised, value.doubly_robust}) {
    EXPECT_TRUE(estimate.interval.Contains(0.115)) << estimate.value;
  }
  EXPECT_EQ(ProblemsOf(EvaluateRule(
                           data, [](size_t) { return size_t{7}; }, 0.95, 1)
                           .status())[0]
                .field,
            "arm_of");
}

TEST(PolicyDataTest, NamesTheFirstBadEntryOfAColumn) {
  RandomDraws random(5);
  const PolicyData good = RandomisedLog(100, random, YoungOfTierOne);
  const auto field_of = [](const PolicyData& data) { return ProblemsOf(LearnPolicy(data, {}).status())[0].field; };
  PolicyData bad = good;
  bad.propensity[7] = 0.0;
  EXPECT_EQ(field_of(bad), "propensity[7]");
  bad = good;
  bad.outcome[3] = std::nan("");
  EXPECT_EQ(field_of(bad), "outcome[3]");
  bad = good;
  bad.attributes[1].values[2] = 5.0;
  EXPECT_EQ(field_of(bad), "attributes[1].values[2]");
  bad = good;
  bad.attributes[0].values.pop_back();
  EXPECT_EQ(field_of(bad), "attributes[0].values");
  bad = good;
  bad.attributes.resize(21, good.attributes[0]);
  EXPECT_EQ(field_of(bad), "attributes");
  bad = good;
  bad.arm[0] = 2;
  EXPECT_EQ(field_of(bad), "arm[0]");
  PolicyLearningOptions options;
  options.depth = 4;
  EXPECT_EQ(ProblemsOf(LearnPolicy(good, options).status())[0].field, "depth");
}

TEST(PolicyDataTest, MissingValuesAnswerNo) {
  RandomDraws random(6);
  PolicyData data = RandomisedLog(2'000, random, YoungOfTierOne);
  for (size_t i = 0; i < data.users(); i += 3) data.attributes[0].values[i] = std::nan("");
  ASSERT_TRUE(LearnPolicy(data, {}).ok());
}

}  // namespace
}  // namespace tierwise
