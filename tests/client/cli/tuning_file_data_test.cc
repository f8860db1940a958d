// SPDX-License-Identifier: Apache-2.0
#include "client/cli/tuning_file_data.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"

namespace tierwise {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

absl::StatusOr<TuningFileData> Read(const std::string& text, CellFormat format, const TuningOverrides& overrides = {}) {
  std::istringstream in(text);
  std::ostringstream out, err;
  Terminal terminal{in, out, err};
  const absl::StatusOr<TuningSource> source = ReadTuningFile({"-", format, ""}, terminal);
  if (!source.ok()) return source.status();
  return AssembleTuning(*source, overrides);
}

TuningOverrides Margin(double margin = 12.0) {
  TuningOverrides overrides;
  overrides.margin_per_conversion = margin;
  overrides.unit = v1::DOSE_UNIT_AMOUNT_OFF;
  return overrides;
}

std::string ErrorOf(const std::string& text, CellFormat format = CellFormat::kCsv,
                    const TuningOverrides& overrides = Margin()) {
  return std::string(Read(text, format, overrides).status().message());
}

constexpr char kTwoTiers[] =
    "tier,dose,users,conversions\n"
    "waist,0,2000,160\n"
    "waist,2,2000,205\n"
    "tail,0,1000,20\n"
    "tail,2,900,18\n"
    "tail,4,800,16\n";

TEST(TuningFileDataTest, CellsBecomeTiersVariantsAndMoments) {
  const TuningFileData input = Read(kTwoTiers, CellFormat::kCsv, Margin()).value();
  ASSERT_THAT(input.data.tiers, SizeIs(2));
  EXPECT_EQ(input.data.tiers[0].tier, "waist");
  EXPECT_EQ(input.data.tiers[0].users, 4000);
  EXPECT_EQ(input.data.tiers[1].users, 2700);
  ASSERT_THAT(input.data.variants, SizeIs(3));
  EXPECT_TRUE(input.data.variants[0].control());
  EXPECT_EQ(input.data.variants[1].id(), "dose-2");
  EXPECT_EQ(input.data.variants[1].offer().cost().per_redemption(), 2.0) << "amount off, for each conversion";
  const JointMoments& cell = input.data.tiers[0].cells[1].outcome;
  EXPECT_EQ(cell.n(), 2000);
  EXPECT_DOUBLE_EQ(cell.mean(0), 205.0 / 2000.0);
  EXPECT_NEAR(cell.comoment(0, 0), 2000.0 * (205.0 / 2000.0) * (1795.0 / 2000.0), 1e-9);
  EXPECT_EQ(input.data.economics.margin_per_conversion(), 12.0);
}

TEST(TuningFileDataTest, TheFileSaysWhatTheCommandLineDoesNot) {
  const TuningFileData input = Read(R"({"campaign": "spring", "unit": "percent_off", "as_of": "2026-03-01",
      "economics": {"margin_share": 0.4, "basket_value": 50},
      "tiers": [{"id": "tail", "users": 7000}, {"id": "waist"}],
      "offers": [{"dose": 20, "cost": {"basket_share": 0.2, "per_message": 0.1}}],
      "cells": [{"tier": "waist", "dose": 0, "users": 10, "conversions": 1},
                {"tier": "waist", "dose": 20, "users": 10, "conversions": 2},
                {"tier": "tail", "dose": 0, "users": 10, "conversions": 1},
                {"tier": "tail", "dose": 10, "users": 10, "conversions": 2}]})",
                                    CellFormat::kJson)
                                   .value();
  EXPECT_EQ(input.data.campaign, "spring");
  EXPECT_EQ(input.data.as_of, absl::FromCivil(absl::CivilDay(2026, 3, 1), absl::UTCTimeZone()));
  EXPECT_EQ(input.data.tiers[0].tier, "tail") << "in the order declared";
  EXPECT_EQ(input.data.tiers[0].users, 7000);
  EXPECT_DOUBLE_EQ(input.data.variants[1].offer().cost().basket_share(), 0.1) << "the unit's default";
  EXPECT_EQ(input.data.variants[2].offer().cost().messages_per_user(), 1.0);
  EXPECT_EQ(input.data.economics.basket_value(), 50.0);
}

