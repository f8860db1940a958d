// SPDX-License-Identifier: Apache-2.0
#include "experiments/analysis/posterior.h"

#include <cmath>

#include "experiments/stats/bayes_effects.h"

namespace tierwise {

std::optional<v1::Posterior> PosteriorOf(const ArmMeans& means, double sign, const LiftPrior& prior) {
  // On the scale of the metric, where the error is close to normal, and turned so that higher is better.
  EffectPrior effect = prior.lift;
  effect.mean *= sign * std::abs(means.control);
  effect.sd *= std::abs(means.control);
  const double se = std::sqrt(means.DifferenceVariance());
  constexpr double kUnusedConfidence = 0.95;
  const auto posterior = UpdateEffect(effect, sign * (means.treatment - means.control), se, kUnusedConfidence);
  if (!posterior.ok()) return std::nullopt;
  v1::Posterior proto;
  proto.set_chance_to_beat_control(posterior->chance_to_beat_control);
  proto.set_expected_loss(posterior->expected_loss_treatment);
  proto.set_prior(prior.Words());
  return proto;
}

}  // namespace tierwise
