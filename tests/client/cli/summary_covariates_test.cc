// SPDX-License-Identifier: Apache-2.0
// Several covariates and priors in files that a user brings.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/substitute.h"
#include "client/cli/summary_data.h"
#include "experiments/analysis/report.h"

namespace tierwise {
namespace {

using ::testing::HasSubstr;

absl::StatusOr<SummaryData> ReadJson(const std::string& text) {
  std::istringstream in(text);
  std::ostringstream out, err;
  Terminal terminal{.in = in, .out = out, .err = err};
  absl::StatusOr<SummarySource> source = ReadSummary({"-", CellFormat::kJson, ""}, terminal);
  if (!source.ok()) return source.status();
  return AssembleSummary(*source, {"", std::nullopt, absl::UnixEpoch()});
}

std::string ErrorOf(const std::string& text) {
  const auto data = ReadJson(text);
  return data.ok() ? "no error" : std::string(data.status().message());
}

// One tier, two arms of 1,000 users; `covariates` in both; `more` beside the cells.
std::string File(const std::string& covariates, const std::string& more = "") {
  const std::string cell = R"({"tier": "t", "variant": "$0", "metric": "spend", "n": 1000, "mean": $1, "variance": 9,
      "covariates": [$2]})";
  return absl::StrCat(R"({"control": "plain", )", more, R"("cells": [)",
                      absl::Substitute(cell, "plain", "5", covariates), ",",
                      absl::Substitute(cell, "offer", "5.2", covariates), "]}");
}

// Spending before, 0 where it is not known (of a fifth of the users), and whether it is not.
constexpr char kTwo[] = R"({"mean": 4, "variance": 8, "covariance": 6},
                           {"mean": 0.2, "variance": 0.16, "covariance": -0.3, "covariances": [-0.8]})";

TEST(SummaryCovariatesTest, AreVariablesAfterTheOutcomeWithAllTheirCovariances) {
  const auto data = ReadJson(File(kTwo));
  ASSERT_TRUE(data.ok()) << data.status();
  const JointMoments& cell = data->data.metrics[0].cells[0];
  ASSERT_EQ(cell.size(), 3);
  EXPECT_DOUBLE_EQ(cell.Covariance(0, 1), 6.0);
  EXPECT_DOUBLE_EQ(cell.Covariance(0, 2), -0.3);
  EXPECT_DOUBLE_EQ(cell.Covariance(1, 2), -0.8);
  EXPECT_DOUBLE_EQ(cell.mean(2), 0.2);
}

TEST(SummaryCovariatesTest, TogetherTheyExplainWhatLeastSquaresSays) {
  const v1::Report report = BuildReport(ReadJson(File(kTwo))->data, 0.95).value();
  for (const v1::Comparison& row : report.metrics(0).comparisons()) {
    if (row.estimator() != v1::ESTIMATOR_REGRESSION_ADJUSTED) continue;
    // c' S^-1 c with c = (6, -0.3), S = (8, -0.8; -0.8, 0.16): 5.625 of the variance of 9.
    const double residual = 9 - (0.16 * 36 - 2 * 0.8 * 6 * 0.3 + 8 * 0.09) / (8 * 0.16 - 0.8 * 0.8);
    EXPECT_NEAR(residual, 3.375, 1e-12);
    const double se = row.difference().standard_error();
    EXPECT_NEAR(se * se, 2 * residual / 1000, 0.01 * 2 * residual / 1000);
    EXPECT_NEAR(row.difference().estimate(), 0.2, 1e-9);  // covariates are alike in both arms
    return;
  }
  ADD_FAILURE() << "no adjusted row";
}

TEST(SummaryCovariatesTest, ThatCantBeTogetherAreRefusedByName) {
  EXPECT_THAT(ErrorOf(File(R"({"mean": 4, "variance": 8, "covariance": 60})")),
              HasSubstr("covariates[0].covariance: is 60; must be at most sqrt(variance x variance)"));
  EXPECT_THAT(ErrorOf(File(R"({"mean": 4, "variance": 8, "covariance": 8},
                              {"mean": 4, "variance": 8, "covariance": -8, "covariances": [7.9]})")),
              HasSubstr("not positive definite"));
}

TEST(SummaryCovariatesTest, NeedTheirFieldsAndTheCovariancesWithThoseBefore) {
  EXPECT_THAT(ErrorOf(File(R"({"mean": 4, "covariance": 6})")), HasSubstr("covariates[0].variance: is missing"));
  EXPECT_THAT(
      ErrorOf(File(R"({"mean": 4, "variance": 8, "covariance": 6}, {"mean": 1, "variance": 1, "covariance": 0})")),
      HasSubstr("covariates[1].covariances: has 0 numbers; must have 1, one for each covariate before it"));
  EXPECT_THAT(ErrorOf(File(R"({"mean": 4, "variance": -8, "covariance": 6})")),
              HasSubstr("covariates[0].variance: must be 0 or more"));
  EXPECT_THAT(ErrorOf(File(R"({"mean": 4, "variance": 8, "covariance": 6, "denominator_covariance": 1})")),
              HasSubstr("only a ratio has a denominator"));
}

std::string PriorOfReport(const std::string& prior) {
  const auto data = ReadJson(File(kTwo, absl::StrCat(R"("prior": )", prior, ",")));
  if (!data.ok()) return std::string(data.status().message());
  return BuildReport(data->data, 0.95)->metrics(0).comparisons(0).posterior().prior();
}

TEST(SummaryPriorTest, IsAsGivenOrAsLearnt) {
  EXPECT_EQ(PriorOfReport(R"({"mean": 0.01, "sd": 0.04})"), "lift ~ N(0.01, 0.04^2), as given");
  std::string lifts;
  for (int i = 0; i < 9; ++i) absl::StrAppend(&lifts, i == 0 ? "" : ",", R"({"lift": 0.02, "standard_error": 0.03})");
  EXPECT_EQ(PriorOfReport(absl::StrCat(R"({"past_campaigns": [)", lifts, "]}")),
            "lift ~ N(0.02, 0.01^2), learnt from 9 campaigns");
}

TEST(SummaryPriorTest, IsRefusedWhereItIsNone) {
  EXPECT_THAT(PriorOfReport(R"({"mean": 0.01})"), HasSubstr("prior: needs either `mean` and `sd`"));
  EXPECT_THAT(PriorOfReport(R"({"mean": 0.01, "sd": 0})"), HasSubstr("prior.sd: is 0; must be"));
  EXPECT_THAT(PriorOfReport(R"({"past_campaigns": [{"lift": 0.1, "standard_error": 0.1}]})"),
              HasSubstr("prior.past_campaigns: has 1 campaigns; must have 5 to 1000"));
}

}  // namespace
}  // namespace tierwise
