// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <random>
#include <utility>

#include "experiments/analysis/report.h"
#include "tests/experiments/analysis/made_up_campaign.h"

namespace tierwise {
namespace {

constexpr int kCampaigns = 40;

// A campaign of any rule, day and effects per tier, its primary metric a mean with a covariate.
CampaignData AnyCampaign(std::mt19937& random) {
  std::uniform_real_distribution<double> unit;
  CampaignData data = MadeUpCampaign();
  data.rules.sequential_rule =
      unit(random) < 0.5 ? v1::SEQUENTIAL_RULE_ALPHA_SPENDING : v1::SEQUENTIAL_RULE_ALWAYS_VALID;
  data.rules.worthwhile_lift = unit(random) < 0.5 ? 0.02 : 0.0;
  ReadOnDay(data, 1.0 + 29.0 * unit(random));
  data.metrics[0].estimand = Estimand::kMean;
  for (size_t cell = 0; cell < 4; ++cell) {
    const double effect = cell % 2 == 1 ? 10.0 * (unit(random) - 0.5) : 0.0;
    data.metrics[0].cells[cell] = CovariateMoments(10'000, 100.0 + effect, 50.0, 80.0 + 0.2 * unit(random), 0.7);
  }
  return data;
}

JointMoments Scaled(const JointMoments& moments, double scale) {
  return JointMoments::FromParts(moments.n(), {scale * moments.mean(0), scale * moments.mean(1)},
                                 {scale * scale * moments.comoment(0, 0), scale * scale * moments.comoment(0, 1),
                                  scale * scale * moments.comoment(1, 1)});
}

TEST(ReportPropertyTest, UnitsOfTheMetricChangeNoVerdictAndNoClaim) {
  std::mt19937 random(1);
  for (int i = 0; i < kCampaigns; ++i) {
    CampaignData data = AnyCampaign(random);
    const v1::Report euros = BuildReport(data, 0.95).value();
    // A power of two, so that rounding is the same.
    for (JointMoments& cell : data.metrics[0].cells) cell = Scaled(cell, 1.0 / (1 << 20));
    const v1::Report others = BuildReport(data, 0.95).value();
    ASSERT_EQ(euros.decisions_size(), others.decisions_size());
    for (int d = 0; d < euros.decisions_size(); ++d) {
      EXPECT_EQ(euros.decisions(d).DebugString(), others.decisions(d).DebugString());
    }
    for (int c = 0; c < euros.metrics(0).comparisons_size(); ++c) {
      EXPECT_EQ(euros.metrics(0).comparisons(c).claimed(), others.metrics(0).comparisons(c).claimed());
    }
  }
}

v1::Verdict Opposite(v1::Verdict verdict) {
  if (verdict == v1::VERDICT_SHIP) return v1::VERDICT_ROLL_BACK;
  return verdict == v1::VERDICT_ROLL_BACK ? v1::VERDICT_SHIP : verdict;
}

TEST(ReportPropertyTest, ExchangingTheArmsTurnsEveryVerdictRound) {
  std::mt19937 random(2);
  for (int i = 0; i < kCampaigns; ++i) {
    CampaignData data = AnyCampaign(random);
    data.rules.worthwhile_lift = 0.0;  // a lift of a and one of 1 / a differ in size
    const v1::Report one = BuildReport(data, 0.95).value();
    for (size_t cell = 0; cell < 4; cell += 2) std::swap(data.metrics[0].cells[cell], data.metrics[0].cells[cell + 1]);
    const v1::Report other = BuildReport(data, 0.95).value();
    for (int d = 0; d < one.decisions_size(); ++d) {
      EXPECT_EQ(one.decisions(d).verdict(), Opposite(other.decisions(d).verdict())) << one.decisions(d).text();
    }
  }
}

TEST(ReportPropertyTest, ABetterEffectNeverGetsAWorseVerdict) {
  const auto rank = [](v1::Verdict verdict) {
    return verdict == v1::VERDICT_SHIP ? 1 : verdict == v1::VERDICT_ROLL_BACK ? -1 : 0;
  };
  for (const double worthwhile : {0.0, 0.05}) {
    CampaignData data = MadeUpCampaign();
    data.rules.worthwhile_lift = worthwhile;
    int last = -1;
    for (int64_t conversions = 700; conversions <= 1'400; conversions += 10) {
      SetOffer(data, conversions);
      const int now = rank(BuildReport(data, 0.95)->decisions(0).verdict());
      EXPECT_GE(now, last) << conversions;
      last = now;
    }
    EXPECT_EQ(last, 1);
  }
}

TEST(ReportPropertyTest, NoTierIsClaimedBeforeItsGates) {
  std::mt19937 random(3);
  int claimed_tiers = 0;
  for (int i = 0; i < 4 * kCampaigns; ++i) {
    const v1::Report report = BuildReport(AnyCampaign(random), 0.95).value();
    bool is_overall_claimed = false, is_any_tier_claimed = false;
    for (const v1::Comparison& row : report.metrics(0).comparisons()) {
      (row.tier().empty() ? is_overall_claimed : is_any_tier_claimed) |= row.claimed();
    }
    if (is_any_tier_claimed) {
      ++claimed_tiers;
      EXPECT_TRUE(is_overall_claimed);
      EXPECT_LE(report.metrics(0).heterogeneity(0).p_value(), 0.05);
    }
  }
  EXPECT_GT(claimed_tiers, 0);
}

}  // namespace
}  // namespace tierwise
