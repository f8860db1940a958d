// SPDX-License-Identifier: Apache-2.0
#include "experiments/stats/confidence_sequence.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace tierwise {
namespace {

using ::testing::HasSubstr;

constexpr double kInf = std::numeric_limits<double>::infinity();

ConfidenceSequenceInput Ordinary() { return {.estimate = 0.02, .std_error = 0.01, .n = 10000.0}; }

TEST(ConfidenceSequenceTest, IntervalExcludesZeroExactlyWhereTheEValueReachesOneOverAlpha) {
  ConfidenceSequenceInput input = Ordinary();
  const double multiplier = AsymptoticConfidenceSequence(input)->multiplier;
  input.estimate = multiplier * input.std_error;
  EXPECT_NEAR(AsymptoticConfidenceSequence(input)->ln_e_value, -std::log(input.alpha), 1e-12);
  EXPECT_NEAR(AsymptoticConfidenceSequence(input)->p_value, input.alpha, 1e-13);
}

TEST(ConfidenceSequenceTest, IsTightestInStandardErrorsNearTheTunedSize) {
  const double rho2 = MixtureVariance(0.05, 5000.0);
  const double at_tuned_size = ConfidenceSequenceMultiplier(5000.0, rho2, 0.05);
  EXPECT_LT(at_tuned_size, ConfidenceSequenceMultiplier(2500.0, rho2, 0.05));
  EXPECT_LT(at_tuned_size, ConfidenceSequenceMultiplier(10000.0, rho2, 0.05));
}

TEST(ConfidenceSequenceTest, HasNotBegunBeforeItsStart) {
  ConfidenceSequenceInput input = Ordinary();
  input.estimate = 0.5;
  input.start = ValidityStart{.control_events = 20.0, .treatment_events = 19.0};
  const AlwaysValid before = *AsymptoticConfidenceSequence(input);
  EXPECT_EQ(before.p_value, 1.0);
  EXPECT_EQ(before.ln_e_value, 0.0);
  EXPECT_EQ(before.interval, Interval());
  EXPECT_FALSE(before.start->IsReached());
  input.start->treatment_events = 20.0;
  const AlwaysValid after = *AsymptoticConfidenceSequence(input);
  EXPECT_LT(after.p_value, 1e-9);
  EXPECT_TRUE(after.interval.IsBounded());
}

TEST(ConfidenceSequenceTest, ClaimsNothingWithoutAVarianceOrUsers) {
  ConfidenceSequenceInput input = Ordinary();
  input.std_error = 0.0;
  EXPECT_EQ(AsymptoticConfidenceSequence(input)->p_value, 1.0);
  EXPECT_EQ(AsymptoticConfidenceSequence(input)->interval, Interval());
  input = Ordinary();
  input.n = 0.0;
  EXPECT_EQ(AsymptoticConfidenceSequence(input)->p_value, 1.0);
}

TEST(ConfidenceSequenceTest, NamesEachBadField) {
  const auto status = AsymptoticConfidenceSequence(
                          {.estimate = std::nan(""), .std_error = -1.0, .n = kInf, .alpha = 1.0, .n_star = 0.0})
                          .status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  for (const char* field : {"estimate", "std_error", "n:", "alpha", "n_star"}) {
    EXPECT_THAT(std::string(status.message()), HasSubstr(field));
  }
}

TEST(MixtureSprtTest, IntervalExcludesZeroExactlyWhereTheRatioReachesOneOverAlpha) {
  MixtureSprtInput input{.estimate = 0.02, .std_error = 0.01, .tau2 = 0.0004};
  input.estimate = MixtureSprt(input)->multiplier * input.std_error;
  EXPECT_NEAR(MixtureSprt(input)->ln_e_value, -std::log(input.alpha), 1e-12);
}

TEST(MixtureSprtTest, StaysFiniteInAnyUnits) {
  for (const double unit : {1e-20, 1e20}) {
    const AlwaysValid result =
        *MixtureSprt({.estimate = 0.03 * unit, .std_error = 0.01 * unit, .tau2 = 1e-4 * unit * unit});
    const AlwaysValid plain = *MixtureSprt({.estimate = 0.03, .std_error = 0.01, .tau2 = 1e-4});
    EXPECT_NEAR(result.ln_e_value, plain.ln_e_value, 1e-12);
  }
}

TEST(AlwaysValidHistoryTest, PValueNeverRisesAndTheIntervalNeverWidens) {
  AlwaysValidHistory history;
  history.Add(AlwaysValid{.interval = {-1.0, 3.0}, .ln_e_value = 1.0, .p_value = 0.4});
  history.Add(AlwaysValid{.interval = {-2.0, 2.0}, .ln_e_value = 0.5, .p_value = 0.6});
  EXPECT_EQ(history.looks, 2);
  EXPECT_EQ(history.p_value, 0.4);
  EXPECT_EQ(history.max_ln_e_value, 1.0);
  EXPECT_EQ(history.interval, (Interval{-1.0, 2.0}));
  EXPECT_FALSE(history.is_empty);
}

TEST(AlwaysValidHistoryTest, DisjointIntervalsSayThatTheEffectIsNotConstant) {
  AlwaysValidHistory history;
  history.Add(AlwaysValid{.interval = {1.0, 2.0}});
  history.Add(AlwaysValid{.interval = {3.0, 4.0}});
  EXPECT_TRUE(history.is_empty);
  EXPECT_EQ(history.interval, (Interval{3.0, 4.0}));
}

}  // namespace
}  // namespace tierwise
