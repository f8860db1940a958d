// SPDX-License-Identifier: Apache-2.0
#include "experiments/tuning/off_policy.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "experiments/base/problems.h"
#include "experiments/tuning/random.h"

namespace tierwise {
namespace {

TEST(OffPolicyTest, ThePolicyOfTheLogIsWorthTheMean) {
  const std::vector<LoggedUser> log = {{1.0, 0.5, 0.5}, {3.0, 0.25, 0.25}, {2.0, 0.25, 0.25}};
  const PolicyEvaluation result = EvaluatePolicy(log, 0.95).value();
  EXPECT_DOUBLE_EQ(result.ipw.value, 2.0);
  EXPECT_DOUBLE_EQ(result.self_normalised.value, 2.0);
  EXPECT_NEAR(result.ipw.se, std::sqrt(1.0 / 3.0), 1e-12);
  EXPECT_DOUBLE_EQ(result.effective_users, 3.0);
  EXPECT_EQ(result.mean_weight_z, 0.0);
}

TEST(OffPolicyTest, WrongPropensitiesShowInTheMeanWeight) {
  RandomDraws random(3);
  std::vector<LoggedUser> log;
  for (int i = 0; i < 4000; ++i) {
    const bool treated = random.Uniform() < 0.5;
    log.push_back({treated ? 2.0 : 1.0, treated ? 0.3 : 0.7, treated ? 1.0 : 0.0});
  }
  EXPECT_GT(EvaluatePolicy(log, 0.95)->mean_weight_z, 5.0);
}

TEST(OffPolicyTest, NamesWhatIsWrong) {
  const auto status = EvaluatePolicy({{1.0, 0.0, 0.5}, {1.0, 0.5, 2.0}}, 0.95).status();
  EXPECT_EQ(ProblemsOf(status)[0].field, "log[0].propensity");
  EXPECT_EQ(ProblemsOf(status)[1].field, "log[1].policy_probability");
  EXPECT_EQ(ProblemsOf(EvaluatePolicy({{1.0, 0.5, 0.0}, {1.0, 0.5, 0.0}}, 0.95).status())[0].field, "log");
  EXPECT_EQ(ProblemsOf(EvaluateAdaptiveArm({{{0.5, 0.5}, {{}, {}}}}, 0, 0.95).status())[0].field, "batches");
  EXPECT_EQ(ProblemsOf(EvaluateAdaptiveArm({{{0.5, 0.5}, {{}, {}}}}, 2, 0.95).status())[0].field, "batches[0]");
}

}  // namespace
}  // namespace tierwise
