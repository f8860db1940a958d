// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <cmath>
#include <random>
#include <vector>

#include "experiments/analysis/claims.h"
#include "tests/experiments/analysis/made_up_campaign.h"

namespace tierwise {
namespace {

constexpr int kDays = 28;
constexpr int64_t kUsersPerDay = 200;  // per arm and tier

// Three standard errors of a share of 5 % over `runs`.
double MonteCarloBound(int runs) { return 0.05 + 3.0 * std::sqrt(0.05 * 0.95 / runs); }

// A campaign read every day: outcomes of mean 1 and standard deviation 1, plus the tier's effect in the offer's arm.
class PeekedCampaign {
 public:
  PeekedCampaign(v1::SequentialRule rule, std::vector<double> effects) : effects_(std::move(effects)) {
    data_.variants = {"control", "offer"};
    data_.rules.sequential_rule = rule;
    data_.rules.start = data_.first_exposure = absl::UnixEpoch();
    if (rule == v1::SEQUENTIAL_RULE_ALPHA_SPENDING) data_.rules.end = absl::UnixEpoch() + absl::Hours(24 * kDays);
    for (size_t tier = 0; tier < effects_.size(); ++tier) data_.tiers.push_back({std::to_string(tier), 1, {0.5, 0.5}});
    data_.metrics.resize(1);
    data_.metrics[0].role = v1::METRIC_ROLE_PRIMARY;
    for (int day = 1; day <= kDays; ++day) {
      const ReadingTime time{data_.first_exposure + absl::Hours(24 * day), data_.first_exposure, absl::ZeroDuration()};
      looks_.push_back(SequentialTest::Create(data_.rules, time, data_.rules.alpha).value());
    }
  }

  // Runs once; `is_found` is asked at every look. Returns whether it ever said yes.
  template <typename IsFound>
  bool Run(std::mt19937_64& random, IsFound is_found) {
    data_.users.assign(2 * effects_.size(), 0);
    data_.metrics[0].cells.assign(data_.users.size(), JointMoments());
    for (const SequentialTest& look : looks_) {
      AddDay(random);
      std::vector<MetricAnalysis> metrics = {AnalyzeMetric(data_, data_.metrics[0], look, {}).value()};
      EXPECT_TRUE(MakeClaims(data_, look, true, absl::MakeSpan(metrics)).ok());
      if (is_found(metrics[0])) return true;
    }
    return false;
  }

 private:
  void AddDay(std::mt19937_64& random) {
    std::normal_distribution<double> normal;
    for (size_t cell = 0; cell < data_.users.size(); ++cell) {
      const double mean = 1.0 + (cell % 2 == 1 ? effects_[cell / 2] : 0.0);
      const double error = normal(random) / std::sqrt(static_cast<double>(kUsersPerDay));
      data_.metrics[0].cells[cell].Merge(MeanMoments(kUsersPerDay, mean + error, 1.0));
      data_.users[cell] += kUsersPerDay;
    }
  }

  CampaignData data_;
  std::vector<double> effects_;
  std::vector<SequentialTest> looks_;
};

bool IsOverallClaimed(const MetricAnalysis& metric) {
  return metric.report.comparisons(metric.overall[1].row).claimed();
}
bool IsTierClaimed(const MetricAnalysis& metric, size_t tier) {
  return metric.report.comparisons(metric.tiers[2 * tier + 1].row).claimed();
}

class ClaimsSimulationTest : public testing::TestWithParam<v1::SequentialRule> {};
INSTANTIATE_TEST_SUITE_P(Rules, ClaimsSimulationTest,
                         testing::Values(v1::SEQUENTIAL_RULE_ALPHA_SPENDING, v1::SEQUENTIAL_RULE_ALWAYS_VALID));

TEST_P(ClaimsSimulationTest, ReadEveryDayAnAATestClaimsAnEffectNoMoreOftenThanAlpha) {
  constexpr int kRuns = 3'000;
  PeekedCampaign campaign(GetParam(), {0.0});
  std::mt19937_64 random(11);
  int claims = 0;
  for (int run = 0; run < kRuns; ++run) claims += campaign.Run(random, IsOverallClaimed) ? 1 : 0;
  EXPECT_LE(claims, MonteCarloBound(kRuns) * kRuns);
}

TEST_P(ClaimsSimulationTest, OfTiersWithoutEffectAnyIsClaimedNoMoreOftenThanAlpha) {
  constexpr int kRuns = 250;
  // The others open the gates: there is an effect overall, and tiers differ.
  PeekedCampaign campaign(GetParam(), {0.3, 0.0, 0.2, 0.0});
  std::mt19937_64 random(12);
  int false_claims = 0, true_claims = 0;
  for (int run = 0; run < kRuns; ++run) {
    bool is_true_claimed = false;
    false_claims += campaign.Run(random, [&](const MetricAnalysis& metric) {
      is_true_claimed |= IsTierClaimed(metric, 0);
      return IsTierClaimed(metric, 1) || IsTierClaimed(metric, 3);
    });
    true_claims += is_true_claimed ? 1 : 0;
  }
  EXPECT_LE(false_claims, MonteCarloBound(kRuns) * kRuns);
  EXPECT_GT(true_claims, 0.9 * kRuns);
}

TEST_P(ClaimsSimulationTest, TiersWithTheSameEffectAreSaidToDifferNoMoreOftenThanAlpha) {
  constexpr int kRuns = 250;
  PeekedCampaign campaign(GetParam(), {0.3, 0.3, 0.3, 0.3, 0.3});
  std::mt19937_64 random(13);
  int claims = 0;
  for (int run = 0; run < kRuns; ++run) {
    claims += campaign.Run(random, [](const MetricAnalysis& metric) { return metric.tiers_differ[1]; }) ? 1 : 0;
  }
  EXPECT_LE(claims, MonteCarloBound(kRuns) * kRuns);
}

TEST(ClaimsPowerTest, SpendingKeepsNearlyAllOfAFixedTestsPower) {
  constexpr int kRuns = 3'000;
  // Expected z at the end is 1.96 + 0.84, where the fixed test has a power of 80 %.
  const double effect = 2.8016 * std::sqrt(2.0 / static_cast<double>(kDays * kUsersPerDay));
  PeekedCampaign campaign(v1::SEQUENTIAL_RULE_ALPHA_SPENDING, {effect});
  std::mt19937_64 random(14);
  int claims = 0;
  for (int run = 0; run < kRuns; ++run) claims += campaign.Run(random, IsOverallClaimed) ? 1 : 0;
  EXPECT_GE(claims, (0.77 - 3.0 * std::sqrt(0.77 * 0.23 / kRuns)) * kRuns);
}

}  // namespace
}  // namespace tierwise
