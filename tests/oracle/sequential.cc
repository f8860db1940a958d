// SPDX-License-Identifier: Apache-2.0
#include "experiments/stats/confidence_sequence.h"
#include "tests/oracle/families.h"

namespace tierwise::oracle {
namespace {

void ReportMixtureSprt(const std::string& field, const MixtureSprtInput& input, CaseReport& report) {
  const AlwaysValid result = CaseReport::Require(MixtureSprt(input));
  report.Got(field + ".tau2", input.tau2);
  report.Got(field + ".ln_lambda", result.ln_e_value);
  report.Got(field + ".p", result.p_value);
  report.Got(field + ".ci", result.interval);
}

}  // namespace

void CheckSequential(const nlohmann::json& input, CaseReport& report) {
  const double estimate = input.at("estimate");
  const double std_error = input.at("std_error");
  const double alpha = input.at("alpha");
  const double n_star = input.at("n_star");
  const AlwaysValid result = CaseReport::Require(AsymptoticConfidenceSequence(
      {.estimate = estimate, .std_error = std_error, .n = input.at("n_total"), .alpha = alpha, .n_star = n_star}));
  report.Got("rho2", MixtureVariance(alpha, n_star));
  report.Got("multiplier", result.multiplier);
  report.Got("ci", result.interval);
  report.Got("ln_e_value", result.ln_e_value);
  report.Got("p_always_valid", result.p_value);
  const double variance = std_error * std_error;
  ReportMixtureSprt("tau_equal_se", {.estimate = estimate, .std_error = std_error, .tau2 = variance, .alpha = alpha},
                    report);
  ReportMixtureSprt("tau_10_se",
                    {.estimate = estimate, .std_error = std_error, .tau2 = 100.0 * variance, .alpha = alpha}, report);
}

}  // namespace tierwise::oracle
