// SPDX-License-Identifier: Apache-2.0
#include "experiments/analysis/posterior.h"

#include <cmath>

#include "absl/strings/str_format.h"
#include "experiments/stats/bayes_effects.h"

namespace tierwise {

std::optional<v1::Posterior> PosteriorOf(const ArmMeans& means, double sign) {
  const EffectPrior lift_prior = WeaklyInformativePrior();
  // On the scale of the metric, where the error is close to normal.
  EffectPrior prior = lift_prior;
  prior.sd *= std::abs(means.control);
  const double se = std::sqrt(means.DifferenceVariance());
  constexpr double kUnusedConfidence = 0.95;
  const auto posterior = UpdateEffect(prior, sign * (means.treatment - means.control), se, kUnusedConfidence);
  if (!posterior.ok()) return std::nullopt;
  v1::Posterior proto;
  proto.set_chance_to_beat_control(posterior->chance_to_beat_control);
  proto.set_expected_loss(posterior->expected_loss_treatment);
  proto.set_prior(absl::StrFormat("lift ~ N(%g, %g^2), weakly informative", lift_prior.mean, lift_prior.sd));
  return proto;
}

}  // namespace tierwise
