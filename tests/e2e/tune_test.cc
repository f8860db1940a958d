// SPDX-License-Identifier: Apache-2.0
// `tierwise tune` on files, as its examples call it. Real data is skipped, and said so, where it is absent.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "tests/e2e/end_to_end.h"
#include "tests/e2e/process.h"

namespace tierwise {
namespace {

using nlohmann::json;
using testing::AllOf;
using testing::HasSubstr;

const char kData[] = TIERWISE_SOURCE_DIR "/../shared/data/";
const char kExamples[] = TIERWISE_SOURCE_DIR "/examples/";

#define SKIP_WITHOUT(path)                                                               \
  if (!std::filesystem::exists(path)) {                                                  \
    GTEST_SKIP() << "NOT RUN: the real data " << path << " is absent from this machine"; \
  }

// No server is there.
CommandResult Tune(std::vector<std::string> arguments, const std::string& input = "") {
  arguments.insert(arguments.begin(), "tune");
  return RunCommand("127.0.0.1:1", arguments, input);
}

json MustTune(std::vector<std::string> arguments, const std::string& input = "") {
  arguments.push_back("--json");
  const CommandResult result = Tune(std::move(arguments), input);
  EXPECT_EQ(result.exit_code, 0) << result.err;
  return result.exit_code == 0 ? json::parse(result.out) : json();
}

// What an example's script makes of the data.
std::string Cells(const std::string& example, const std::vector<std::string>& files) {
  ProcessOptions options;
  options.command = {absl::StrCat(kExamples, example, "/cells")};
  options.command.insert(options.command.end(), files.begin(), files.end());
  Process process(options);
  EXPECT_EQ(process.Wait(absl::Seconds(60)), 0) << process.Err();
  return process.Out();
}

TEST(TuneTest, AFileIsTunedWithoutAServer) {
  const std::string cells =
      "tier,dose,users,conversions\n"
      "head,0,2000,800\nhead,2,2000,801\nhead,4,2000,799\n"
      "waist,0,2000,160\nwaist,2,2000,300\nwaist,4,2000,330\n";
  const json out = MustTune({"--input", "-", "--format", "csv", "--margin", "12", "--unit", "amount_off"}, cells);
  const json& tiers = out.at("plan").at("tiers");
  EXPECT_EQ(tiers.at(0).value("dose", 0.0), 0.0);
  EXPECT_EQ(tiers.at(1).at("dose"), 2.0);
  const CommandResult text =
      Tune({"--input", "-", "--format", "csv", "--margin", "12", "--unit", "amount_off", "-v"}, cells);
  EXPECT_EQ(text.exit_code, 0) << text.err;
  EXPECT_THAT(text.out, AllOf(HasSubstr("The best offer for each tier"), HasSubstr("waist"), HasSubstr("2 off"),
                              HasSubstr("What a budget brings")));
}

TEST(TuneTest, WhatIsWrongEndsWithTwoAndOneClearError) {
  EXPECT_THAT(Tune({"--input", "-", "--format", "csv"}, "tier,dose,users,conversions\nall,0,10,11\n"),
              FailsWith(2, HasSubstr("standard input:2: conversions: is 11; must be 0 to the 10 users")));
  EXPECT_THAT(Tune({"--input", "no-such.csv"}), FailsWith(4, HasSubstr("no-such.csv")));
  EXPECT_THAT(Tune({}), FailsWith(2, HasSubstr("--input: is missing, or the id of a campaign")));
  EXPECT_THAT(Tune({"spring", "--margin", "3"}), FailsWith(2, HasSubstr("a campaign has its own economics")));
  EXPECT_THAT(Tune({"--input", "-", "--min-dose", "waist"}), FailsWith(2, HasSubstr("`waist` is not TIER=N")));
  EXPECT_THAT(Tune({"--input", "-", "--apply", "x.yaml"}), FailsWith(2, HasSubstr("needs a campaign")));
}

// Montgomery, Peck & Vining, problem 13.4.
TEST(TuneTest, CouponDosesGiveThePublishedLogit) {
  const std::string data = absl::StrCat(kData, "coupon_doses/coupons.csv");
  SKIP_WITHOUT(data);
  const json out = MustTune({"--input", "-", "--format", "json"}, Cells("coupon-doses", {data}));
  const json& logit = out.at("trends").at(0).at("logit");
  EXPECT_NEAR(logit.at("intercept"), -2.084754, 1e-6);
  EXPECT_NEAR(logit.at("intercept_standard_error"), 0.080398, 1e-6);
  EXPECT_NEAR(logit.at("slope"), 0.135727, 1e-6);
  EXPECT_NEAR(logit.at("slope_standard_error"), 0.004957, 1e-6);
  EXPECT_GT(out.at("plan").at("tiers").at(0).at("dose"), 0.0);
}

// PyOptBook, chapter 4.
TEST(TuneTest, CouponBudgetHasThePublishedOptima) {
  const std::string folder = absl::StrCat(kData, "coupon_budget/");
  SKIP_WITHOUT(folder + "customers.csv");
  const std::string input = Cells("coupon-budget", {folder + "customers.csv", folder + "visit_probability.csv"});
  const std::vector<std::pair<std::string, double>> published = {
      {"761850", 229.000}, {"1000000", 326.095}, {"1761850", 600.656}, {"2461850", 826.805}};
  for (const auto& [budget, visits] : published) {
    const json out = MustTune(
        {"--input", "-", "--format", "json", "--objective", "conversions", "--min-share", "0.1", "--budget", budget},
        input);
    const json& expected = out.at("plan").at("expected");
    EXPECT_NEAR(expected.at("value"), visits, 0.0006) << budget;
    EXPECT_LE(expected.at("cost"), std::stod(budget) * (1.0 + 1e-7));
  }
}

// Karlan & Zinman 2008.
TEST(TuneTest, KarlanZinmanSlopesByRiskTier) {
  const std::string data = absl::StrCat(kData, "kz_credit/kz_demandelasts_aer08.csv.gz");
  SKIP_WITHOUT(data);
  const json out =
      MustTune({"--input", "-", "--format", "csv", "--plan", absl::StrCat(kExamples, "karlan-zinman/plan.json")},
               Cells("karlan-zinman", {data}));
  // Published per point of interest; a dose is a point below the highest rate.
  const std::vector<std::tuple<std::string, double, double>> published = {
      {"LOW", 0.01025, 0.0037}, {"MEDIUM", 0.00056, 0.0030}, {"HIGH", 0.00247, 0.00049}};
  for (size_t i = 0; i < published.size(); ++i) {
    const auto& [tier, slope, se] = published[i];
    const json& trend = out.at("trends").at(i);
    EXPECT_EQ(trend.at("tier"), tier);
    EXPECT_NEAR(trend.at("slope").at("value"), slope, 5.5e-6) << tier;
    EXPECT_NEAR(trend.at("slope").at("standard_error"), se, 0.02 * se) << tier;
  }
  EXPECT_EQ(out.at("plan").at("tiers").size(), 3u);
}

}  // namespace
}  // namespace tierwise
