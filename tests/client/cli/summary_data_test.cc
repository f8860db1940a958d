// SPDX-License-Identifier: Apache-2.0
#include "client/cli/summary_data.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <sstream>

#include "absl/strings/str_cat.h"

namespace tierwise {
namespace {

using ::testing::HasSubstr;

constexpr char kHeader[] = "tier,variant,metric,n,conversions\n";

absl::StatusOr<SummaryData> Read(const std::string& text, CellFormat format, const std::string& control = "plain") {
  std::istringstream in(text);
  std::ostringstream out, err;
  Terminal terminal{.in = in, .out = out, .err = err};
  absl::StatusOr<SummarySource> source = ReadSummary({"-", format, ""}, terminal);
  if (!source.ok()) return source.status();
  return AssembleSummary(*source, {control, std::nullopt, absl::UnixEpoch()});
}

absl::StatusOr<SummaryData> ReadCsv(const std::string& text) { return Read(text, CellFormat::kCsv); }
absl::StatusOr<SummaryData> ReadJson(const std::string& text) { return Read(text, CellFormat::kJson, ""); }

// The error of a CSV file whose first row is this; the other arm has no users.
std::string ErrorOfRow(const std::string& columns, const std::string& row) {
  const std::string nothing(static_cast<size_t>(std::count(columns.begin(), columns.end(), ',')), ',');
  const auto data = ReadCsv(absl::StrCat("tier,variant,metric,", columns, "\n", row, "\nt,offer,m,0", nothing, "\n"));
  return data.ok() ? "no error" : std::string(data.status().message());
}

TEST(SummaryDataTest, ARateIsReadFromUsersAndConversions) {
  const auto data = ReadCsv(absl::StrCat(kHeader, "head,plain,buy,1000,100\nhead,offer,buy,1004,131\n"));
  ASSERT_TRUE(data.ok()) << data.status();
  EXPECT_EQ(data->data.control, 0);
  EXPECT_EQ(data->data.metrics[0].estimand, Estimand::kRate);
  EXPECT_EQ(data->data.metrics[0].role, v1::METRIC_ROLE_PRIMARY);
  const JointMoments& cell = data->data.metrics[0].cells[1];
  EXPECT_EQ(cell.n(), 1004);
  EXPECT_DOUBLE_EQ(cell.mean(0), 131.0 / 1004);
  EXPECT_DOUBLE_EQ(cell.comoment(0, 0), 131.0 * (1004 - 131) / 1004);
  EXPECT_EQ(data->data.users, (std::vector<int64_t>{1000, 1004}));
  EXPECT_THAT(data->data.tiers[0].expected_share, testing::ElementsAre(0.5, 0.5));
}

TEST(SummaryDataTest, DaysAddUpToTheMomentsOfAllUsersWhereSumsOfSquaresWouldLoseThem) {
  // Users 1e9 - 1, 1e9 + 1 on one day and 1e9 + 3, 1e9 + 5 on the next: mean 1e9 + 2, squared deviations 20.
  const auto data = ReadCsv(
      "tier,variant,metric,day,n,mean,variance\n"
      "all,plain,spend,2026-03-01,2,1000000000,2\n"
      "all,plain,spend,2026-03-02,2,1000000004,2\n"
      "all,offer,spend,2026-03-01,4,1,1\n");
  ASSERT_TRUE(data.ok()) << data.status();
  const JointMoments& cell = data->data.metrics[0].cells[0];
  EXPECT_EQ(cell.n(), 4);
  EXPECT_DOUBLE_EQ(cell.mean(0), 1e9 + 2);
  EXPECT_DOUBLE_EQ(cell.comoment(0, 0), 20.0);
  EXPECT_EQ(data->data.as_of - data->data.first_exposure, absl::Hours(48));
}

TEST(SummaryDataTest, ARatioWithACovariateHasAllSixMoments) {
  const auto data = ReadJson(R"({"control": "plain", "metrics": [{"id": "r", "kind": "ratio"}], "cells": [
    {"tier": "t", "variant": "plain", "metric": "r", "n": 11, "mean": 5, "variance": 4, "denominator_mean": 2,
     "denominator_variance": 1, "denominator_covariance": 0.5, "covariate_mean": 7, "covariate_variance": 9,
     "covariate_covariance": 3, "covariate_denominator_covariance": 0.25},
    {"tier": "t", "variant": "offer", "metric": "r", "n": 0}]})");
  ASSERT_TRUE(data.ok()) << data.status();
  const JointMoments& cell = data->data.metrics[0].cells[0];
  ASSERT_EQ(cell.size(), 3);
  const double expected[3][3] = {{40, 5, 30}, {5, 10, 2.5}, {30, 2.5, 90}};
  for (int i = 0; i < 3; ++i) {
    for (int j = 0; j < 3; ++j) EXPECT_DOUBLE_EQ(cell.comoment(i, j), expected[i][j]) << i << j;
  }
  EXPECT_EQ(data->data.metrics[0].cells[1].n(), 0);
  EXPECT_EQ(data->data.metrics[0].cells[1].size(), 3);
}

