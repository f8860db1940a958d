// SPDX-License-Identifier: Apache-2.0
#include "experiments/stats/power.h"

#include <cmath>
#include <stdexcept>
#include <string>

#include "tests/oracle/families.h"

namespace tierwise::oracle {
namespace {

PowerTarget TargetOf(const nlohmann::json& input) {
  PowerTarget target;
  target.alpha = input.at("alpha");
  target.power = input.value("power", target.power);
  target.comparisons = input.value("bonferroni_comparisons", 1);
  target.treatment_per_control = input.value("ratio_treat_over_control", 1.0);
  target.correlation = input.value("cuped_correlation", 0.0);
  return target;
}

void CheckRateSize(const nlohmann::json& input, CaseReport& report) {
  const PowerTarget target = TargetOf(input);
  const double control = input.at("baseline");
  const double treatment = control * (1.0 + input.at("rel_mde").get<double>());
  const ArmVariances variances = RateVariances(control, treatment);
  const double users = CaseReport::Require(ControlUsersNeeded(variances, treatment - control, target));
  report.Got("n_control_unpooled", users);
  report.Got("n_control_pooled_null", CaseReport::Require(ControlUsersNeededPooled(control, treatment, target)));
  report.Got("n_control_arcsine", CaseReport::Require(ControlUsersNeededArcsine(control, treatment, target)));
  report.Got("n_control_ceil", std::ceil(users));
  const double se =
      EffectSe(variances, std::ceil(users), std::ceil(users) * target.treatment_per_control, target.correlation);
  report.Got("power_at_ceil", ZTestPower(treatment - control, se, target.TestAlpha()));
  report.Got("effective_alpha", target.TestAlpha());
}

void CheckMeanSize(const nlohmann::json& input, CaseReport& report) {
  const PowerTarget target = TargetOf(input);
  const double sd = input.at("sd");
  const double effect = input.at("mean").get<double>() * input.at("rel_mde").get<double>();
  const double users = CaseReport::Require(ControlUsersNeeded({sd * sd, sd * sd}, effect, target));
  report.Got("n_control_normal", users);
  report.Got("n_control_ceil", std::ceil(users));
  report.Got("n_control_t", CaseReport::Require(ControlUsersNeededT(sd * sd, effect, target)));
}

void CheckDetectable(const nlohmann::json& input, CaseReport& report) {
  const PowerTarget target = TargetOf(input);
  const double control = input.at("baseline");
  const double n_control = input.at("n_control");
  const double n_treatment = input.at("n_treatment");
  const DetectableRates change = CaseReport::Require(DetectableRateChange(control, n_control, n_treatment, target));
  report.Got("mde_abs_up", change.increase.value());
  report.Got("mde_rel_up", change.increase.value() / control);
  report.Got("mde_abs_down", change.decrease.value());
  report.Got("mde_abs_simple",
             CaseReport::Require(DetectableEffect(RateVariances(control, control), n_control, n_treatment, target)));
}

void CheckRatePower(const nlohmann::json& input, CaseReport& report) {
  const double p1 = input.at("p1");
  const double p2 = input.at("p2");
  const double se = EffectSe(RateVariances(p1, p2), input.at("n_control"), input.at("n_treatment"), 0.0);
  report.Got("power_unpooled", ZTestPower(p2 - p1, se, input.at("alpha")));
}

void CheckConfidenceSequenceSize(const nlohmann::json& input, CaseReport& report) {
  const double control = input.at("baseline");
  const double treatment = control * (1.0 + input.at("rel_mde").get<double>());
  const ConfidenceSequenceSize size = CaseReport::Require(ControlUsersForConfidenceSequence(
      RateVariances(control, treatment), treatment - control, input.at("tuning_n_star"), TargetOf(input)));
  report.Got("n_total", 2.0 * size.control_users);
  report.Got("multiplier_at_n", size.multiplier);
}

}  // namespace

void CheckPower(const nlohmann::json& input, CaseReport& report) {
  const std::string kind = input.at("kind");
  if (kind == "proportion_sample_size") {
    CheckRateSize(input, report);
  } else if (kind == "mean_sample_size") {
    CheckMeanSize(input, report);
  } else if (kind == "proportion_mde") {
    CheckDetectable(input, report);
  } else if (kind == "proportion_power") {
    CheckRatePower(input, report);
  } else if (kind == "asycs_sample_size") {
    CheckConfidenceSequenceSize(input, report);
  } else {
    throw std::runtime_error("unknown kind " + kind);
  }
}

}  // namespace tierwise::oracle
