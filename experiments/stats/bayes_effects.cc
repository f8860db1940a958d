// SPDX-License-Identifier: Apache-2.0
#include "experiments/stats/bayes_effects.h"

#include <cmath>

#include "absl/strings/str_cat.h"
#include "experiments/base/problems.h"
#include "experiments/base/status_macros.h"
#include "experiments/stats/argument_checks.h"
#include "experiments/stats/distributions.h"

namespace tierwise {
namespace {

constexpr double kInf = std::numeric_limits<double>::infinity();

// E[max(X, 0)] of X ~ N(mean, sd^2): sd (phi(d) - d Sf(d)) with d = -mean / sd.
double ExpectedGain(double mean, double sd) {
  const double d = -mean / sd;
  if (d < 5.0) return sd * (NormalPdf(d) - d * NormalSf(d));
  // The difference cancels in the tail; asymptotically phi(d) / d^2 (1 - 3/d^2 + 15/d^4 - ...), as a continued fraction
  // of Mills' ratio R: 1 - d R = K_1 R with K_n = n / (d + K_{n+1}).
  double k = 0.0;
  for (int n = 60; n >= 1; --n) k = n / (d + k);
  const double mills = 1.0 / (d + k);
  return sd * NormalPdf(d) * k * mills;
}

absl::Status Check(const EffectPrior& prior, double estimate, double se) {
  Problems problems;
  CheckFinite("prior.mean", prior.mean, problems);
  if (prior.sd != kInf) CheckPositive("prior.sd", prior.sd, problems);
  CheckFinite("estimate", estimate, problems);
  if (se != kInf) CheckPositive("se", se, problems);
  if (std::isinf(se) && std::isinf(prior.sd)) problems.Add("se", "is infinite under a flat prior: nothing is known");
  return problems.ToStatus();
}

}  // namespace

absl::string_view PriorName(PriorKind kind) {
  switch (kind) {
    case PriorKind::kFlat:
      return "flat";
    case PriorKind::kWeaklyInformative:
      return "weakly_informative";
    case PriorKind::kPastCampaigns:
      return "past_campaigns";
    case PriorKind::kChosen:
      return "chosen";
  }
  return "unknown";
}

EffectPrior FlatPrior() { return {}; }

EffectPrior WeaklyInformativePrior() { return {PriorKind::kWeaklyInformative, 0.0, 0.1}; }

absl::StatusOr<EffectPrior> PriorFromPastCampaigns(absl::Span<const TierEffect> past_effects) {
  if (past_effects.size() < static_cast<size_t>(kLeastPastCampaigns)) {
    return InvalidField("past_effects", absl::StrCat("has ", past_effects.size(), " campaigns; must have at least ",
                                                     kLeastPastCampaigns));
  }
  constexpr double kAnyConfidence = 0.95;
  TIERWISE_ASSIGN_OR_RETURN(const RandomEffects pooled,
                            PoolEffects(past_effects, TauMethod::kPauleMandel, kAnyConfidence));
  return EffectPrior{PriorKind::kPastCampaigns, pooled.mean, std::sqrt(pooled.tau2 + pooled.se * pooled.se)};
}

absl::StatusOr<EffectPosterior> UpdateEffect(const EffectPrior& prior, double estimate, double se, double confidence) {
  TIERWISE_RETURN_IF_ERROR(Check(prior, estimate, se));
  TIERWISE_RETURN_IF_ERROR(CheckConfidence(confidence));
  EffectPosterior posterior;
  posterior.prior = prior.kind;
  // The data's share of the precision, 1 / (1 + (se / sd)^2): right also where one of them is infinite.
  const double ratio = se / prior.sd;
  const double data_share = std::isinf(se) ? 0.0 : 1.0 / (1.0 + ratio * ratio);
  posterior.mean = data_share * estimate + (1.0 - data_share) * prior.mean;
  posterior.sd = std::isinf(se) ? prior.sd : se * std::sqrt(data_share);
  const double half_width = -NormalQuantile(0.5 * (1.0 - confidence)) * posterior.sd;
  posterior.interval = {posterior.mean - half_width, posterior.mean + half_width};
  posterior.chance_to_beat_control = NormalSf(-posterior.mean / posterior.sd);
  posterior.expected_loss_treatment = ExpectedGain(-posterior.mean, posterior.sd);
  posterior.expected_loss_control = ExpectedGain(posterior.mean, posterior.sd);
  return posterior;
}

}  // namespace tierwise
