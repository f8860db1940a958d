// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <string>
#include <vector>

#include "experiments/stats/adjustment.h"
#include "experiments/stats/least_squares.h"
#include "experiments/stats/means.h"
#include "experiments/stats/relative_lift.h"
#include "tests/oracle/families.h"

namespace tierwise::oracle {
namespace {

UserRows ReadArm(const nlohmann::json& input, const std::string& arm) {
  return {input.at("y_" + arm), input.at("x_" + arm)};
}

JointMoments MomentsOf(const UserRows& rows) {
  JointMoments moments(2);
  for (size_t i = 0; i < rows.outcome.size(); ++i) moments.Add({rows.outcome[i], rows.covariates[i]});
  return moments;
}

void ReportPooled(const PooledCuped& pooled, double raw_treatment_mean, double confidence, CaseReport& report) {
  report.Got("pooled.theta", pooled.theta);
  report.Got("pooled.adj_mean_a", pooled.control_adjusted_mean);
  report.Got("pooled.adj_mean_b", pooled.treatment_adjusted_mean);
  report.Got("pooled.diff", pooled.estimate.effect);
  report.Got("pooled.se", pooled.estimate.se);
  report.Got("pooled.df", pooled.estimate.test.df);
  report.Got("pooled.t", pooled.estimate.test.statistic);
  report.Got("pooled.p", pooled.estimate.test.p);
  report.Got("pooled.ci", pooled.estimate.interval);
  report.Got("pooled.rel_lift", CaseReport::Require(FiellerLift(pooled.means, confidence)).lift);
  // The reference takes the derivative at the raw means of both arms.
  ArmMeans raw = pooled.means;
  raw.treatment = raw_treatment_mean;
  report.Got("pooled.rel_se", DeltaLiftSe(raw));
}

void ReportLin(const RegressionAdjustment& lin, const UserAdjustment& users, CaseReport& report) {
  report.Got("lin.slope_a", lin.control_slopes.at(0));
  report.Got("lin.slope_b", lin.treatment_slopes.at(0));
  report.Got("lin.mean_a", lin.means.control);
  report.Got("lin.mean_b", lin.means.treatment);
  report.Got("lin.diff", lin.estimate.effect);
  report.Got("lin.se_hc0", users.se_hc0);
  report.Got("lin.se_hc2", users.se_hc2);
  report.Got("lin.se_hc3", users.se_hc3);
}

void ReportAncova(const UserRows& control, const UserRows& treatment, CaseReport& report) {
  std::vector<double> design;
  std::vector<double> outcome;
  JointMoments both = MomentsOf(control);
  both.Merge(MomentsOf(treatment));
  for (const UserRows* rows : {&control, &treatment}) {
    for (size_t i = 0; i < rows->outcome.size(); ++i) {
      const double arm = rows == &treatment ? 1.0 : 0.0;
      design.insert(design.end(), {1.0, arm, rows->covariates[i] - both.mean(1)});
      outcome.push_back(rows->outcome[i]);
    }
  }
  const LeastSquaresFit fit = CaseReport::Require(FitLeastSquares(design, 3, outcome));
  report.Got("ancova.diff", fit.coefficients[1]);
  report.Got("ancova.se_hc2", std::sqrt(fit.hc2_variance[1]));
  report.Got("ancova.slope", fit.coefficients[2]);
}

}  // namespace

void CheckCuped(const nlohmann::json& input, CaseReport& report) {
  const double confidence = input.at("confidence");
  const UserRows control = ReadArm(input, "a");
  const UserRows treatment = ReadArm(input, "b");
  const JointMoments control_moments = MomentsOf(control);
  const JointMoments treatment_moments = MomentsOf(treatment);
  const Estimate unadjusted =
      CaseReport::Require(CompareMeans(control_moments.Marginal(0), treatment_moments.Marginal(0), confidence));
  const PooledCuped pooled = CaseReport::Require(AdjustByPooledSlope(control_moments, treatment_moments, confidence));
  const RegressionAdjustment lin = CaseReport::Require(AdjustMeans(control_moments, treatment_moments, confidence));

  report.Got("unadjusted.diff", unadjusted.effect);
  report.Got("unadjusted.se", unadjusted.se);
  ReportPooled(pooled, treatment_moments.mean(0), confidence, report);
  report.Got("se_ratio", pooled.estimate.se / unadjusted.se);
  report.GotIf(!lin.is_dropped.at(0), "corr_pooled", pooled.correlation);
  if (lin.is_dropped.at(0)) {
    report.Got("lin", nullptr);
    report.Got("ancova", nullptr);
    return;
  }
  ReportLin(lin, CaseReport::Require(AdjustUsers(control, treatment, 1, confidence)), report);
  ReportAncova(control, treatment, report);
}

}  // namespace tierwise::oracle
