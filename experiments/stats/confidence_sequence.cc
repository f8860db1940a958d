// SPDX-License-Identifier: Apache-2.0
#include "experiments/stats/confidence_sequence.h"

#include <algorithm>
#include <cmath>

#include "experiments/base/problems.h"
#include "experiments/base/status_macros.h"
#include "experiments/stats/argument_checks.h"

namespace tierwise {
namespace {

void CheckStart(const std::optional<ValidityStart>& start, Problems& problems) {
  if (!start.has_value()) return;
  CheckNonNegative("start.needed_per_arm", start->needed_per_arm, problems);
  CheckNonNegative("start.control_events", start->control_events, problems);
  CheckNonNegative("start.treatment_events", start->treatment_events, problems);
}

AlwaysValid NotBegun(const std::optional<ValidityStart>& start) {
  AlwaysValid result;
  result.start = start;
  return result;
}

AlwaysValid Begun(double estimate, double std_error, double multiplier, double ln_e_value,
                  const std::optional<ValidityStart>& start) {
  AlwaysValid result;
  result.multiplier = multiplier;
  result.interval = {estimate - multiplier * std_error, estimate + multiplier * std_error};
  result.ln_e_value = ln_e_value;
  result.p_value = std::min(1.0, std::exp(-ln_e_value));
  result.start = start;
  return result;
}

}  // namespace

double MixtureVariance(double alpha, double n_star) {
  const double minus_two_ln_alpha = -2.0 * std::log(alpha);
  return (minus_two_ln_alpha + std::log1p(minus_two_ln_alpha)) / n_star;
}

double ConfidenceSequenceMultiplier(double n, double rho2, double alpha) {
  const double information = n * rho2;
  return std::sqrt(2.0 * (information + 1.0) / information * (0.5 * std::log1p(information) - std::log(alpha)));
}

absl::StatusOr<AlwaysValid> AsymptoticConfidenceSequence(const ConfidenceSequenceInput& input) {
  Problems problems;
  CheckFinite("estimate", input.estimate, problems);
  CheckNonNegative("std_error", input.std_error, problems);
  CheckNonNegative("n", input.n, problems);
  CheckOpenUnit("alpha", input.alpha, problems);
  CheckPositive("n_star", input.n_star, problems);
  CheckStart(input.start, problems);
  TIERWISE_RETURN_IF_ERROR(problems.ToStatus());
  if (input.std_error == 0.0 || input.n == 0.0) return NotBegun(input.start);
  if (input.start.has_value() && !input.start->IsReached()) return NotBegun(input.start);
  const double rho2 = MixtureVariance(input.alpha, input.n_star);
  const double information = input.n * rho2;
  const double z = input.estimate / input.std_error;
  const double ln_e_value = 0.5 * z * z * information / (information + 1.0) - 0.5 * std::log1p(information);
  return Begun(input.estimate, input.std_error, ConfidenceSequenceMultiplier(input.n, rho2, input.alpha), ln_e_value,
               input.start);
}

absl::StatusOr<AlwaysValid> MixtureSprt(const MixtureSprtInput& input) {
  Problems problems;
  CheckFinite("estimate", input.estimate, problems);
  CheckNonNegative("std_error", input.std_error, problems);
  CheckPositive("tau2", input.tau2, problems);
  CheckOpenUnit("alpha", input.alpha, problems);
  CheckStart(input.start, problems);
  TIERWISE_RETURN_IF_ERROR(problems.ToStatus());
  if (input.std_error == 0.0) return NotBegun(input.start);
  if (input.start.has_value() && !input.start->IsReached()) return NotBegun(input.start);
  const double z = input.estimate / input.std_error;
  const double ratio = input.tau2 / (input.std_error * input.std_error);
  const double ln_lambda = 0.5 * z * z * ratio / (1.0 + ratio) - 0.5 * std::log1p(ratio);
  const double multiplier = std::sqrt((1.0 + ratio) / ratio * (std::log1p(ratio) - 2.0 * std::log(input.alpha)));
  return Begun(input.estimate, input.std_error, multiplier, ln_lambda, input.start);
}

void AlwaysValidHistory::Add(const AlwaysValid& look) {
  ++looks;
  p_value = std::min(p_value, look.p_value);
  max_ln_e_value = std::max(max_ln_e_value, look.ln_e_value);
  const double lower = std::max(interval.lower, look.interval.lower);
  const double upper = std::min(interval.upper, look.interval.upper);
  is_empty = is_empty || lower > upper;
  interval = is_empty ? look.interval : Interval{lower, upper};
}

}  // namespace tierwise
