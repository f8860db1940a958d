// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <string>
#include <vector>

#include "experiments/stats/means.h"
#include "experiments/stats/relative_lift.h"
#include "tests/oracle/families.h"

namespace tierwise::oracle {
namespace {

Moments ReadArm(const nlohmann::json& input, const std::string& arm) {
  if (input.at("form") == "summary") {
    const int64_t n = input.at("n_" + arm);
    return {n, input.at("mean_" + arm), input.at("var_" + arm).get<double>() * static_cast<double>(n - 1)};
  }
  Moments moments;
  for (const double value : input.at("values_" + arm)) moments.Add(value);
  return moments;
}

}  // namespace

void CheckWelchMeans(const nlohmann::json& input, CaseReport& report) {
  const Moments control = ReadArm(input, "a");
  const Moments treatment = ReadArm(input, "b");
  const double confidence = input.at("confidence");
  const Estimate estimate = CaseReport::Require(CompareMeans(control, treatment, confidence));
  const bool is_tested = estimate.gap == Gap::kNone;

  report.Got("mean_a", control.mean);
  report.Got("mean_b", treatment.mean);
  report.Got("var_a", control.Variance());
  report.Got("var_b", treatment.Variance());
  report.Got("diff", estimate.effect);
  report.Got("se", estimate.se);
  report.GotIf(is_tested, "t", estimate.test.statistic);
  report.GotIf(is_tested, "df", estimate.test.df);
  report.GotIf(is_tested, "p", estimate.test.p);
  report.GotIf(is_tested, "ln_p", estimate.test.log_p);
  report.GotIf(is_tested, "t_crit", CriticalValue(confidence, estimate.test.df));
  report.Got("ci", estimate.interval);

  const ArmMeans means = MeansOf(control, treatment);
  const RelativeLift delta = CaseReport::Require(DeltaLift(means, confidence));
  const bool has_lift = delta.gap != Gap::kZeroControl;
  report.GotIf(has_lift, "rel_lift", delta.lift);
  report.GotIf(has_lift, "rel_se", has_lift ? DeltaLiftSe(means) : 0.0);
  report.Got("rel_ci_delta_t", delta.interval);
  report.Got("fieller_ci_lift_t", CaseReport::Require(FiellerLift(means, confidence)).interval);
}

}  // namespace tierwise::oracle
