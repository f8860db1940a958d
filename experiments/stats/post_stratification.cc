// SPDX-License-Identifier: Apache-2.0
#include "experiments/stats/post_stratification.h"

#include <cmath>

#include "absl/strings/str_cat.h"
#include "experiments/base/problems.h"
#include "experiments/base/status_macros.h"

namespace tierwise {
namespace {

absl::Status CheckStrata(absl::Span<const Stratum> strata) {
  Problems problems;
  for (size_t k = 0; k < strata.size(); ++k) {
    const std::string field = absl::StrCat("strata[", k, "]");
    if (strata[k].users < 0) problems.Add(field + ".users", "must not be negative");
    if (!strata[k].means.has_value()) continue;
    for (const Problem& problem : ProblemsOf(CheckArmMeans(*strata[k].means))) {
      problems.Add(absl::StrCat(field, ".means.", problem.field), problem.description);
    }
  }
  return problems.ToStatus();
}

// Weighted sums over the included strata; tier shares as given.
ArmMeans Combine(absl::Span<const Stratum> strata, absl::Span<const double> weights) {
  ArmMeans total;
  ThirdMoments thirds;
  bool has_thirds = true;
  double variance = 0.0;
  for (size_t k = 0; k < strata.size(); ++k) {
    if (weights[k] == 0.0) continue;
    const ArmMeans& tier = *strata[k].means;
    const double squared = weights[k] * weights[k];
    total.control += weights[k] * tier.control;
    total.treatment += weights[k] * tier.treatment;
    total.control_variance += squared * tier.control_variance;
    total.treatment_variance += squared * tier.treatment_variance;
    total.covariance += squared * tier.covariance;
    has_thirds = has_thirds && tier.thirds.has_value();
    if (has_thirds) {
      thirds.control += weights[k] * squared * tier.thirds->control;
      thirds.treatment += weights[k] * squared * tier.thirds->treatment;
    }
    const double part = squared * tier.DifferenceVariance();
    total.df = SatterthwaiteDf(variance, total.df, part, tier.df);
    variance += part;
  }
  if (has_thirds) total.thirds = thirds;
  return total;
}

// Adds what random tier shares do to the means: their variance between tiers over the number of users.
ArmMeans WithRandomShares(ArmMeans total, absl::Span<const Stratum> strata, absl::Span<const double> weights,
                          int64_t users) {
  const ArmMeans centre = total;
  for (size_t k = 0; k < strata.size(); ++k) {
    if (weights[k] == 0.0) continue;
    const double control = strata[k].means->control - centre.control;
    const double treatment = strata[k].means->treatment - centre.treatment;
    const double scale = weights[k] / static_cast<double>(users);
    total.control_variance += scale * control * control;
    total.treatment_variance += scale * treatment * treatment;
    total.covariance += scale * control * treatment;
  }
  return total;
}

Estimate EstimateOf(const ArmMeans& means, double confidence) {
  return MakeEstimate(Method::kPostStratified, means.treatment - means.control, std::sqrt(means.DifferenceVariance()),
                      means.df, confidence);
}

}  // namespace

absl::StatusOr<PostStratifiedEffect> PostStratify(absl::Span<const Stratum> strata, double confidence) {
  TIERWISE_RETURN_IF_ERROR(CheckStrata(strata));
  TIERWISE_RETURN_IF_ERROR(CheckConfidence(confidence));
  PostStratifiedEffect result;
  double all_users = 0.0;
  for (size_t k = 0; k < strata.size(); ++k) {
    all_users += static_cast<double>(strata[k].users);
    if (strata[k].means.has_value()) {
      result.covered_users += strata[k].users;
    } else {
      result.excluded.push_back(k);
    }
  }
  result.weights.resize(strata.size());
  if (result.covered_users == 0) {
    result.estimate = MissingEstimate(Method::kPostStratified, Gap::kNoUsers, confidence);
    result.superpopulation = result.estimate;
    return result;
  }
  const double covered = static_cast<double>(result.covered_users);
  result.covered_share = covered / all_users;
  for (size_t k = 0; k < strata.size(); ++k) {
    if (strata[k].means.has_value()) result.weights[k] = static_cast<double>(strata[k].users) / covered;
  }
  result.means = Combine(strata, result.weights);
  result.superpopulation_means = WithRandomShares(result.means, strata, result.weights, result.covered_users);
  result.estimate = EstimateOf(result.means, confidence);
  result.superpopulation = EstimateOf(result.superpopulation_means, confidence);
  return result;
}

}  // namespace tierwise