TEST(SummaryDataTest, SumsAreTakenOnlyWhereTheyKeepTheVariance) {
  const std::string header = "tier,variant,metric,n,sum,sum_squares\n";
  const auto data = ReadCsv(header + "t,plain,m,4,10,30\nt,offer,m,4,12,40\n");
  ASSERT_TRUE(data.ok()) << data.status();
  EXPECT_DOUBLE_EQ(data->data.metrics[0].cells[0].mean(0), 2.5);
  EXPECT_DOUBLE_EQ(data->data.metrics[0].cells[0].comoment(0, 0), 5.0);
  EXPECT_THAT(ErrorOfRow("n,sum,sum_squares", "t,plain,m,4,4000000,4000000000005"),
              HasSubstr("standard input:2: sum_squares: is nearly all mean: too few digits of the variance are left. "
                        "Give `mean` and `variance`"));
  EXPECT_THAT(ErrorOfRow("n,sum,sum_squares", "t,plain,m,4,10,20"), HasSubstr("below sum^2 / n"));
}

TEST(SummaryDataTest, NumbersThatNoUsersCanHaveAreNamedWithLineAndField) {
  const struct {
    const char *columns, *row, *error;
  } cases[] = {
      {"n,conversions", "t,plain,m,-1,0", ":2: n: is -1; must be 0 to"},
      {"n,conversions", "t,plain,m,1000000000000000000,0", ":2: n: is 1000000000000000000; must be 0 to"},
      {"n,conversions", "t,plain,m,1e18,0", ":2: n: `1e18` must be a whole number"},
      {"n,conversions", "t,plain,m,,0", ":2: n: is missing"},
      {"n,conversions", "t,plain,m,10,11", ":2: conversions: is 11; must be 0 to `n`, 10"},
      {"n,conversions", "t,plain,m,10,-1", ":2: conversions: is -1; must be 0 to `n`, 10"},
      {"n,conversions", "t,plain,m,10,1.5", ":2: conversions: `1.5` must be a whole number"},
      {"n,conversions", "t,plain,m,0,3", ":2: conversions: must be 0 or left out where `n` is 0"},
      {"n,mean,variance", "t,plain,m,10,1,-0.5", ":2: variance: is -0.5; must be 0 or more"},
      {"n,mean,variance", "t,plain,m,10,nan,1", ":2: mean: `nan` must be a finite number"},
      {"n,mean,variance", "t,plain,m,10,1,inf", ":2: variance: `inf` must be a finite number"},
      {"n,mean,variance", "t,plain,m,10,1e200,1", ":2: mean: is 1e+200; must be at most 1e100 in size"},
      {"n,mean,variance", "t,plain,m,10,1,", ":2: variance: is missing"},
      {"n,mean,variance", "t,plain,m,1,1,2", ":2: variance: must be 0 where `n` is 1"},
      {"n,mean,variance,covariate_mean,covariate_variance,covariate_covariance", "t,plain,m,10,1,4,0,9,6.5",
       ":2: covariate_covariance: is 6.5; must be at most sqrt(variance x variance), 6, in size"},
      {"n,mean,variance,covariate_mean,covariate_variance", "t,plain,m,10,1,4,0,9",
       ":2: covariate_covariance: is missing"},
      {"n,mean,variance,denominator_mean,denominator_variance,denominator_covariance,covariate_mean,covariate_variance,"
       "covariate_covariance,covariate_denominator_covariance",
       "t,plain,m,10,1,1,1,1,0.9,0,1,0.9,-0.9", "together they are not positive definite"},
  };
  for (const auto& each : cases) {
    EXPECT_THAT(ErrorOfRow(each.columns, each.row), HasSubstr(each.error)) << each.row;
  }
}