TEST(TuningFileDataTest, DosesAreCountedFromTheBaselineInSteps) {
  const TuningFileData input = Read(R"({"unit": "amount_off", "baseline_dose": 5, "dose_step": 4, "cells": [
      {"tier": "all", "dose": 5, "users": 100, "conversions": 10}, {"tier": "all", "dose": 6, "users": 100, "conversions": 12},
      {"tier": "all", "dose": 8, "users": 100, "conversions": 13}, {"tier": "all", "dose": 10, "users": 100, "conversions": 15}]})",
                                    CellFormat::kJson, Margin())
                                   .value();
  ASSERT_THAT(input.data.variants, SizeIs(2));
  EXPECT_EQ(input.data.variants[1].offer().dose(), 4.0);
  EXPECT_EQ(input.data.tiers[0].cells[0].outcome.n(), 200);
  EXPECT_DOUBLE_EQ(input.data.tiers[0].cells[1].outcome.mean(0), 0.14);
  EXPECT_EQ(input.baseline_dose, 5.0);
  EXPECT_TRUE(input.trends[0].slope.has_value()) << "over the doses as they were written";
}

TEST(TuningFileDataTest, DosesAreComparedWithinStrata) {
  const TuningFileData input = Read(
                                   "tier,dose,stratum,users,conversions\n"
                                   "all,0,one,1000,100\nall,2,one,3000,330\n"
                                   "all,0,two,3000,900\nall,2,two,1000,330\n"
                                   "all,0,three,500,1\n",
                                   CellFormat::kCsv, Margin())
                                   .value();
  // Each stratum has half of the users: 0.5 (0.1 + 0.3) and 0.5 (0.11 + 0.33); the raw means would be 0.25 and 0.165.
  EXPECT_NEAR(input.data.tiers[0].cells[0].outcome.mean(0), 0.2, 1e-12);
  EXPECT_NEAR(input.data.tiers[0].cells[1].outcome.mean(0), 0.22, 1e-12);
  EXPECT_THAT(input.notes,
              ElementsAre(HasSubstr("1 of 3 strata lack one of its doses and are left out, with 500 users")));
  EXPECT_FALSE(input.trends[0].logit.has_value());
}

TEST(TuningFileDataTest, RevenueGoesWithConversions) {
  const TuningFileData input = Read(
                                   "tier,dose,users,conversions,revenue_mean,revenue_variance,revenue_covariance\n"
                                   "all,0,100,10,3,90,2.5\nall,2,100,20,6,170,\n",
                                   CellFormat::kCsv, Margin())
                                   .value();
  EXPECT_EQ(input.data.economics.revenue_metric(), "revenue");
  const JointMoments& given = input.data.tiers[0].cells[0].outcome;
  EXPECT_DOUBLE_EQ(given.Covariance(0, 1), 2.5);
  EXPECT_DOUBLE_EQ(given.Covariance(1, 1), 90.0);
  // Where only converters spend: E[C R] = E[R].
  EXPECT_NEAR(input.data.tiers[0].cells[1].outcome.Covariance(0, 1), 6.0 * 0.8 * 100.0 / 99.0, 1e-12);
}

TEST(TuningFileDataTest, AKnownRateHasNoNoiseToSpeakOf) {
  const TuningFileData input = Read("tier,dose,rate\nall,0,0.07\nall,2,0.12\n", CellFormat::kCsv, Margin()).value();
  const JointMoments& cell = input.data.tiers[0].cells[1].outcome;
  EXPECT_DOUBLE_EQ(cell.mean(0), 0.12);
  EXPECT_LT(cell.Covariance(0, 0) / static_cast<double>(cell.n()), 1e-12);
}

