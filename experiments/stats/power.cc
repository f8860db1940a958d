// SPDX-License-Identifier: Apache-2.0
#include "experiments/stats/power.h"

#include <algorithm>
#include <cmath>

#include "absl/functional/function_ref.h"
#include "absl/strings/str_cat.h"
#include "experiments/base/problems.h"
#include "experiments/base/status_macros.h"
#include "experiments/stats/argument_checks.h"
#include "experiments/stats/confidence_sequence.h"
#include "experiments/stats/distributions.h"
#include "experiments/stats/quadrature.h"
#include "experiments/stats/root_finding.h"

namespace tierwise {
namespace {

double Square(double x) { return x * x; }

void CheckTarget(const PowerTarget& target, Problems& problems) {
  CheckOpenUnit("alpha", target.alpha, problems);
  CheckOpenUnit("power", target.power, problems);
  CheckPositive("treatment_per_control", target.treatment_per_control, problems);
  CheckAtLeast("comparisons", target.comparisons, 1.0, problems);
  CheckAtLeast("inflation", target.inflation, 1.0, problems);
  if (!(std::abs(target.correlation) < 1.0)) {
    problems.Add("correlation", absl::StrCat("is ", target.correlation, "; must be above -1 and below 1"));
  }
  if (target.power <= target.alpha) {
    problems.Add("power", absl::StrCat("is ", target.power, "; must be above alpha"));
  }
}

void CheckVariances(absl::string_view field, const ArmVariances& variances, Problems& problems) {
  CheckNonNegative(absl::StrCat(field, ".control"), variances.control, problems);
  CheckNonNegative(absl::StrCat(field, ".treatment"), variances.treatment, problems);
  if (variances.control == 0.0 && variances.treatment == 0.0) {
    problems.Add(field, "are both 0; an outcome that does not vary needs no test");
  }
}

void CheckEffect(absl::string_view field, double effect, Problems& problems) {
  CheckFinite(field, effect, problems);
  if (effect == 0.0) problems.Add(field, "is 0; must be the size of effect to detect");
}

double CriticalZ(const PowerTarget& target) { return -NormalQuantile(0.5 * target.TestAlpha()); }
double PowerZ(const PowerTarget& target) { return NormalQuantile(target.power); }

// What every size is multiplied by.
double SizeFactor(const PowerTarget& target) { return (1.0 - Square(target.correlation)) * target.inflation; }

absl::Status CheckRates(double control_rate, double treatment_rate, const PowerTarget& target) {
  Problems problems;
  CheckTarget(target, problems);
  CheckOpenUnit("control_rate", control_rate, problems);
  CheckOpenUnit("treatment_rate", treatment_rate, problems);
  if (control_rate == treatment_rate)
    problems.Add("treatment_rate", "equals the control's; must be the rate to detect");
  return problems.ToStatus();
}

// P(|t| > critical) of a noncentral t: the normal's probability averaged over the estimate s = sqrt(chi2 / df) of the
// standard deviation, whose density is proportional to s^(df - 1) exp(-df s^2 / 2).
double NoncentralTPower(double shift, double critical, double df) {
  constexpr double kNormalDf = 1e8;  // the variance is as good as known
  if (df > kNormalDf) return NormalSf(critical - shift) + NormalSf(critical + shift);
  const double sd = std::sqrt(0.5 / df);
  constexpr double kReach = 9.0;
  const double lower = std::max(1e-12, 1.0 - kReach * sd);
  const double upper = 1.0 + kReach * sd + 4.0 / df;
  double total = 0.0, rejected = 0.0;
  for (const QuadratureNode& node : CompositeGaussNodes(lower, upper, 6)) {
    const double s = node.x;
    const double density = std::exp((df - 1.0) * std::log(s) - 0.5 * df * (s * s - 1.0));
    total += node.weight * density;
    rejected += node.weight * density * (NormalSf(critical * s - shift) + NormalSf(critical * s + shift));
  }
  return rejected / total;
}

// The size from `start` upwards at which the increasing `power` reaches `target`.
double SolveSize(absl::FunctionRef<double(double)> power, double target, double start) {
  const auto excess = [&](double n) { return power(n) - target; };
  if (excess(start) >= 0.0) return start;
  double upper = 2.0 * start;
  while (excess(upper) < 0.0 && std::isfinite(upper)) upper *= 2.0;
  return FindRoot(excess, start, upper, 1e-10 * upper);
}

}  // namespace

ArmVariances RateVariances(double control_rate, double treatment_rate) {
  return {control_rate * (1.0 - control_rate), treatment_rate * (1.0 - treatment_rate)};
}

absl::StatusOr<double> ControlUsersNeeded(const ArmVariances& variances, double effect, const PowerTarget& target) {
  Problems problems;
  CheckTarget(target, problems);
  CheckVariances("variances", variances, problems);
  CheckEffect("effect", effect, problems);
  TIERWISE_RETURN_IF_ERROR(problems.ToStatus());
  const double variance = variances.control + variances.treatment / target.treatment_per_control;
  return Square(CriticalZ(target) + PowerZ(target)) * variance * SizeFactor(target) / Square(effect);
}

absl::StatusOr<double> ControlUsersNeededT(double variance, double effect, const PowerTarget& target) {
  TIERWISE_ASSIGN_OR_RETURN(const double normal, ControlUsersNeeded({variance, variance}, effect, target));
  const double ratio = target.treatment_per_control;
  const double residual_variance = variance * (1.0 - Square(target.correlation));
  const double effect_per_sd = std::abs(effect) / std::sqrt(residual_variance);
  const auto power = [&](double control_users) {
    const double df = control_users * (1.0 + ratio) - 2.0;
    const double shift = effect_per_sd * std::sqrt(control_users * ratio / (1.0 + ratio));
    return NoncentralTPower(shift, -StudentTQuantile(0.5 * target.TestAlpha(), df), df);
  };
  const double least = 3.0 / std::min(1.0 + ratio, 2.0);  // df at least 1
  return target.inflation * SolveSize(power, target.power, std::max(least, 0.9 * normal / target.inflation));
}

absl::StatusOr<double> ControlUsersNeededPooled(double control_rate, double treatment_rate, const PowerTarget& target) {
  TIERWISE_RETURN_IF_ERROR(CheckRates(control_rate, treatment_rate, target));
  const double ratio = target.treatment_per_control;
  const double pooled = (control_rate + ratio * treatment_rate) / (1.0 + ratio);
  const ArmVariances variances = RateVariances(control_rate, treatment_rate);
  const double root = CriticalZ(target) * std::sqrt(pooled * (1.0 - pooled) * (1.0 + 1.0 / ratio)) +
                      PowerZ(target) * std::sqrt(variances.control + variances.treatment / ratio);
  return Square(root / (treatment_rate - control_rate)) * SizeFactor(target);
}

absl::StatusOr<double> ControlUsersNeededArcsine(double control_rate, double treatment_rate,
                                                 const PowerTarget& target) {
  TIERWISE_RETURN_IF_ERROR(CheckRates(control_rate, treatment_rate, target));
  const double h = 2.0 * (std::asin(std::sqrt(treatment_rate)) - std::asin(std::sqrt(control_rate)));
  const auto excess = [&](double shift) { return ZTestPower(shift, 1.0, target.TestAlpha()) - target.power; };
  const double shift = FindRoot(excess, 0.0, CriticalZ(target) + PowerZ(target) + 1.0, 1e-13);
  return Square(shift / h) * (1.0 + 1.0 / target.treatment_per_control) * SizeFactor(target);
}

double ZTestPower(double effect, double se, double alpha) {
  const double critical = -NormalQuantile(0.5 * alpha);
  const double shift = effect / se;
  return NormalSf(critical - shift) + NormalSf(critical + shift);
}

double EffectSe(const ArmVariances& variances, double control_users, double treatment_users, double correlation) {
  return std::sqrt((variances.control / control_users + variances.treatment / treatment_users) *
                   (1.0 - Square(correlation)));
}

absl::StatusOr<double> DetectableEffect(const ArmVariances& variances, double control_users, double treatment_users,
                                        const PowerTarget& target) {
  Problems problems;
  CheckTarget(target, problems);
  CheckVariances("variances", variances, problems);
  CheckPositive("control_users", control_users, problems);
  CheckPositive("treatment_users", treatment_users, problems);
  TIERWISE_RETURN_IF_ERROR(problems.ToStatus());
  return (CriticalZ(target) + PowerZ(target)) * std::sqrt(target.inflation) *
         EffectSe(variances, control_users, treatment_users, target.correlation);
}

absl::StatusOr<DetectableRates> DetectableRateChange(double control_rate, double control_users, double treatment_users,
                                                     const PowerTarget& target) {
  Problems problems;
  CheckTarget(target, problems);
  CheckOpenUnit("control_rate", control_rate, problems);
  CheckPositive("control_users", control_users, problems);
  CheckPositive("treatment_users", treatment_users, problems);
  TIERWISE_RETURN_IF_ERROR(problems.ToStatus());
  const auto excess = [&](double change) {
    const ArmVariances variances = RateVariances(control_rate, std::clamp(control_rate + change, 0.0, 1.0));
    const double se = EffectSe(variances, control_users, treatment_users, target.correlation);
    return ZTestPower(change, se * std::sqrt(target.inflation), target.TestAlpha()) - target.power;
  };
  const auto least = [&](double bound) -> std::optional<double> {
    if (!(excess(bound) >= 0.0)) return std::nullopt;
    return FindRoot(excess, 0.0, bound, 1e-14);
  };
  return DetectableRates{least(1.0 - control_rate), least(-control_rate)};
}

absl::StatusOr<ConfidenceSequenceSize> ControlUsersForConfidenceSequence(const ArmVariances& variances, double effect,
                                                                         double n_star, const PowerTarget& target) {
  TIERWISE_ASSIGN_OR_RETURN(const double fixed, ControlUsersNeeded(variances, effect, target));
  Problems problems;
  CheckPositive("n_star", n_star, problems);
  TIERWISE_RETURN_IF_ERROR(problems.ToStatus());
  const double ratio = target.treatment_per_control;
  const double rho2 = MixtureVariance(target.TestAlpha(), n_star);
  const auto multiplier = [&](double control_users) {
    return ConfidenceSequenceMultiplier(control_users * (1.0 + ratio), rho2, target.TestAlpha());
  };
  const auto power = [&](double control_users) {
    const double se = EffectSe(variances, control_users, control_users * ratio, target.correlation);
    return NormalSf(multiplier(control_users) - std::abs(effect) / se);
  };
  // The multiplier is never below the fixed test's, so the fixed size is a lower bound.
  const double control_users = SolveSize(power, target.power, fixed / target.inflation);
  return ConfidenceSequenceSize{control_users, multiplier(control_users)};
}

absl::StatusOr<double> ControlUsersForInteraction(const ArmVariances& tier_a, const ArmVariances& tier_b,
                                                  double difference, const PowerTarget& target) {
  Problems problems;
  CheckVariances("tier_a", tier_a, problems);
  CheckVariances("tier_b", tier_b, problems);
  CheckEffect("difference", difference, problems);
  TIERWISE_RETURN_IF_ERROR(problems.ToStatus());
  return ControlUsersNeeded({tier_a.control + tier_b.control, tier_a.treatment + tier_b.treatment}, difference, target);
}

absl::StatusOr<double> HeterogeneityPower(absl::Span<const double> effects, absl::Span<const double> ses,
                                          double alpha) {
  Problems problems;
  CheckOpenUnit("alpha", alpha, problems);
  if (effects.size() < 2)
    problems.Add("effects", absl::StrCat("has ", effects.size(), " tiers; must have at least two"));
  if (effects.size() != ses.size()) problems.Add("ses", "must have one entry for each effect");
  for (size_t i = 0; i < effects.size(); ++i) CheckFinite(absl::StrCat("effects[", i, "]"), effects[i], problems);
  for (size_t i = 0; i < ses.size(); ++i) CheckPositive(absl::StrCat("ses[", i, "]"), ses[i], problems);
  TIERWISE_RETURN_IF_ERROR(problems.ToStatus());
  double weight_sum = 0.0, weighted = 0.0;
  for (size_t i = 0; i < effects.size(); ++i) {
    weight_sum += 1.0 / Square(ses[i]);
    weighted += effects[i] / Square(ses[i]);
  }
  double noncentrality = 0.0;
  for (size_t i = 0; i < effects.size(); ++i) noncentrality += Square((effects[i] - weighted / weight_sum) / ses[i]);
  const double df = static_cast<double>(effects.size()) - 1.0;
  const double critical = ChiSquaredQuantile(1.0 - alpha, df);
  constexpr double kCertain = 4000.0;  // power 1 to all digits for any number of tiers that a campaign has
  if (!(noncentrality < kCertain + 4.0 * critical)) return 1.0;
  // A Poisson(noncentrality / 2) mixture of central chi-squared distributions, summed where the Poisson has its mass.
  const double mean = 0.5 * noncentrality;
  const double reach = 9.0 * std::sqrt(mean) + 30.0;
  double power = 0.0;
  for (double j = std::max(0.0, std::floor(mean - reach)); j <= mean + reach; j += 1.0) {
    const double ln_weight = mean > 0.0 ? j * std::log(mean) - mean - LogGamma(j + 1.0) : (j == 0.0 ? 0.0 : -1e300);
    power += std::exp(ln_weight) * ChiSquaredSf(critical, df + 2.0 * j);
  }
  return std::min(1.0, power);
}

std::optional<double> DaysUntil(double users, double users_per_day, double window_days) {
  if (!(users_per_day > 0.0)) return std::nullopt;
  return std::ceil(users / users_per_day) + window_days;
}

}  // namespace tierwise
