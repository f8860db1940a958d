// SPDX-License-Identifier: Apache-2.0
#include "experiments/stats/bernoulli_e_value.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

namespace tierwise {
namespace {

using ::testing::HasSubstr;

// E[e-value] over every outcome of one block after a first one, both arms converting with probability `rate`.
double ExpectedEValue(const BernoulliBlock& first, int64_t control_n, int64_t treatment_n, double rate) {
  const auto probability = [&](int64_t x, int64_t n) {
    const double xd = static_cast<double>(x), nd = static_cast<double>(n);
    return std::exp(std::lgamma(nd + 1.0) - std::lgamma(xd + 1.0) - std::lgamma(nd - xd + 1.0) + xd * std::log(rate) +
                    (nd - xd) * std::log1p(-rate));
  };
  double sum = 0.0;
  for (int64_t c = 0; c <= control_n; ++c) {
    for (int64_t t = 0; t <= treatment_n; ++t) {
      const BernoulliBlock block{0, c, control_n, t, treatment_n};
      const double e = std::exp(StratifiedBernoulliEValue({first, block}, 1)->ln_e_value);
      sum += probability(c, control_n) * probability(t, treatment_n) * e;
    }
  }
  return sum;
}

TEST(BernoulliEValueTest, ExpectationIsAtMostOneAtAnyCommonRate) {
  const BernoulliBlock first{0, 3, 20, 4, 20};
  for (const double rate : {0.001, 0.05, 0.175, 0.5, 0.9, 0.999}) {
    EXPECT_LE(ExpectedEValue(first, 12, 7, rate), 1.0 + 1e-12) << rate;
  }
}

TEST(BernoulliEValueTest, AStratumsFirstBlockOnlyTeachesItsBaseRate) {
  const std::vector<BernoulliBlock> blocks = {{0, 10, 100, 60, 100}, {1, 5, 100, 50, 100}};
  const BernoulliEValue result = *StratifiedBernoulliEValue(blocks, 2);
  EXPECT_EQ(result.ln_e_value, 0.0);
  EXPECT_EQ(result.p_value, 1.0);
}

TEST(BernoulliEValueTest, AKnownBaselineMakesTheFirstBlockCount) {
  const std::vector<BernoulliBlock> blocks = {{0, 50, 1000, 100, 1000}};
  EXPECT_GT(StratifiedBernoulliEValue(blocks, 1, {0.06})->ln_e_value, std::log(20.0));
}

TEST(BernoulliEValueTest, StrataAddUpTheirEvidence) {
  std::vector<BernoulliBlock> one, both;
  for (int day = 0; day < 10; ++day) {
    one.push_back({0, 50, 1000, 62, 1000});
    both.push_back({0, 50, 1000, 62, 1000});
    both.push_back({1, 200, 1000, 235, 1000});
  }
  const double alone = StratifiedBernoulliEValue(one, 1)->ln_e_value;
  EXPECT_GT(alone, 0.0);
  EXPECT_GT(StratifiedBernoulliEValue(both, 2)->ln_e_value, alone + 2.0);
}

TEST(BernoulliEValueTest, SwappingTheArmsGivesTheSameEvidence) {
  const std::vector<BernoulliBlock> blocks = {{0, 5, 100, 9, 100}, {0, 4, 100, 12, 100}};
  const std::vector<BernoulliBlock> swapped = {{0, 9, 100, 5, 100}, {0, 12, 100, 4, 100}};
  EXPECT_NEAR(StratifiedBernoulliEValue(blocks, 1)->ln_e_value, StratifiedBernoulliEValue(swapped, 1)->ln_e_value,
              1e-12);
}

TEST(BernoulliEValueTest, OneArmedAndEmptyBlocksAreNoEvidence) {
  const std::vector<BernoulliBlock> blocks = {{0, 5, 100, 9, 100}, {0, 50, 100, 0, 0}, {0, 0, 0, 0, 0}};
  const BernoulliEValue result = *StratifiedBernoulliEValue(blocks, 1);
  EXPECT_EQ(result.ln_e_value, 0.0);
  EXPECT_EQ(result.ln_path.size(), 3u);
}

TEST(BernoulliEValueTest, CountsBeyondAnyCampaignStayFinite) {
  constexpr int64_t kHuge = 1'000'000'000'000'000'000;
  const std::vector<BernoulliBlock> blocks = {{0, kHuge / 2, kHuge, kHuge / 2, kHuge}, {0, 0, kHuge, kHuge, kHuge}};
  EXPECT_TRUE(std::isfinite(StratifiedBernoulliEValue(blocks, 1)->ln_e_value));
}

TEST(BernoulliEValueTest, NamesTheBadBlock) {
  const auto status = StratifiedBernoulliEValue({{0, 1, 2, 1, 2}, {3, 5, 4, -1, 2}}, 2, {0.5}).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  for (const char* field : {"blocks[1].stratum", "blocks[1].control_conversions", "blocks[1].treatment_conversions",
                            "baseline_probabilities"}) {
    EXPECT_THAT(std::string(status.message()), HasSubstr(field));
  }
}

}  // namespace
}  // namespace tierwise
