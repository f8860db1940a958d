// SPDX-License-Identifier: Apache-2.0
#include <string>
#include <vector>

#include "experiments/stats/quantiles.h"
#include "experiments/stats/relative_lift.h"
#include "tests/oracle/families.h"

namespace tierwise::oracle {
namespace {

constexpr double kConfidence = 0.95;

QuantileEstimate ReadArm(const nlohmann::json& input, const std::string& arm) {
  const std::vector<double> values = input.at("values_" + arm);
  const std::vector<int64_t> users = input.at("cluster_" + arm);
  return CaseReport::Require(EstimateQuantile(values, users, input.at("quantile"), kConfidence));
}

void ReportArm(const std::string& field, const QuantileEstimate& arm, CaseReport& report) {
  report.Got(field + ".n", arm.values);
  report.Got(field + ".q_type7", arm.value);
  report.Got(field + ".q_inverse_ecdf", arm.inverse_ecdf);
  report.GotIf(arm.lower_rank > 0, field + ".exact_order_ci.lower_rank", arm.lower_rank);
  report.GotIf(arm.lower_rank > 0, field + ".exact_order_ci.lower", arm.order_interval.lower);
  report.GotIf(arm.upper_rank <= arm.values, field + ".exact_order_ci.upper_rank", arm.upper_rank);
  report.GotIf(arm.upper_rank <= arm.values, field + ".exact_order_ci.upper", arm.order_interval.upper);
  report.Got(field + ".exact_order_ci.coverage", arm.order_coverage);
  report.GotIf(arm.gap != Gap::kTooFewUsers, field + ".woodruff",
               nlohmann::json{{"p_lower", arm.lower_share},
                              {"p_upper", arm.upper_share},
                              {"q_lower", arm.lower_value},
                              {"q_upper", arm.upper_value},
                              {"se_iid", arm.se_independent}});
  report.Got(field + ".clustered.clusters", arm.users);
  report.Got(field + ".clustered.var_indicator_cluster", arm.share_variance);
  report.Got(field + ".clustered.var_indicator_iid", arm.independent_share_variance);
  report.Got(field + ".clustered.design_effect", arm.design_effect);
  report.Got(field + ".clustered.se_cluster", arm.se);
}

}  // namespace

void CheckQuantile(const nlohmann::json& input, CaseReport& report) {
  const QuantileEstimate control = ReadArm(input, "a");
  const QuantileEstimate treatment = ReadArm(input, "b");
  ReportArm("arm_a", control, report);
  ReportArm("arm_b", treatment, report);
  const Estimate estimate = CompareQuantiles(control, treatment, kConfidence);
  const bool is_tested = estimate.gap == Gap::kNone;
  report.Got("diff", estimate.effect);
  report.GotIf(is_tested, "se", estimate.se);
  report.GotIf(is_tested, "z", estimate.test.statistic);
  report.GotIf(is_tested, "p", estimate.test.p);
  const ArmMeans means = is_tested ? MeansOf(control, treatment) : ArmMeans{.control = 1.0};
  report.GotIf(is_tested, "rel_lift", CaseReport::Require(FiellerLift(means, kConfidence)).lift);
  report.GotIf(is_tested, "rel_se", DeltaLiftSe(means));
}

}  // namespace tierwise::oracle
