// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "tests/client/cli/in_process.h"

namespace tierwise {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;

constexpr char kExamples[] = TIERWISE_SOURCE_DIR "/examples/analyze/";

json Analyzed(const std::vector<std::string>& arguments, const std::string& input = "") {
  std::vector<std::string> all = {"analyze"};
  all.insert(all.end(), arguments.begin(), arguments.end());
  all.push_back("--json");
  const RunResult run = RunTierwise(all, input);
  EXPECT_EQ(run.code, ExitCode::kOk) << run.err;
  return json::parse(run.out, nullptr, false);
}

const json& Find(const json& list, const json& wanted) {
  for (const json& each : list) {
    bool is_it = true;
    for (const auto& [key, value] : wanted.items()) is_it = is_it && each.value(key, json()) == value;
    if (is_it) return each;
  }
  ADD_FAILURE() << "no " << wanted;
  static const json none;
  return none;
}

class HillstromAnalysisTest : public testing::Test {
 protected:
  static const json& Report() {
    static const json report = Analyzed({absl::StrCat(kExamples, "hillstrom.json")});
    return report;
  }
  static const json& Metric(const char* id) { return Find(Report()["metrics"], {{"metric", id}}); }
  static const json& Effect(const char* metric, const char* tier, const char* variant) {
    return Find(Metric(metric)["comparisons"], {{"tier", tier}, {"variant", variant}, {"estimator", "unadjusted"}});
  }
  static std::string IntervalText(const json& comparison, const char* method) {
    const json& interval = Find(comparison["difference"]["intervals"], {{"method", method}});
    return absl::StrFormat("%.6f to %.6f", interval["lower"].get<double>(), interval["upper"].get<double>());
  }
};

// The figures are those published with the data; see examples/hillstrom/README.md.
TEST_F(HillstromAnalysisTest, CountsAreThePublishedOnes) {
  const struct {
    const char* variant;
    int users, visits, conversions;
    double spend;
  } published[] = {{"no_email", 21306, 2262, 122, 13908.33},
                   {"mens", 21307, 3894, 267, 30311.69},
                   {"womens", 21387, 3238, 189, 23038.11}};
  for (const auto& arm : published) {
    const json wanted = {{"tier", ""}, {"variant", arm.variant}};
    EXPECT_EQ(Find(Metric("visit")["arms"], wanted)["users"], arm.users);
    EXPECT_NEAR(Find(Metric("visit")["arms"], wanted)["total"].get<double>(), arm.visits, 1e-6);
    EXPECT_NEAR(Find(Metric("conversion")["arms"], wanted)["total"].get<double>(), arm.conversions, 1e-6);
    EXPECT_NEAR(Find(Metric("spend")["arms"], wanted)["total"].get<double>(), arm.spend, 0.005);
  }
}

TEST_F(HillstromAnalysisTest, SampleRatioIsThePublishedOne) {
  const json& check = Find(Report()["checks"], {{"check", "sample_ratio"}, {"tier", ""}});
  EXPECT_EQ(check["status"], "ok");
  EXPECT_EQ(absl::StrFormat("%.6f", check["statistic"].get<double>()), "0.202531");
  EXPECT_EQ(absl::StrFormat("%.6f", check["p_value"].get<double>()), "0.903693");
}

TEST_F(HillstromAnalysisTest, EffectsAndIntervalsAreThePublishedOnesToEveryDigit) {
  const auto difference = [](const json& comparison, int digits) {
    return absl::StrFormat("%.*f", digits, comparison["difference"]["estimate"].get<double>());
  };
  EXPECT_EQ(difference(Effect("visit", "", "mens"), 7), "0.0765896");
  EXPECT_EQ(IntervalText(Effect("visit", "", "mens"), "Wald"), "0.069954 to 0.083226");
  EXPECT_EQ(difference(Effect("conversion", "", "mens"), 7), "0.0068050");
  EXPECT_EQ(IntervalText(Effect("conversion", "", "mens"), "Wald"), "0.005000 to 0.008610");
  EXPECT_EQ(difference(Effect("spend", "", "mens"), 6), "0.769827");
  EXPECT_EQ(IntervalText(Effect("spend", "", "mens"), "Welch t"), "0.485140 to 1.054515");
  EXPECT_EQ(difference(Effect("visit", "", "womens"), 7), "0.0452331");
  EXPECT_EQ(difference(Effect("conversion", "", "womens"), 7), "0.0031111");
  EXPECT_EQ(IntervalText(Effect("conversion", "", "womens"), "Wald"), "0.001499 to 0.004723");
  EXPECT_EQ(difference(Effect("spend", "", "womens"), 6), "0.424412");
  EXPECT_EQ(IntervalText(Effect("spend", "", "womens"), "Welch t"), "0.168957 to 0.679868");
}

TEST_F(HillstromAnalysisTest, OnlyTheTierViewShowsThatTheWaistTurnsAgainstTheWomensMail) {
  EXPECT_GT(Effect("conversion", "", "womens")["difference"]["estimate"].get<double>(), 0.0);
  EXPECT_GT(Effect("conversion", "head", "womens")["difference"]["estimate"].get<double>(), 0.0);
  EXPECT_LT(Effect("conversion", "waist", "womens")["difference"]["estimate"].get<double>(), 0.0);
}

TEST_F(HillstromAnalysisTest, CsvGivesTheSameComparisonsAsJson) {
  const json report = Analyzed({absl::StrCat(kExamples, "hillstrom.csv"), "--control", "no_email"});
  for (const char* metric : {"visit", "conversion", "spend"}) {
    const json& csv = Find(Find(report["metrics"], {{"metric", metric}})["comparisons"],
                           {{"tier", "waist"}, {"variant", "womens"}, {"estimator", "unadjusted"}});
    EXPECT_EQ(csv["difference"]["estimate"], Effect(metric, "waist", "womens")["difference"]["estimate"]);
    EXPECT_EQ(csv["p_value"], Effect(metric, "waist", "womens")["p_value"]);
  }
}

TEST(AnalyzeTest, DaysRatiosCovariatesAndGuardrailsComeWithThePlan) {
  const json report =
      Analyzed({absl::StrCat(kExamples, "days.csv"), "--plan", absl::StrCat(kExamples, "days.plan.json")});
  EXPECT_EQ(report["as_of"], "2026-03-08T00:00:00Z");
  const json& sequential = Find(report["metrics"], {{"metric", "buy"}})["sequential"];
  EXPECT_EQ(sequential["rule"], "alpha spending, O'Brien-Fleming type");
  EXPECT_NEAR(sequential["information_fraction"].get<double>(), 0.5, 1e-12);
  Find(Find(report["metrics"], {{"metric", "spend"}})["comparisons"],
       {{"tier", ""}, {"estimator", "adjusted_post_stratified"}});
  EXPECT_EQ(Find(report["metrics"], {{"metric", "spend_per_order"}})["role"], "guardrail");
  for (const json& check : report["checks"]) EXPECT_EQ(check["status"], "ok") << check;
}

TEST(AnalyzeTest, TheReportIsThatOfTheServersPrinter) {
  const RunResult run = RunTierwise({"analyze", absl::StrCat(kExamples, "hillstrom.json")});
  EXPECT_EQ(run.code, ExitCode::kOk);
  EXPECT_THAT(run.out, HasSubstr("hillstrom\n"));
  EXPECT_THAT(run.out, HasSubstr("64,000 users"));
  EXPECT_THAT(run.out, HasSubstr("mens against no_email"));
  const RunResult csv = RunTierwise({"analyze", absl::StrCat(kExamples, "hillstrom.json"), "--csv"});
  EXPECT_THAT(csv.out, testing::StartsWith("campaign,campaign_revision,as_of,metric,"));
}

TEST(AnalyzeTest, WhatCanNotBeEstimatedHasAReason) {
  const std::string cells =
      "tier,variant,metric,n,conversions\n"
      "both,plain,buy,1000,100\nboth,offer,buy,1000,130\n"
      "alone,plain,buy,1000,100\n"
      "empty,plain,buy,0,0\nempty,offer,buy,0,0\n"
      "flat,plain,buy,1000,0\nflat,offer,buy,1000,0\n";
  const json report = Analyzed({"-", "--format", "csv", "--control", "plain"}, cells);
  const json& comparisons = report["metrics"][0]["comparisons"];
  const auto reason = [&](const char* tier) {
    return Find(comparisons, {{"tier", tier}, {"estimator", "unadjusted"}})["reason"].get<std::string>();
  };
  EXPECT_EQ(reason("both"), "");
  EXPECT_NE(reason("alone"), "");
  EXPECT_NE(reason("empty"), "");
  EXPECT_NE(reason("flat"), "");
  EXPECT_THAT(report.dump(), testing::Not(HasSubstr("null")));
}

TEST(AnalyzeTest, ATrillionUsersInACellAreAnalysed) {
  const json report = Analyzed({"-", "--format", "csv", "--control", "a"},
                               "tier,variant,metric,n,conversions\n"
                               "t,a,m,1000000000000,500000000000\nt,b,m,1000000000000,500001000000\n");
  const json& row = Find(report["metrics"][0]["comparisons"], {{"tier", "t"}, {"estimator", "unadjusted"}});
  EXPECT_NEAR(row["difference"]["estimate"].get<double>(), 1e-6, 1e-15);
  EXPECT_NEAR(row["difference"]["standard_error"].get<double>(), std::sqrt(0.5e-12), 1e-12);
}

TEST(AnalyzeTest, ExitCodesAreThoseOfTheManual) {
  EXPECT_EQ(RunTierwise({"analyze", "/no/such/file.json"}).code, ExitCode::kNotFound);
  EXPECT_EQ(RunTierwise({"analyze", "file.txt"}).code, ExitCode::kInvalid);
  EXPECT_EQ(RunTierwise({"analyze", "-"}, "{}").code, ExitCode::kInvalid);
  EXPECT_EQ(RunTierwise({"analyze", "-", "--format", "json"}, "{").code, ExitCode::kInvalid);
  EXPECT_EQ(RunTierwise({"analyze", "-", "--format", "json"}, "{}").code, ExitCode::kInvalid);
  EXPECT_EQ(RunTierwise({"analyze", "x.json", "--confidence", "1.5"}).code, ExitCode::kInvalid);
  EXPECT_EQ(RunTierwise({"analyze", "x.json", "--json", "--csv"}).code, ExitCode::kInvalid);
}

}  // namespace
}  // namespace tierwise
