// SPDX-License-Identifier: Apache-2.0
#include "experiments/tuning/best_dose.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <string>
#include <vector>

#include "experiments/base/problems.h"

namespace tierwise {
namespace {

using ::testing::HasSubstr;

const std::vector<double> kDoses = {0, 5, 10, 20};

// Rates of a tier of 50,000 users a cell.
std::vector<DosePoint> Points(const std::vector<double>& rates) {
  std::vector<DosePoint> points;
  for (size_t i = 0; i < rates.size(); ++i)
    points.push_back(RatePoint(kDoses[i], std::lround(rates[i] * 50'000), 50'000));
  return points;
}

// Amounts off each conversion, from a margin of 40.
std::vector<Offer> AmountsOff() {
  std::vector<Offer> offers;
  for (double dose : kDoses) {
    Offer offer;
    offer.margin_per_conversion = 40.0;
    offer.cost.per_redemption = dose;
    offers.push_back(offer);
  }
  return offers;
}

BestDose Find(const std::vector<double>& rates, const std::vector<Offer>& offers) {
  const std::vector<DosePoint> points = Points(rates);
  const TierDoseResponse response = EstimateDoseResponse({TierDoses{"tier", points}}, {}).value()[0];
  return FindBestDose(points, response, offers, 0.95).value();
}

TEST(OfferProfitTest, AddsUpEveryCost) {
  Offer offer;
  offer.margin_per_conversion = 40.0;
  offer.basket_value = 100.0;
  offer.cost = {.per_redemption = 2.0,
                .basket_share = 0.1,
                .per_user_reached = 0.05,
                .per_message = 0.01,
                .messages_per_user = 3};
  EXPECT_DOUBLE_EQ(CostOf(offer).At(0.1), 0.1 * 12.0 + 0.08);
  EXPECT_DOUBLE_EQ(ProfitOf(offer).At(0.1), 0.1 * 28.0 - 0.08);
}

TEST(OfferProfitTest, NamesBadCosts) {
  Offer offer;
  offer.cost = {.per_redemption = -1.0, .basket_share = 0.5};
  const std::vector<Problem> problems = ProblemsOf(CheckOffer("offers[2]", offer));
  ASSERT_EQ(problems.size(), 2u);
  EXPECT_EQ(problems[0].field, "offers[2].cost.per_redemption");
  EXPECT_EQ(problems[1].field, "offers[2].basket_value");
}

TEST(BestDoseTest, FindsTheClearOptimum) {
  // Profit 2.0, 2.8, 3.6, 2.6 per user.
  const BestDose best = Find({0.05, 0.08, 0.12, 0.13}, AmountsOff());
  EXPECT_EQ(best.best, 2u);
  EXPECT_FALSE(best.IsNone());
  EXPECT_EQ(best.lowest_likely, 10.0);
  EXPECT_EQ(best.highest_likely, 10.0);
  const DoseProfit& dose = best.doses[2];
  EXPECT_NEAR(dose.profit, 3.6, 1e-9);
  EXPECT_NEAR(dose.cost, 1.2, 1e-9);
  EXPECT_NEAR(dose.incremental_profit, 1.6, 0.01);
  EXPECT_TRUE(dose.incremental_interval.Contains(1.6));
  EXPECT_TRUE(dose.profit_interval.Contains(3.6));
  EXPECT_GT(dose.best_probability, 0.99);
  EXPECT_LT(dose.expected_regret, 1e-6);
  EXPECT_TRUE(dose.comparison.may_be_best);
  EXPECT_FALSE(best.doses[0].comparison.may_be_best);
  ASSERT_TRUE(best.winner.has_value());
  EXPECT_EQ(best.winner->winner, 2u);
}

TEST(BestDoseTest, NoneWhereUsersBuyAnyway) {
  const BestDose best = Find({0.10, 0.101, 0.102, 0.103}, AmountsOff());
  EXPECT_TRUE(best.IsNone());
  EXPECT_EQ(best.doses[0].incremental_profit, 0.0);
  EXPECT_NEAR(best.doses[0].best_probability, 1.0, 1e-3);
}

TEST(BestDoseTest, ARaceShowsInProbabilitiesRegretAndTheSet) {
  // Profit 2.0, 2.8, 2.79, 1.8.
  const BestDose best = Find({0.05, 0.08, 0.093, 0.093}, AmountsOff());
  EXPECT_TRUE(best.doses[1].comparison.may_be_best);
  EXPECT_TRUE(best.doses[2].comparison.may_be_best);
  EXPECT_GT(best.doses[1].best_probability, 0.1);
  EXPECT_GT(best.doses[2].best_probability, 0.1);
  EXPECT_GT(best.doses[best.best].expected_regret, 0.0);
  EXPECT_EQ(best.lowest_likely, 5.0);
  EXPECT_EQ(best.highest_likely, 10.0);
}

TEST(BestDoseTest, FixedCostsPerUserCanMakeEveryOfferLose) {
  std::vector<Offer> offers = AmountsOff();
  for (size_t i = 1; i < offers.size(); ++i) offers[i].cost.per_user_reached = 5.0;
  EXPECT_TRUE(Find({0.05, 0.08, 0.12, 0.13}, offers).IsNone());
}

TEST(BestDoseTest, NamesWhatIsWrong) {
  const std::vector<DosePoint> points = Points({0.05, 0.08, 0.12, 0.13});
  const TierDoseResponse response = EstimateDoseResponse({TierDoses{"tier", points}}, {}).value()[0];
  std::vector<Offer> offers = AmountsOff();
  offers[0].cost.per_message = 1.0;
  offers[0].cost.messages_per_user = 1.0;
  EXPECT_THAT(std::string(FindBestDose(points, response, offers, 0.95).status().message()),
              HasSubstr("offers[0].cost: must be 0: dose 0 is no offer"));
  offers = AmountsOff();
  offers.pop_back();
  EXPECT_EQ(ProblemsOf(FindBestDose(points, response, offers, 0.95).status())[0].field, "offers");
  EXPECT_EQ(ProblemsOf(FindBestDose(points, TierDoseResponse{}, AmountsOff(), 0.95).status())[0].field, "response");
}

}  // namespace
}  // namespace tierwise
