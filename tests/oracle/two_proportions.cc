// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <string>

#include "experiments/stats/exact_tests.h"
#include "experiments/stats/proportions.h"
#include "experiments/stats/relative_lift.h"
#include "tests/oracle/families.h"
#include "tests/oracle/score_interval.h"

namespace tierwise::oracle {
namespace {

void ReportTest(const std::string& kind, const ProportionTest& test, CaseReport& report) {
  const bool is_defined = test.gap == Gap::kNone;
  report.Got("se_" + kind, test.se);
  report.GotIf(is_defined, "z_" + kind, test.test.statistic);
  report.GotIf(is_defined, "p_" + kind, test.test.p);
  report.GotIf(is_defined, "ln_p_" + kind, test.test.log_p);
}

void ReportLift(const ArmMeans& means, double confidence, CaseReport& report) {
  const RelativeLift delta = CaseReport::Require(DeltaLift(means, confidence));
  const bool has_lift = delta.gap != Gap::kZeroControl;
  report.GotIf(has_lift, "rel_lift", delta.lift);
  report.GotIf(has_lift, "rel_lift_delta_se", has_lift ? DeltaLiftSe(means) : 0.0);
  report.GotIf(has_lift, "rel_lift_delta_ci_z", delta.interval);
  const RelativeLift katz = CaseReport::Require(KatzLift(means, confidence));
  report.GotIf(katz.interval.IsBounded(), "log_ratio_se", katz.interval.IsBounded() ? LogRatioSe(means) : 0.0);
  report.Got("log_ratio_ci_lift", katz.interval);
  report.Got("fieller_ci_lift", CaseReport::Require(FiellerLift(means, confidence)).interval);
}

}  // namespace

void CheckTwoProportions(const nlohmann::json& input, CaseReport& report) {
  const Proportion control = {input.at("conversions_a"), input.at("n_a")};
  const Proportion treatment = {input.at("conversions_b"), input.at("n_b")};
  const double confidence = input.at("confidence");
  const Estimate estimate = CaseReport::Require(CompareProportions(control, treatment, confidence));

  report.Got("rate_a", control.Rate());
  report.Got("rate_b", treatment.Rate());
  report.Got("diff", estimate.effect);
  ReportTest("pooled", ScoreTest(control, treatment), report);
  const ProportionTest wald = WaldTest(control, treatment);
  ReportTest("unpooled", wald, report);
  const double half_width = CriticalValue(confidence, wald.test.df) * wald.se;
  report.GotIf(wald.gap == Gap::kNone, "wald_ci", Interval{estimate.effect - half_width, estimate.effect + half_width});
  report.Got("wilson_a", WilsonInterval(control, confidence));
  report.Got("wilson_b", WilsonInterval(treatment, confidence));
  report.GotByDefinition("score_mn_diff_ci", MiettinenNurminenInterval(control, treatment, confidence),
                         ScoreIntervalByDefinition(control, treatment, confidence),
                         "statsmodels 0.13.5 restricts the rates by a cubic with the control's conversions in place of "
                         "its users: its ends are "
                         "not where the score statistic is critical, and change when the arms swap");
  report.Got("newcombe_ci", estimate.interval);
  report.Got("clopper_pearson_a", ClopperPearsonInterval(control, confidence));
  report.Got("clopper_pearson_b", ClopperPearsonInterval(treatment, confidence));
  ReportLift(MeansOf(control, treatment), confidence, report);
  const std::optional<double> fisher = FisherExactP(control, treatment);
  report.GotUnlessUncomputed("fisher_p", fisher.has_value() ? nlohmann::json(*fisher) : nlohmann::json());
  constexpr int64_t kMostUsersForBoschloo = 120;
  const bool has_boschloo = control.users + treatment.users <= kMostUsersForBoschloo;
  report.GotIf(has_boschloo, "boschloo_p", has_boschloo ? BoschlooP(control, treatment) : 0.0);
}

}  // namespace tierwise::oracle