TEST(TuningFileDataTest, EveryProblemNamesFileLineAndField) {
  EXPECT_THAT(ErrorOf("tier,dose,users,conversions\nwaist,0,100,101\nwaist,-2,100,10\n"),
              AllOf(HasSubstr("standard input:2: conversions: is 101; must be 0 to the 100 users"),
                    HasSubstr("standard input:3: dose: is -2; must be from 0")));
  EXPECT_THAT(ErrorOf("tier,dose,users,conversions\n,2,100,10\n"), HasSubstr("standard input:2: tier: is missing"));
  EXPECT_THAT(ErrorOf("tier,dose,user,conversions\nwaist,0,100,10\n"),
              HasSubstr("unknown column `user`; did you mean \"users\""));
  EXPECT_THAT(ErrorOf("tier,users,conversions\nwaist,100,10\n"), HasSubstr("the column `dose` is missing"));
  EXPECT_THAT(ErrorOf("tier,dose,users,conversions\nwaist,0,,10\n"), HasSubstr("standard input:2: users: is missing"));
  EXPECT_THAT(ErrorOf("tier,dose,users,conversions\nwaist,zero,10,10\n"), HasSubstr("standard input:2"));
}

TEST(TuningFileDataTest, ACellIsGivenOnce) {
  EXPECT_THAT(ErrorOf("tier,dose,users,conversions\nwaist,0,10,1\nwaist,0,10,2\n"),
              HasSubstr("standard input:3: the same tier, dose as standard input:2"));
}

TEST(TuningFileDataTest, ATierWithoutBaselineIsRefused) {
  EXPECT_THAT(ErrorOf("tier,dose,users,conversions\nwaist,2,10,1\nwaist,4,10,2\n"),
              HasSubstr("tier `waist` has no cell at the dose 0"));
}

TEST(TuningFileDataTest, CostsAreNotGuessed) {
  TuningOverrides overrides = Margin();
  overrides.unit = v1::DOSE_UNIT_POINTS;
  EXPECT_THAT(ErrorOf(kTwoTiers, CellFormat::kCsv, overrides),
              HasSubstr("cost_per_dose: is missing: what does the dose 2 cost?"));
}

TEST(TuningFileDataTest, AShareOfAnUnknownBasketIsRefused) {
  TuningOverrides overrides = Margin();
  overrides.unit = v1::DOSE_UNIT_PERCENT_OFF;
  EXPECT_THAT(ErrorOf(kTwoTiers, CellFormat::kCsv, overrides), HasSubstr("economics.basket_value: is needed"));
}

TEST(TuningFileDataTest, ProfitNeedsAMargin) {
  TuningOverrides overrides = Margin(0.0);
  EXPECT_THAT(ErrorOf(kTwoTiers, CellFormat::kCsv, overrides), HasSubstr("what is a conversion worth?"));
  overrides.is_margin_needed = false;
  EXPECT_TRUE(Read(kTwoTiers, CellFormat::kCsv, overrides).ok());
}

TEST(TuningFileDataTest, OffersNameDosesThatTheCellsHave) {
  EXPECT_THAT(ErrorOf(R"({"offers": [{"dose": 3}], "cells": [{"tier": "a", "dose": 0, "users": 9, "conversions": 1},
                          {"tier": "a", "dose": 2, "users": 9, "conversions": 1}]})",
                      CellFormat::kJson),
              HasSubstr("standard input:1: offers[0].dose: is 3, which no cell has"));
}

TEST(TuningFileDataTest, NegativeCostsAreRefused) {
  EXPECT_THAT(ErrorOf(R"({"cost_per_dose": {"per_redemption": -1}, "cells": [
                          {"tier": "a", "dose": 0, "users": 9, "conversions": 1},
                          {"tier": "a", "dose": 2, "users": 9, "conversions": 1}]})",
                      CellFormat::kJson),
              HasSubstr("cost_per_dose: costs of the dose 2 must be 0 or more"));
}

TEST(TuningFileDataTest, VariancesFitTheConversions) {
  EXPECT_THAT(ErrorOf("tier,dose,users,conversions,revenue_mean,revenue_variance,revenue_covariance\n"
                      "a,0,100,10,3,9,50\na,2,100,20,6,170,1\n"),
              HasSubstr("standard input:2: revenue_covariance: is 50, more than the variances allow"));
  EXPECT_THAT(ErrorOf("tier,dose,users,conversions,revenue_mean,revenue_variance\na,0,100,10,3,9\na,2,100,20,6,\n"),
              AllOf(HasSubstr("standard input:2: revenue_variance: is 9, less than conversions alone make it"),
                    HasSubstr("standard input:3: revenue_variance: is missing")));
}

}  // namespace
}  // namespace tierwise
