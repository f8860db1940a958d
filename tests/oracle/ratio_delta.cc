// SPDX-License-Identifier: Apache-2.0
#include <string>
#include <vector>

#include "experiments/stats/ratios.h"
#include "experiments/stats/relative_lift.h"
#include "tests/oracle/families.h"

namespace tierwise::oracle {
namespace {

JointMoments ReadArm(const nlohmann::json& input, const std::string& arm) {
  const std::vector<double> numerators = input.at("numerator_" + arm);
  const std::vector<double> denominators = input.at("denominator_" + arm);
  JointMoments moments(2);
  for (size_t i = 0; i < numerators.size(); ++i) moments.Add({numerators[i], denominators[i]});
  return moments;
}

void ReportArm(const std::string& field, const JointMoments& arm, CaseReport& report) {
  const Ratio ratio = EstimateRatio(arm);
  report.Got(field + ".n", arm.n());
  report.Got(field + ".ratio", ratio.ratio);
  report.Got(field + ".unit_variance", ratio.unit_variance);
  report.Got(field + ".se", ratio.se);
}

}  // namespace

void CheckRatioDelta(const nlohmann::json& input, CaseReport& report) {
  const JointMoments control = ReadArm(input, "a");
  const JointMoments treatment = ReadArm(input, "b");
  const double confidence = input.at("confidence");
  ReportArm("arm_a", control, report);
  ReportArm("arm_b", treatment, report);
  const Estimate normal = CaseReport::Require(CompareRatios(control, treatment, confidence, Reference::kNormal));
  report.Got("diff", normal.effect);
  report.Got("se", normal.se);
  report.Got("z", normal.test.statistic);
  report.Got("p_normal", normal.test.p);
  report.Got("ci_normal", normal.interval);
  const Estimate student = CaseReport::Require(CompareRatios(control, treatment, confidence));
  report.Got("df_welch", student.test.df);
  report.Got("p_t", student.test.p);
  const ArmMeans means = MeansOfRatios(control, treatment);
  report.Got("rel_lift", CaseReport::Require(FiellerLift(means, confidence)).lift);
  report.Got("rel_se", DeltaLiftSe(means));
}

}  // namespace tierwise::oracle
