// SPDX-License-Identifier: Apache-2.0
#include "experiments/stats/ratios.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "experiments/base/problems.h"
#include "experiments/base/status_macros.h"
#include "experiments/stats/skewness.h"

namespace tierwise {
namespace {

constexpr double kInf = std::numeric_limits<double>::infinity();

absl::Status CheckArm(const JointMoments& arm, absl::string_view field) {
  if (arm.size() < 2) return InvalidField(field, "must hold a numerator and a denominator");
  return CheckJointMoments(arm, field);
}

// What the variables weigh in a user's deviation of the linearised ratio.
std::vector<double> LinearWeights(const JointMoments& arm, double ratio) {
  std::vector<double> weights(static_cast<size_t>(arm.size()));
  weights[0] = 1.0 / arm.mean(1);
  weights[1] = -ratio / arm.mean(1);
  return weights;
}

// Third moments of the linearised ratio and the variables after the denominator.
std::vector<double> LinearizedThirds(const JointMoments& arm, double ratio) {
  const int kept = arm.size() - 1;
  std::vector<std::vector<double>> weights;
  for (int i = 0; i < kept; ++i) {
    weights.emplace_back(static_cast<size_t>(arm.size()));
    if (i > 0) weights.back()[static_cast<size_t>(i) + 1] = 1.0;
  }
  weights[0] = LinearWeights(arm, ratio);
  std::vector<double> thirds;
  for (size_t i = 0; i < weights.size(); ++i) {
    for (size_t j = i; j < weights.size(); ++j) {
      for (size_t k = j; k < weights.size(); ++k) thirds.push_back(ThirdOf(arm, weights[i], weights[j], weights[k]));
    }
  }
  return thirds;
}

}  // namespace

Ratio EstimateRatio(const JointMoments& arm) {
  const double ratio = arm.mean(0) / arm.mean(1);
  const double residual =
      arm.Covariance(0, 0) - 2.0 * ratio * arm.Covariance(0, 1) + ratio * ratio * arm.Covariance(1, 1);
  const double unit_variance = std::max(0.0, residual) / arm.mean(1) / arm.mean(1);
  Ratio result = {ratio, unit_variance, std::sqrt(unit_variance / static_cast<double>(arm.n()))};
  if (arm.has_third()) {
    const std::vector<double> weights = LinearWeights(arm, ratio);
    result.unit_third = ThirdOf(arm, weights, weights, weights) / static_cast<double>(arm.n());
  }
  return result;
}

absl::StatusOr<Estimate> CompareRatios(const JointMoments& control, const JointMoments& treatment, double confidence,
                                       Reference reference) {
  TIERWISE_RETURN_IF_ERROR(CheckArm(control, "control"));
  TIERWISE_RETURN_IF_ERROR(CheckArm(treatment, "treatment"));
  TIERWISE_RETURN_IF_ERROR(CheckConfidence(confidence));
  const auto missing = [&](Gap gap) { return MissingEstimate(Method::kRatioDelta, gap, confidence); };
  if (control.n() == 0 || treatment.n() == 0) return missing(Gap::kNoUsers);
  if (control.mean(1) == 0.0 || treatment.mean(1) == 0.0) return missing(Gap::kZeroDenominator);
  const double difference = treatment.mean(0) / treatment.mean(1) - control.mean(0) / control.mean(1);
  if (control.n() < 2 || treatment.n() < 2)
    return MakeEstimate(Method::kRatioDelta, difference, kInf, kInf, confidence);
  const ArmMeans means = MeansOfRatios(control, treatment);
  const double df = reference == Reference::kStudentT ? means.df : kInf;
  return MakeEstimate(Method::kRatioDelta, difference, std::sqrt(means.DifferenceVariance()), df, confidence);
}

ArmMeans MeansOfRatios(const JointMoments& control, const JointMoments& treatment) {
  const Ratio c = EstimateRatio(control);
  const Ratio t = EstimateRatio(treatment);
  const double control_n = static_cast<double>(control.n());
  const double treatment_n = static_cast<double>(treatment.n());
  const double control_variance = c.unit_variance / control_n;
  const double treatment_variance = t.unit_variance / treatment_n;
  ArmMeans means = {.control = c.ratio,
                    .control_variance = control_variance,
                    .treatment = t.ratio,
                    .treatment_variance = treatment_variance,
                    .df = SatterthwaiteDf(control_variance, control_n - 1.0, treatment_variance, treatment_n - 1.0)};
  if (c.unit_third.has_value() && t.unit_third.has_value()) {
    means.thirds =
        ThirdMomentsOfMeans({control_n, c.unit_variance, *c.unit_third}, {treatment_n, t.unit_variance, *t.unit_third});
  }
  return means;
}

JointMoments LinearizeRatio(const JointMoments& arm) {
  const Ratio ratio = EstimateRatio(arm);
  const double scale = 1.0 / arm.mean(1);
  const int others = arm.size() - 2;
  std::vector<double> mean = {ratio.ratio};
  std::vector<double> upper = {ratio.unit_variance * static_cast<double>(arm.n() - 1)};
  for (int i = 2; i < arm.size(); ++i) {
    mean.push_back(arm.mean(i));
    upper.push_back((arm.comoment(0, i) - ratio.ratio * arm.comoment(1, i)) * scale);
  }
  for (int i = 0; i < others; ++i) {
    for (int j = i; j < others; ++j) upper.push_back(arm.comoment(i + 2, j + 2));
  }
  if (!arm.has_third()) return JointMoments::FromParts(arm.n(), std::move(mean), std::move(upper));
  return JointMoments::FromParts(arm.n(), std::move(mean), std::move(upper), LinearizedThirds(arm, ratio.ratio));
}

}  // namespace tierwise
