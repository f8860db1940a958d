// SPDX-License-Identifier: Apache-2.0
#include "experiments/analysis/report.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "google/protobuf/util/message_differencer.h"
#include "tests/experiments/analysis/hillstrom.h"

namespace tierwise {
namespace {

class HillstromReportTest : public testing::Test {
 protected:
  static const v1::Report& Report() {
    static const v1::Report report = BuildReport(HillstromData(), 0.95).value();
    return report;
  }
  static const v1::ArmSummary& Arm(int metric, const std::string& tier, const std::string& variant) {
    for (const v1::ArmSummary& arm : Report().metrics(metric).arms()) {
      if (arm.tier() == tier && arm.variant() == variant) return arm;
    }
    ADD_FAILURE() << "no arm " << tier << "/" << variant;
    return v1::ArmSummary::default_instance();
  }
  static const v1::Comparison& Compared(int metric, const std::string& tier, const std::string& variant,
                                        v1::Estimator estimator = v1::ESTIMATOR_UNADJUSTED) {
    for (const v1::Comparison& each : Report().metrics(metric).comparisons()) {
      if (each.tier() == tier && each.variant() == variant && each.estimator() == estimator) return each;
    }
    ADD_FAILURE() << "no comparison " << tier << "/" << variant;
    return v1::Comparison::default_instance();
  }
  static std::string IntervalText(const v1::Comparison& comparison, const std::string& method) {
    for (const v1::Interval& interval : comparison.difference().intervals()) {
      if (interval.method() == method) return absl::StrFormat("%.6f to %.6f", interval.lower(), interval.upper());
    }
    return "no " + method + " interval";
  }
};

// The figures are those published with the data; see examples/hillstrom/README.md.
TEST_F(HillstromReportTest, CountsPerArmAreThePublishedOnes) {
  const struct {
    const char* variant;
    int64_t users;
    double visits, conversions, spend;
  } published[] = {{"no_email", 21306, 2262, 122, 13908.33},
                   {"mens", 21307, 3894, 267, 30311.69},
                   {"womens", 21387, 3238, 189, 23038.11}};
  for (const auto& arm : published) {
    EXPECT_EQ(Arm(0, "", arm.variant).users(), arm.users);
    EXPECT_EQ(Arm(0, "", arm.variant).total(), arm.visits);
    EXPECT_EQ(Arm(1, "", arm.variant).total(), arm.conversions);
    EXPECT_NEAR(Arm(2, "", arm.variant).total(), arm.spend, 0.005);
  }
}

TEST_F(HillstromReportTest, CountsPerTierAreThePublishedOnes) {
  const struct {
    const char *tier, *variant;
    int64_t users;
    double visits, conversions;
  } published[] = {
      {"head", "no_email", 2690, 346, 18},   {"head", "mens", 2705, 594, 49},    {"head", "womens", 2683, 510, 45},
      {"waist", "no_email", 6168, 830, 52},  {"waist", "mens", 6187, 1364, 105}, {"waist", "womens", 6343, 1092, 46},
      {"tail", "no_email", 12448, 1086, 52}, {"tail", "mens", 12415, 1936, 113}, {"tail", "womens", 12361, 1636, 98}};
  for (const auto& cell : published) {
    EXPECT_EQ(Arm(0, cell.tier, cell.variant).users(), cell.users);
    EXPECT_EQ(Arm(0, cell.tier, cell.variant).total(), cell.visits);
    EXPECT_EQ(Arm(1, cell.tier, cell.variant).total(), cell.conversions);
  }
}

TEST_F(HillstromReportTest, SampleRatioIsThePublishedOne) {
  const v1::HealthCheck* overall = nullptr;
  for (const v1::HealthCheck& check : Report().checks()) {
    EXPECT_EQ(check.status(), v1::HEALTH_STATUS_OK) << check.message();
    if (check.check() == "sample_ratio" && check.tier().empty()) overall = &check;
  }
  ASSERT_NE(overall, nullptr);
  EXPECT_EQ(absl::StrFormat("%.6f", overall->statistic()), "0.202531");
  EXPECT_EQ(absl::StrFormat("%.6f", overall->p_value()), "0.903693");
}

TEST_F(HillstromReportTest, EffectsAndIntervalsAreThePublishedOnesToEveryDigit) {
  const auto difference = [](const v1::Comparison& c, const char* format) {
    return absl::StrFormat(absl::string_view(format) == "7" ? "%.7f" : "%.6f", c.difference().estimate());
  };
  EXPECT_EQ(difference(Compared(0, "", "mens"), "7"), "0.0765896");
  EXPECT_EQ(IntervalText(Compared(0, "", "mens"), "Wald"), "0.069954 to 0.083226");
  EXPECT_EQ(difference(Compared(1, "", "mens"), "7"), "0.0068050");
  EXPECT_EQ(IntervalText(Compared(1, "", "mens"), "Wald"), "0.005000 to 0.008610");
  EXPECT_EQ(difference(Compared(2, "", "mens"), "6"), "0.769827");
  EXPECT_EQ(IntervalText(Compared(2, "", "mens"), "Welch t"), "0.485140 to 1.054515");
  EXPECT_EQ(difference(Compared(0, "", "womens"), "7"), "0.0452331");
  EXPECT_EQ(difference(Compared(1, "", "womens"), "7"), "0.0031111");
  EXPECT_EQ(IntervalText(Compared(1, "", "womens"), "Wald"), "0.001499 to 0.004723");
  EXPECT_EQ(difference(Compared(2, "", "womens"), "6"), "0.424412");
  EXPECT_EQ(IntervalText(Compared(2, "", "womens"), "Welch t"), "0.168957 to 0.679868");
}

TEST_F(HillstromReportTest, OnlyTheTierViewShowsThatTheWaistTurnsAgainstTheWomensMail) {
  EXPECT_GT(Compared(1, "", "womens").difference().estimate(), 0.0);
  EXPECT_GT(Compared(1, "head", "womens").difference().estimate(), 0.0);
  EXPECT_GT(Compared(1, "tail", "womens").difference().estimate(), 0.0);
  EXPECT_LT(Compared(1, "waist", "womens").difference().estimate(), 0.0);
}

TEST_F(HillstromReportTest, TheOverallEffectWeighsTiersByTheirUsers) {
  double weighted = 0.0;
  for (const char* tier : {"head", "waist", "tail"}) {
    int64_t users = 0;
    for (const char* variant : {"no_email", "mens", "womens"}) users += Arm(2, tier, variant).users();
    weighted += Compared(2, tier, "mens").difference().estimate() * static_cast<double>(users) / 64000.0;
  }
  const v1::Comparison& overall = Compared(2, "", "mens", v1::ESTIMATOR_POST_STRATIFIED);
  EXPECT_NEAR(overall.difference().estimate(), weighted, 1e-12);
  EXPECT_EQ(overall.users(), 21306 + 21307);
}

TEST_F(HillstromReportTest, EveryNumberNamesItsMethod) {
  for (const v1::MetricReport& metric : Report().metrics()) {
    for (const v1::Comparison& comparison : metric.comparisons()) {
      EXPECT_NE(comparison.estimator(), v1::ESTIMATOR_UNSPECIFIED);
      EXPECT_EQ(comparison.test().empty(), comparison.estimator() == v1::ESTIMATOR_PARTIALLY_POOLED);
      for (const v1::Effect* effect : {&comparison.difference(), &comparison.lift()}) {
        ASSERT_FALSE(effect->intervals().empty());
        for (const v1::Interval& interval : effect->intervals()) {
          EXPECT_FALSE(interval.method().empty());
          EXPECT_NE(interval.kind(), v1::INTERVAL_KIND_UNSPECIFIED);
          // What holds at every look is shared between the two variants.
          EXPECT_DOUBLE_EQ(interval.confidence(), interval.kind() == v1::INTERVAL_KIND_ALWAYS_VALID ? 0.975 : 0.95);
        }
      }
    }
  }
}

// The worked example of docs/analysis.md.
TEST(HillstromAnalysisTest, TheExampleOfTheDocumentation) {
  CampaignData data = HillstromData();
  std::swap(data.metrics[0], data.metrics[1]);
  data.metrics[0].role = v1::METRIC_ROLE_PRIMARY;
  data.metrics[1].role = v1::METRIC_ROLE_SECONDARY;
  data.rules.sequential_rule = v1::SEQUENTIAL_RULE_ALPHA_SPENDING;
  data.rules.start = data.first_exposure;
  data.rules.end = data.first_exposure + absl::Hours(14 * 24);
  const v1::Report report = BuildReport(data, 0.95).value();
  const v1::MetricReport& conversion = report.metrics(0);
  EXPECT_EQ(absl::StrFormat("%d %.4f", conversion.sequential().looks(), conversion.sequential().critical_value()),
            "28 2.3973");
  EXPECT_EQ(report.decisions(0).text(),
            "Ship it: conversion changes by +118.54 % (97.5 % interval +68.89 % to +184.83 %).");
  EXPECT_EQ(
      report.decisions(1).text(),
      "Ship it: conversion changes by +54.20 % (97.5 % interval +17.10 % to +104.01 %). Its effect differs between "
      "tiers: see each.");
  const v1::Heterogeneity& womens = conversion.heterogeneity(1);
  EXPECT_EQ(absl::StrFormat("%.2f %.4f %.2f", womens.q(), womens.p_value(), womens.i_squared()), "13.41 0.0012 0.85");
  std::string tiers;
  for (const v1::Comparison& row : conversion.comparisons()) {
    if (row.variant() != "womens" || row.tier().empty()) continue;
    absl::StrAppendFormat(&tiers, "%s %s%+.2f %s\n", row.tier(), row.family().empty() ? "pooled " : "",
                          100.0 * row.difference().estimate(), row.claimed() ? "claimed" : "-");
  }
  EXPECT_EQ(tiers,
            "head +1.01 -\n"
            "head pooled +0.72 -\n"
            "waist -0.12 -\n"
            "waist pooled -0.02 -\n"
            "tail +0.38 claimed\n"
            "tail pooled +0.37 -\n");
  std::string verdicts;
  for (const v1::Decision& decision : report.decisions()) {
    absl::StrAppend(&verdicts, decision.tier(), "/", decision.variant(), " ", v1::Verdict_Name(decision.verdict()),
                    "\n");
  }
  EXPECT_EQ(verdicts,
            "/mens VERDICT_SHIP\n"
            "/womens VERDICT_SHIP\n"
            "head/mens VERDICT_SHIP\n"
            "head/womens VERDICT_KEEP_RUNNING\n"
            "waist/mens VERDICT_SHIP\n"
            "waist/womens VERDICT_KEEP_RUNNING\n"
            "tail/mens VERDICT_SHIP\n"
            "tail/womens VERDICT_SHIP\n");
}

TEST_F(HillstromReportTest, NoClaimStandsBesideAnIntervalThatHoldsNoEffect) {
  int claims = 0;
  for (const v1::MetricReport& metric : Report().metrics()) {
    for (const v1::Comparison& comparison : metric.comparisons()) {
      if (!comparison.claimed()) continue;
      ++claims;
      const v1::Interval& shown = comparison.difference().intervals(0);
      EXPECT_TRUE(shown.lower() > 0.0 || shown.upper() < 0.0)
          << metric.metric() << " " << comparison.tier() << " " << comparison.variant() << " " << shown.DebugString();
    }
  }
  EXPECT_GE(claims, 3);
}

TEST(ReportTest, TheSameDataGiveTheSameReport) {
  EXPECT_EQ(BuildReport(HillstromData(), 0.95)->SerializeAsString(),
            BuildReport(HillstromData(), 0.95)->SerializeAsString());
}

TEST(ReportTest, ATierThatLacksAnArmIsLeftOutOfTheOverallEffectAndNamed) {
  CampaignData data = HillstromData();
  for (MetricData& metric : data.metrics) metric.cells[data.CellOf(1, 1)] = JointMoments(1);
  data.users[data.CellOf(1, 1)] = 0;
  const v1::Report report = BuildReport(data, 0.95).value();
  bool is_found = false;
  for (const v1::Comparison& comparison : report.metrics(0).comparisons()) {
    if (comparison.variant() != "mens") continue;
    if (comparison.tier() == "waist") {
      EXPECT_EQ(comparison.reason(), "an arm has no users");
      EXPECT_FALSE(comparison.has_p_value());
    }
    if (comparison.tier().empty() && comparison.estimator() == v1::ESTIMATOR_POST_STRATIFIED) {
      is_found = true;
      EXPECT_EQ(comparison.reason(), "without waist, which lack users in an arm");
      EXPECT_EQ(comparison.users(), 2690 + 2705 + 12448 + 12415);
    }
  }
  EXPECT_TRUE(is_found);
}

TEST(ReportTest, AnEmptyCampaignSaysSoFirstAndClaimsNothing) {
  CampaignData data = HillstromData();
  data.users.assign(9, 0);
  for (MetricData& metric : data.metrics) metric.cells.assign(9, JointMoments(1));
  const v1::Report report = BuildReport(data, 0.95).value();
  ASSERT_EQ(report.checks_size(), 1);
  EXPECT_EQ(report.checks(0).status(), v1::HEALTH_STATUS_FAILED);
  for (const v1::Comparison& comparison : report.metrics(0).comparisons()) {
    EXPECT_FALSE(comparison.difference().has_estimate());
    EXPECT_FALSE(comparison.has_p_value());
    EXPECT_FALSE(comparison.reason().empty());
  }
}

TEST(ReportTest, ImpossibleMomentsNameTheirCell) {
  CampaignData data = HillstromData();
  data.metrics[2].cells[data.CellOf(2, 1)] = JointMoments::FromParts(100, {1.0}, {-5.0});
  const auto report = BuildReport(data, 0.95);
  ASSERT_FALSE(report.ok());
  EXPECT_EQ(report.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_NE(report.status().message().find("metric spend, tier tail, variant mens"), absl::string_view::npos)
      << report.status();
}

TEST(ReportTest, ConfidenceOutsideItsRangeIsRefused) {
  for (const double confidence : {0.0, 0.4, 1.0, -1.0, std::numeric_limits<double>::quiet_NaN()}) {
    EXPECT_EQ(BuildReport(HillstromData(), confidence).status().code(), absl::StatusCode::kInvalidArgument)
        << confidence;
  }
}

}  // namespace
}  // namespace tierwise
