// SPDX-License-Identifier: Apache-2.0
#include "experiments/analysis/tier_effects.h"

#include <algorithm>
#include <cmath>

#include "experiments/analysis/interval_proto.h"
#include "experiments/base/status_macros.h"
#include "experiments/stats/heterogeneity.h"
#include "experiments/stats/pooling.h"

namespace tierwise {
namespace {

constexpr double kLeastTauScale = 0.1;  // of the control's mean
constexpr double kTauConfidence = 0.95;

v1::Heterogeneity Shown(const Heterogeneity& test, double tau) {
  v1::Heterogeneity proto;
  proto.set_q(test.q);
  proto.set_degrees_of_freedom(test.df);
  proto.set_p_value(test.f_p);
  proto.set_i_squared(test.i2);
  proto.set_tau(tau);
  *proto.mutable_tau_interval() = ToProto(test.tau, "Q profile", v1::INTERVAL_KIND_FIXED_HORIZON, kTauConfidence);
  return proto;
}

v1::Comparison ToComparison(const Posterior& posterior, double control, double confidence) {
  v1::Comparison comparison;
  comparison.set_estimator(v1::ESTIMATOR_PARTIALLY_POOLED);
  comparison.mutable_difference()->set_estimate(posterior.mean);
  comparison.mutable_difference()->set_standard_error(posterior.sd);
  *comparison.mutable_difference()->add_intervals() =
      ToProto(posterior.interval, "partial pooling", v1::INTERVAL_KIND_CREDIBLE, confidence);
  // Lifts refer to the tier's own control mean, which is far better known than the difference.
  if (const double size = std::abs(control); size > 0.0) {
    comparison.mutable_lift()->set_estimate(posterior.mean / size);
    *comparison.mutable_lift()->add_intervals() =
        ToProto(Interval{posterior.interval.lower / size, posterior.interval.upper / size}, "partial pooling",
                v1::INTERVAL_KIND_CREDIBLE, confidence);
  }
  return comparison;
}

}  // namespace

absl::StatusOr<TierEffects> CompareTiers(absl::Span<const std::optional<ArmMeans>> tier_means, const ArmMeans& overall,
                                         double confidence) {
  TierEffects result;
  result.heterogeneity.set_p_value(1.0);
  result.pooled.resize(tier_means.size());
  std::vector<size_t> tiers;
  PartialPoolingInput input{.confidence = confidence};
  input.tau_scale = std::max(kLeastTauScale * std::abs(overall.control), std::abs(overall.treatment - overall.control));
  for (size_t tier = 0; tier < tier_means.size(); ++tier) {
    if (!tier_means[tier].has_value()) continue;
    const ArmMeans& means = *tier_means[tier];
    const TierEffect effect{means.treatment - means.control, std::sqrt(means.DifferenceVariance()), means.df};
    if (!CheckTierEffects({effect}).ok()) continue;
    tiers.push_back(tier);
    input.effects.push_back(effect);
  }
  if (tiers.size() < 2) return result;
  TIERWISE_ASSIGN_OR_RETURN(const Heterogeneity test, TestHeterogeneity(input.effects, kTauConfidence));
  TIERWISE_ASSIGN_OR_RETURN(const RandomEffects random,
                            PoolEffects(input.effects, TauMethod::kPauleMandel, kTauConfidence));
  result.heterogeneity = Shown(test, std::sqrt(random.tau2));
  if (input.tau_scale == 0.0) return result;
  TIERWISE_ASSIGN_OR_RETURN(const PartialPooling pooling, PoolPartially(input));
  for (size_t i = 0; i < tiers.size(); ++i) {
    result.pooled[tiers[i]] = ToComparison(pooling.tiers[i], tier_means[tiers[i]]->control, confidence);
  }
  return result;
}

}  // namespace tierwise
