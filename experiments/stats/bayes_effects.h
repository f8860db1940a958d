// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <limits>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "experiments/stats/estimate.h"
#include "experiments/stats/heterogeneity.h"

namespace tierwise {

enum class PriorKind {
  kFlat,               // no prior opinion: peeking then rejects 45 % of A/A tests at "95 % sure"
  kWeaklyInformative,  // most offers change a metric by less than 10 %
  kPastCampaigns,      // learnt from the effects of past campaigns
  kChosen,             // given by the analyst
};
absl::string_view PriorName(PriorKind kind);

// What is believed of an effect before the data: N(mean, sd^2), on the effect's own scale; sd +inf is flat.
struct EffectPrior {
  PriorKind kind = PriorKind::kFlat;
  double mean = 0.0;
  double sd = std::numeric_limits<double>::infinity();
};

EffectPrior FlatPrior();
// N(0, 0.1^2) on relative lift.
EffectPrior WeaklyInformativePrior();
// The predictive distribution of a new campaign's effect given the past ones, by Paule-Mandel: N(mean, tau^2 +
// se(mean)^2). InvalidArgument with fewer than `kLeastPastCampaigns` effects.
inline constexpr int kLeastPastCampaigns = 5;
absl::StatusOr<EffectPrior> PriorFromPastCampaigns(absl::Span<const TierEffect> past_effects);

// The posterior of an effect measured with a normal error, and what follows for the choice. Higher is better; turn
// signs round where lower is.
struct EffectPosterior {
  PriorKind prior = PriorKind::kFlat;
  double mean = 0.0;
  double sd = 0.0;
  Interval interval;  // equal-tailed
  double chance_to_beat_control = 0.5;
  double expected_loss_treatment = 0.0;  // E[max(-effect, 0)]: of choosing the treatment
  double expected_loss_control = 0.0;    // E[max(effect, 0)]: of staying with the control
};

// `se` +inf (nothing measured) returns the prior; under a flat prior that is InvalidArgument, as is a prior sd or se
// not above 0.
absl::StatusOr<EffectPosterior> UpdateEffect(const EffectPrior& prior, double estimate, double se, double confidence);

}  // namespace tierwise
