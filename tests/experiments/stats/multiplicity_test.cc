// SPDX-License-Identifier: Apache-2.0
#include "experiments/stats/multiplicity.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>
#include <string>
#include <vector>

#include "experiments/stats/distributions.h"
#include "experiments/stats/dunnett.h"
#include "experiments/stats/gatekeeping.h"
#include "experiments/stats/noninferiority.h"

namespace tierwise {
namespace {

using ::testing::HasSubstr;

constexpr Multiplicity kMethods[] = {Multiplicity::kNone,
                                     Multiplicity::kBonferroni,
                                     Multiplicity::kHolm,
                                     Multiplicity::kHolmSidak,
                                     Multiplicity::kHochberg,
                                     Multiplicity::kHommel,
                                     Multiplicity::kBenjaminiHochberg,
                                     Multiplicity::kBenjaminiYekutieli};

size_t Rejections(Multiplicity method, absl::Span<const double> p_values) {
  const auto decisions = *DecideFamily(method, p_values, 0.05);
  return static_cast<size_t>(
      std::count_if(decisions.begin(), decisions.end(), [](const FamilyDecision& d) { return d.is_rejected; }));
}

// Benjamini & Hochberg (1995), section 4: thrombolysis trial.
TEST(MultiplicityTest, ThrombolysisTrialIsDecidedAsPublished) {
  const std::vector<double> p_values = {.0001, .0004, .0019, .0095, .0201, .0278, .0298, .0344,
                                        .0459, .3240, .4262, .5719, .6528, .7590, 1.0000};
  EXPECT_EQ(Rejections(Multiplicity::kBonferroni, p_values), 3u);
  EXPECT_EQ(Rejections(Multiplicity::kBenjaminiHochberg, p_values), 4u);
}

TEST(MultiplicityTest, AnEmptyFamilyHasNoDecisionsAndOneTestIsLeftAlone) {
  for (const Multiplicity method : kMethods) {
    EXPECT_TRUE(AdjustPValues(method, {})->empty());
    EXPECT_DOUBLE_EQ((*AdjustPValues(method, {0.03}))[0], 0.03);
  }
}

TEST(MultiplicityTest, NamesTheBadPValue) {
  EXPECT_THAT(std::string(AdjustPValues(Multiplicity::kHolm, {0.1, 1.1}).status().message()), HasSubstr("p_values[1]"));
  EXPECT_FALSE(AdjustPValues(Multiplicity::kHolm, {std::nan("")}).ok());
  EXPECT_FALSE(DecideFamily(Multiplicity::kHolm, {0.1}, 0.0).ok());
  EXPECT_FALSE(AdjustLnEValues({std::nan("")}).ok());
}

class RandomFamilies : public testing::Test {
 protected:
  // 300 families of 1 to 20 effects, some large.
  template <typename Visit>
  void ForEach(Visit visit) {
    std::mt19937_64 random(20260101);
    std::normal_distribution<double> normal;
    for (int run = 0; run < 300; ++run) {
      std::vector<double> z(1 + random() % 20);
      for (double& value : z) value = normal(random) * (random() % 3 == 0 ? 4.0 : 1.0);
      visit(z);
    }
  }

