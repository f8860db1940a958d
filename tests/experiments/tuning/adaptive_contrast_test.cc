// SPDX-License-Identifier: Apache-2.0
#include "experiments/tuning/adaptive_contrast.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "experiments/base/problems.h"

namespace tierwise {
namespace {

// Moments of `n` users of whom `conversions` convert.
Moments Rate(int64_t conversions, int64_t n) {
  Moments moments;
  moments.AddRepeated(1.0, conversions);
  moments.AddRepeated(0.0, n - conversions);
  return moments;
}

TEST(AdaptiveContrast, WeighsEveryUserByTheirPropensity) {
  // Two batches, the second with other shares and other rates of both arms; the difference is 0.05 in both.
  const std::vector<AdaptiveBatch> batches = {{{0.5, 0.5}, {Rate(500, 5'000), Rate(750, 5'000)}},
                                              {{0.1, 0.9}, {Rate(200, 1'000), Rate(2'250, 9'000)}}};
  const AdaptiveContrast contrast = EvaluateAdaptiveContrast(batches, 1, 0, {}).value();
  EXPECT_NEAR(contrast.value.value, 0.05, 1e-12);
  EXPECT_TRUE(contrast.has_begun);
  EXPECT_TRUE(contrast.value.interval.Contains(0.05));
  EXPECT_LT(contrast.p, 0.05);
  EXPECT_GT(contrast.value.interval.lower, 0.0);
  // Pooling the counts would be wrong: 450 of 6,000 against 3,000 of 14,000.
  EXPECT_GT(std::abs(3'000.0 / 14'000.0 - 700.0 / 6'000.0 - 0.05), 0.04);
}

TEST(AdaptiveContrast, BeginsOnceThereAreEvents) {
  const std::vector<AdaptiveBatch> batches = {{{0.5, 0.5}, {Rate(2, 100), Rate(30, 100)}}};
  const AdaptiveContrast contrast = EvaluateAdaptiveContrast(batches, 1, 0, {}).value();
  EXPECT_FALSE(contrast.has_begun);
  EXPECT_FALSE(contrast.value.interval.IsBounded());
  EXPECT_EQ(contrast.p, 1.0);
}

TEST(AdaptiveContrast, ItsPValueAgreesWithItsInterval) {
  for (int64_t conversions = 500; conversions < 700; conversions += 5) {
    const std::vector<AdaptiveBatch> batches = {{{0.5, 0.5}, {Rate(500, 5'000), Rate(conversions, 5'000)}}};
    const AdaptiveContrast contrast = EvaluateAdaptiveContrast(batches, 1, 0, {}).value();
    EXPECT_EQ(contrast.p < 0.05, !contrast.value.interval.Contains(0.0)) << conversions;
  }
}

TEST(AdaptiveContrast, NamesWhatIsWrong) {
  const std::vector<AdaptiveBatch> good = {{{0.5, 0.5}, {Rate(50, 100), Rate(30, 100)}}};
  EXPECT_EQ(ProblemsOf(EvaluateAdaptiveContrast(good, 1, 1, {}).status())[0].field, "arm");
  EXPECT_EQ(ProblemsOf(EvaluateAdaptiveContrast(good, 2, 0, {}).status())[0].field, "batches[0]");
  EXPECT_EQ(ProblemsOf(EvaluateAdaptiveContrast({}, 1, 0, {}).status())[0].field, "batches");
  std::vector<AdaptiveBatch> bad = good;
  bad[0].shares[1] = 0.0;
  EXPECT_EQ(ProblemsOf(EvaluateAdaptiveContrast(bad, 1, 0, {}).status())[0].field, "batches[0].shares[1]");
}

TEST(Guardrail, StopsAnArmThatIsWorseByMoreThanTheMargin) {
  GuardrailRule rule;
  rule.margin = 0.05;
  const std::vector<AdaptiveBatch> harmful = {{{0.5, 0.5}, {Rate(2'000, 10'000), Rate(1'500, 10'000)}}};
  EXPECT_TRUE(IsStoppedByGuardrail(harmful, 1, 0, rule).value());
  const std::vector<AdaptiveBatch> slight = {{{0.5, 0.5}, {Rate(2'000, 10'000), Rate(1'950, 10'000)}}};
  EXPECT_FALSE(IsStoppedByGuardrail(slight, 1, 0, rule).value());
  // Fewer is better: the same arm is then no harm, and its control would be.
  rule.is_more_better = false;
  EXPECT_FALSE(IsStoppedByGuardrail(harmful, 1, 0, rule).value());
  EXPECT_TRUE(IsStoppedByGuardrail(harmful, 0, 1, rule).value());
  rule.margin = 1.5;
  EXPECT_EQ(ProblemsOf(IsStoppedByGuardrail(harmful, 1, 0, rule).status())[0].field, "margin");
}

}  // namespace
}  // namespace tierwise