TEST(SummaryDataTest, NamesThatDoNotFitTogetherAreErrors) {
  const std::string rows = "t,plain,m,10,1\nt,offer,m,10,1\n";
  const auto error = [](const absl::StatusOr<SummaryData>& data) {
    return data.ok() ? "no error" : std::string(data.status().message());
  };
  EXPECT_THAT(error(Read(kHeader + rows, CellFormat::kCsv, "plian")),
              HasSubstr("--control: unknown variant `plian`; did you mean \"plain\"?"));
  EXPECT_THAT(error(Read(kHeader + rows, CellFormat::kCsv, "")), HasSubstr("control: is missing"));
  EXPECT_THAT(error(ReadCsv(kHeader + rows + "t,plain,m,10,1\n")),
              HasSubstr("standard input:4: the same tier, variant, metric as standard input:2"));
  EXPECT_THAT(error(ReadCsv(absl::StrCat(kHeader, "t,plain,m,10,1\n"))), HasSubstr("name 1 variants; must be 2 to 32"));
  EXPECT_THAT(error(ReadCsv(kHeader + rows + "t,plain,other,11,1\nt,offer,other,10,1\n")),
              HasSubstr("standard input:4: n: is 11 users, but 10 at standard input:2"));
  EXPECT_THAT(error(ReadCsv(kHeader + rows + "t,plain,other,10,1\n")),
              HasSubstr("standard input:3: metric: this tier and variant have no cell of metric `other`"));
  EXPECT_THAT(error(ReadCsv("tier,variant,metric,n,convertions\n")), HasSubstr("did you mean \"conversions\"?"));
  EXPECT_THAT(error(ReadCsv("")), HasSubstr("the file is empty"));
  EXPECT_THAT(error(ReadCsv(kHeader + rows + "t,x\n")), HasSubstr("standard input:4: has 2 fields, the header has 5"));
  EXPECT_THAT(error(ReadCsv(kHeader + rows + "t\xff,plain,m,1,1\n")), HasSubstr("standard input:4: is not UTF-8"));
}

TEST(SummaryDataTest, WhatIsWrongInJsonIsNamedWithLineAndPath) {
  const auto error = [](const std::string& members) {
    const auto data = ReadJson(absl::StrCat(R"({"control": "a",
"cells": [{"tier": "t", "variant": "a", "metric": "m", "n": 10, "conversions": 1},
{"tier": "t", "variant": "b", "metric": "m", "n": 10, "conversions": 1}],
)",
                                            members, "}"));
    return data.ok() ? "no error" : std::string(data.status().message());
  };
  EXPECT_THAT(error(R"("wieghts": 1)"), HasSubstr("standard input:4: wieghts: unknown field"));
  EXPECT_THAT(error(R"("analysis": {"alpha": 0.5})"),
              HasSubstr("standard input:4: analysis.alpha: is 0.5; must be 0.001 to 0.2"));
  EXPECT_THAT(error(R"("analysis": {"sequential_rule": "alpha_spending"})"), HasSubstr("needs `schedule`"));
  EXPECT_THAT(error(R"("analysis": {"guardrails": [{"metric": "m"}]})"), HasSubstr("is the primary metric"));
  EXPECT_THAT(error(R"("tiers": ["u"])"), HasSubstr("standard input:2: cells[0].tier: unknown tier `t`"));
  EXPECT_THAT(error(R"("tier_plans": [{"tier": "x", "arms": [{"variant": "a", "weight": 1}]}])"),
              HasSubstr("tier_plans[0].tier: unknown tier `x`"));
  EXPECT_THAT(error(R"("tier_plans": [{"tier": "*", "arms": [{"variant": "c", "weight": 1}]}])"),
              HasSubstr("tier_plans[0].arms[0].variant: unknown variant `c`"));
  EXPECT_THAT(error(R"("tier_plans": [{"tier": "*", "arms": [{"variant": "a"}]}])"), HasSubstr("weight above 0"));
  EXPECT_THAT(error(R"("users_in_two_variants": -1)"), HasSubstr("users_in_two_variants: must be 0"));
  EXPECT_THAT(error("]"), HasSubstr("not JSON"));
}

TEST(SummaryDataTest, WeightsAreThoseOfTheTiersPlan) {
  const auto data = ReadJson(R"({"control": "a",
    "tier_plans": [{"tier": "head", "arms": [{"variant": "a", "weight": 1}, {"variant": "b", "weight": 3}]},
                   {"tier": "*", "arms": [{"variant": "a", "weight": 1}, {"variant": "b", "weight": 1}]}],
    "cells": [{"tier": "head", "variant": "a", "metric": "m", "n": 10, "conversions": 1},
              {"tier": "head", "variant": "b", "metric": "m", "n": 30, "conversions": 1},
              {"tier": "tail", "variant": "a", "metric": "m", "n": 10, "conversions": 1},
              {"tier": "tail", "variant": "b", "metric": "m", "n": 10, "conversions": 1}]})");
  ASSERT_TRUE(data.ok()) << data.status();
  EXPECT_THAT(data->data.tiers[0].expected_share, testing::ElementsAre(0.25, 0.75));
  EXPECT_THAT(data->data.tiers[1].expected_share, testing::ElementsAre(0.5, 0.5));
}

}  // namespace
}  // namespace tierwise