  static std::vector<double> PValues(const std::vector<double>& z) {
    std::vector<double> p_values;
    for (const double value : z) p_values.push_back(2.0 * NormalSf(std::abs(value)));
    return p_values;
  }
};

TEST_F(RandomFamilies, AdjustedPValuesKeepTheOrderAndAreNeverBelowTheRawOnes) {
  ForEach([](const std::vector<double>& z) {
    const std::vector<double> raw = PValues(z);
    for (const Multiplicity method : kMethods) {
      const std::vector<double> adjusted = *AdjustPValues(method, raw);
      for (size_t i = 0; i < raw.size(); ++i) {
        ASSERT_GE(adjusted[i], raw[i] * (1.0 - 1e-12));
        for (size_t j = 0; j < raw.size(); ++j) {
          if (raw[i] >= raw[j]) continue;
          ASSERT_LE(adjusted[i], adjusted[j]);
        }
      }
    }
  });
}

TEST_F(RandomFamilies, StrongerProceduresRejectWhateverWeakerOnesDo) {
  const std::pair<Multiplicity, Multiplicity> stronger_weaker[] = {
      {Multiplicity::kHolm, Multiplicity::kBonferroni},
      {Multiplicity::kHolmSidak, Multiplicity::kHolm},
      {Multiplicity::kHochberg, Multiplicity::kHolm},
      {Multiplicity::kHommel, Multiplicity::kHochberg},
      {Multiplicity::kBenjaminiHochberg, Multiplicity::kHommel},
      {Multiplicity::kBenjaminiHochberg, Multiplicity::kBenjaminiYekutieli}};
  ForEach([&](const std::vector<double>& z) {
    for (const auto& [stronger, weaker] : stronger_weaker) {
      const auto strong = *AdjustPValues(stronger, PValues(z));
      const auto weak = *AdjustPValues(weaker, PValues(z));
      for (size_t i = 0; i < z.size(); ++i) ASSERT_LE(strong[i], weak[i] * (1.0 + 1e-12));
    }
  });
}

TEST_F(RandomFamilies, IntervalsAgreeWithTheDecisions) {
  ForEach([](const std::vector<double>& z) {
    for (const Multiplicity method : kMethods) {
      const auto decisions = *DecideFamily(method, PValues(z), 0.05);
      for (size_t i = 0; i < z.size(); ++i) {
        const Interval interval = IntervalOf(decisions[i], z[i], 1.0);
        const bool has_zero_inside = interval.lower < 0.0 && interval.upper > 0.0;
        ASSERT_EQ(decisions[i].is_rejected, !has_zero_inside);
      }
    }
  });
}

TEST_F(RandomFamilies, DunnettIntervalsAgreeWithItsPValues) {
  ForEach([](const std::vector<double>& z) {
    if (z.size() > 5) return;
    std::vector<ManyToOne> variants;
    for (size_t i = 0; i < z.size(); ++i) variants.push_back({z[i], 0.2 + 0.3 * static_cast<double>(i)});
    const DunnettResult result = *CompareWithControl(variants, 0.5, 0.05);
    for (const DunnettComparison& comparison : result.comparisons) {
      ASSERT_EQ(comparison.adjusted_p < 0.05, !comparison.interval.Contains(0.0));
    }
  });
}

// Dunnett (1964), Table II, two-sided 5 %, infinitely many degrees of freedom, equal arms.
TEST(DunnettTest, CriticalValuesAreAsPublished) {
  const std::pair<int, double> published[] = {{1, 1.96}, {2, 2.21}, {3, 2.35}, {4, 2.44}, {5, 2.51}, {9, 2.69}};
  for (const auto& [variants, critical_z] : published) {
    const std::vector<ManyToOne> equal(static_cast<size_t>(variants), ManyToOne{0.0, 1.0});
    EXPECT_NEAR(CompareWithControl(equal, 1.0, 0.05)->critical_z, critical_z, 0.006) << variants;
  }
}

TEST(DunnettTest, LimitsAreTheSingleTestAndSidak) {
  // All error in the control: the comparisons are one and the same.
  EXPECT_NEAR(LargestAbsoluteZSf(2.0, {1.0, 1.0, 1.0}), 2.0 * NormalSf(2.0), 1e-10);
  // None in the control: independent.
  EXPECT_NEAR(LargestAbsoluteZSf(2.0, {0.0, 0.0, 0.0}), 1.0 - std::pow(1.0 - 2.0 * NormalSf(2.0), 3.0), 1e-12);
  EXPECT_EQ(LargestAbsoluteZSf(0.0, {0.5, 0.5}), 1.0);
}

TEST(DunnettTest, SmallPValuesKeepTheirDigits) {
  // Far out the exceedances hardly overlap: Bonferroni's sum, less a little.
  const double p = LargestAbsoluteZSf(8.0, {0.7, 0.7});
  EXPECT_LT(p, 4.0 * NormalSf(8.0));
  EXPECT_GT(p, 3.99 * NormalSf(8.0));
}

TEST(DunnettTest, NamesTheBadVariant) {
  const auto status = CompareWithControl({{0.1, 1.0}, {0.1, -1.0}}, 1.0, 0.05).status();
  EXPECT_THAT(std::string(status.message()), HasSubstr("variants[1].treatment_variance"));
  EXPECT_FALSE(CompareWithControl({}, 1.0, 0.05).ok());
  EXPECT_FALSE(CompareWithControl({{0.1, 0.0}}, 0.0, 0.05).ok());
}

TEST(EBhTest, RejectsTheLargestEValuesByTheStepUpRule) {
  // m = 4, alpha = 0.05: thresholds 80, 40, 26.7, 20 for k = 1 .. 4.
  const std::vector<double> adjusted = *AdjustLnEValues({std::log(45.0), std::log(1.0), std::log(50.0), std::log(0.1)});
  EXPECT_NEAR(adjusted[0], 4.0 / (2.0 * 45.0), 1e-15);
  EXPECT_NEAR(adjusted[2], 4.0 / (2.0 * 45.0), 1e-15);
  EXPECT_EQ(adjusted[1], 1.0);
  EXPECT_EQ(adjusted[3], 1.0);
  EXPECT_TRUE(AdjustLnEValues({})->empty());
}

TEST(GatekeepingTest, NoTierIsClaimedWithoutTheGatesBeforeIt) {
  const std::vector<double> strong_tiers = {1e-6, 1e-6, 0.5};
  const Claims no_overall = *GatekeepClaims(0.2, 1e-9, strong_tiers, {});
  EXPECT_FALSE(no_overall.tiers_differ);
  EXPECT_FALSE(no_overall.are_tiers_tested);
  const Claims no_heterogeneity = *GatekeepClaims(1e-9, 0.2, strong_tiers, {});
  EXPECT_TRUE(no_heterogeneity.has_overall_effect);
  for (const Claims& claims : {no_overall, no_heterogeneity}) {
    for (const FamilyDecision& tier : claims.tiers) EXPECT_FALSE(tier.is_rejected);
    EXPECT_LT(claims.tiers[0].adjusted_p, 0.05);
  }
}

TEST(GatekeepingTest, OpenGatesTestTheTiersAsOneFamily) {
  const Claims claims = *GatekeepClaims(0.01, 0.01, {0.001, 0.024, 0.5}, {.tier_method = Multiplicity::kBonferroni});
  EXPECT_TRUE(claims.are_tiers_tested);
  EXPECT_TRUE(claims.tiers[0].is_rejected);
  EXPECT_FALSE(claims.tiers[1].is_rejected);
}

TEST(GatekeepingTest, AShareForHeterogeneityOpensTiersThatCancelOut) {
  const GateRule rule{.heterogeneity_share = 0.2};
  const Claims claims = *GatekeepClaims(0.9, 0.009, {0.0001, 0.0001}, rule);
  EXPECT_FALSE(claims.has_overall_effect);
  EXPECT_TRUE(claims.tiers_differ);
  EXPECT_DOUBLE_EQ(claims.tier_alpha, 0.01);
  EXPECT_TRUE(claims.tiers[0].is_rejected);
  EXPECT_FALSE(GatekeepClaims(0.9, 0.02, {}, rule)->tiers_differ);
  EXPECT_TRUE(GatekeepClaims(0.03, 0.02, {}, rule)->tiers_differ);
}

TEST(GatekeepingTest, RefusesBadInput) {
  EXPECT_FALSE(GatekeepClaims(-0.1, 0.5, {}, {}).ok());
  EXPECT_FALSE(GatekeepClaims(0.5, std::nan(""), {}, {}).ok());
  EXPECT_FALSE(GatekeepClaims(0.5, 0.5, {2.0}, {}).ok());
  EXPECT_FALSE(GatekeepClaims(0.5, 0.5, {}, {.heterogeneity_share = 1.0}).ok());
}

constexpr double kNormal = std::numeric_limits<double>::infinity();

TEST(GuardrailTest, HoldsExactlyWhereTheBoundIsBetterThanTheMargin) {
  for (const double effect : {-0.05, -0.02, -0.004, -0.003, 0.0, 0.02}) {
    const Guardrail result = *TestGuardrail(effect, 0.004, kNormal, 0.01, MetricDirection::kHigherIsBetter, 0.05);
    EXPECT_EQ(result.verdict == GuardrailVerdict::kHolds, result.worst_effect >= -0.01) << effect;
    EXPECT_NEAR(result.holds_p + result.broken_p, 1.0, 1e-12);
  }
}

TEST(GuardrailTest, KnowsWhichSideIsBad) {
  EXPECT_EQ(TestGuardrail(0.05, 0.01, kNormal, 0.01, MetricDirection::kHigherIsBetter, 0.05)->verdict,
            GuardrailVerdict::kHolds);
  EXPECT_EQ(TestGuardrail(0.05, 0.01, kNormal, 0.01, MetricDirection::kLowerIsBetter, 0.05)->verdict,
            GuardrailVerdict::kBroken);
  EXPECT_EQ(TestGuardrail(0.0, 0.01, kNormal, 0.01, MetricDirection::kLowerIsBetter, 0.05)->verdict,
            GuardrailVerdict::kInconclusive);
}

TEST(GuardrailTest, NothingMeasuredIsInconclusiveAndBadInputIsNamed) {
  EXPECT_EQ(TestGuardrail(0.0, kNormal, kNormal, 0.01, MetricDirection::kHigherIsBetter, 0.05)->verdict,
            GuardrailVerdict::kInconclusive);
  const auto status = TestGuardrail(0.0, 0.0, kNormal, -1.0, MetricDirection::kHigherIsBetter, 0.05).status();
  EXPECT_THAT(std::string(status.message()), HasSubstr("se"));
  EXPECT_THAT(std::string(status.message()), HasSubstr("margin"));
}

}  // namespace
}  // namespace tierwise
