// SPDX-License-Identifier: Apache-2.0
#include "experiments/tuning/dose_response.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <string>
#include <vector>

#include "experiments/base/problems.h"
#include "experiments/tuning/random.h"

namespace tierwise {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

TierDoses Tier(const std::string& name, double level, double strength, int64_t users = 2000) {
  TierDoses tier{name, {}};
  for (double dose : {0.0, 5.0, 10.0, 15.0, 20.0, 30.0}) {
    const double rate = level + strength * dose / (6.0 + dose);
    tier.points.push_back(RatePoint(dose, std::lround(rate * static_cast<double>(users)), users));
  }
  return tier;
}

std::vector<TierDoseResponse> Estimate(const std::vector<TierDoses>& tiers, const DoseResponseOptions& options = {}) {
  return EstimateDoseResponse(tiers, options).value();
}

TEST(DoseResponseTest, AResponseIsToldFromNone) {
  const auto result = Estimate({Tier("head", 0.05, 0.1), Tier("tail", 0.05, 0.0)});
  EXPECT_LT(result[0].no_response.p, 1e-6);
  EXPECT_GT(result[1].no_response.p, 0.5);
}

TEST(DoseResponseTest, CurvesAreMonotoneInsideTheirBands) {
  const auto result = Estimate({Tier("head", 0.05, 0.1), Tier("waist", 0.03, 0.05)});
  for (const TierDoseResponse& tier : result) {
    for (const DoseCurve* curve : {&tier.isotonic, &tier.averaged, &tier.pooled}) {
      EXPECT_THAT(curve->doses, ElementsAre(0, 5, 10, 15, 20, 30));
      EXPECT_TRUE(std::is_sorted(curve->estimate.begin(), curve->estimate.end()));
      for (size_t i = 0; i < curve->doses.size(); ++i) {
        EXPECT_LE(curve->lower[i], curve->estimate[i]);
        EXPECT_LE(curve->estimate[i], curve->upper[i]);
        EXPECT_FALSE(curve->is_extrapolated[i]);
      }
    }
    EXPECT_NEAR(std::accumulate(tier.model_weights.begin(), tier.model_weights.end(), 0.0), 1.0, 1e-12);
    EXPECT_EQ(tier.fits.size(), tier.model_weights.size());
    EXPECT_EQ(tier.posterior.size(), 2000u * 6u);
  }
}

TEST(DoseResponseTest, SaysWhereItExtrapolates) {
  DoseResponseOptions options;
  options.grid = {0, 30, 31};
  const auto result = Estimate({Tier("head", 0.05, 0.1)}, options);
  EXPECT_THAT(result[0].averaged.is_extrapolated, ElementsAre(false, false, true));
}

TEST(DoseResponseTest, TheSameSeedGivesTheSameAnswer) {
  DoseResponseOptions options;
  options.seed = 5;
  const std::vector<TierDoses> tiers = {Tier("head", 0.05, 0.1), Tier("tail", 0.02, 0.02)};
  const auto first = Estimate(tiers, options);
  EXPECT_EQ(first[1].posterior, Estimate(tiers, options)[1].posterior);
  options.seed = 6;
  EXPECT_NE(first[1].posterior, Estimate(tiers, options)[1].posterior);
}

TEST(DoseResponseTest, TiersOfOneShapeArePooledAndATierOfAnotherIsLess) {
  const auto alike =
      Estimate({Tier("a", 0.05, 0.1), Tier("b", 0.04, 0.05), Tier("c", 0.08, 0.1), Tier("d", 0.06, 0.08)});
  EXPECT_GT(alike[0].pooled_share, 0.6);
  TierDoses late{"late", {}};
  TierDoses early{"early", {}};
  for (double dose : {0.0, 5.0, 10.0, 15.0, 20.0, 30.0}) {
    late.points.push_back(RatePoint(dose, dose < 20.0 ? 1000 : 4000, 20'000));
    early.points.push_back(RatePoint(dose, dose < 5.0 ? 1000 : 4000, 20'000));
  }
  const auto unlike = Estimate({late, early, late, early});
  EXPECT_LT(unlike[0].pooled_share, 0.1);
  // Left to its own data, the late tier shows no early rise.
  EXPECT_NEAR(unlike[0].pooled.estimate[3], 0.05, 0.005);
}

TEST(DoseResponseTest, OneTierAloneIsNotPooled) {
  const auto result = Estimate({Tier("only", 0.05, 0.1)});
  EXPECT_EQ(result[0].pooled_share, 0.0);
  EXPECT_EQ(result[0].pooled.estimate, result[0].isotonic.estimate);
}

TEST(DoseResponseTest, AFallingResponseIsFittedWhenAskedFor) {
  TierDoses tier{"LOW", {}};
  for (double dose : {0.0, 2.0, 4.0, 6.0}) tier.points.push_back({dose, 0.2 - 0.02 * dose, 1e-5});
  DoseResponseOptions options;
  options.direction = MonotoneDirection::kNonIncreasing;
  const auto result = Estimate({tier}, options);
  EXPECT_LT(result[0].no_response.p, 1e-9);
  EXPECT_NEAR(result[0].averaged.estimate[3], 0.08, 0.002);
  EXPECT_GT(Estimate({tier})[0].no_response.p, 0.99);
}

TEST(DoseResponseTest, TwoDosesAndTiersWithoutConversionsStillAnswer) {
  TierDoses tier{"tail", {RatePoint(0, 0, 500), RatePoint(10, 0, 500)}};
  const auto result = Estimate({tier, tier});
  EXPECT_EQ(result[0].no_response.p, 1.0);
  EXPECT_EQ(result[0].isotonic.estimate[1], 0.0);
  EXPECT_GT(result[0].isotonic.upper[1], 0.0);
}

TEST(DoseResponseTest, NamesWhatIsWrong) {
  TierDoses no_control = Tier("head", 0.05, 0.1);
  no_control.points.erase(no_control.points.begin());
  const auto status = EstimateDoseResponse({no_control}, {}).status();
  EXPECT_THAT(std::string(status.message()), HasSubstr("tiers[0].points: of tier \"head\" has no dose 0"));
  DoseResponseOptions options;
  options.draws = 0;
  options.confidence = 2.0;
  options.grid = {-1.0};
  EXPECT_EQ(ProblemsOf(EstimateDoseResponse({Tier("head", 0.05, 0.1)}, options).status()).size(), 3u);
  EXPECT_FALSE(EstimateDoseResponse({}, {}).ok());
}

}  // namespace
}  // namespace tierwise
