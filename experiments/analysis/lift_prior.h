// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "experiments/stats/bayes_effects.h"

namespace tierwise {

struct CampaignData;

// What is believed of a metric's lifts before the data, and where that comes from.
struct LiftPrior {
  EffectPrior lift = WeaklyInformativePrior();  // of the lift itself, whichever way is better; sd finite
  int campaigns = 0;                            // that it was learnt from; 0 where it was not

  // E.g. "lift ~ N(0.012, 0.034^2), learnt from 12 campaigns".
  std::string Words() const;
};

// What one campaign found: the lifts over all tiers of its variants on its primary metric.
struct PastCampaign {
  struct Lift {
    double lift = 0.0;
    double se = 0.0;
  };
  std::vector<Lift> lifts;
};

// The lifts of `data`'s primary metric. None where a check of its health failed; lifts that can't be told (a control's
// mean within 5 standard errors of 0, nothing that varies) are left out. InvalidArgument: impossible moments.
absl::StatusOr<PastCampaign> PastLiftsOf(const CampaignData& data);

// The predictive distribution of the next campaign's lift: N(mean, tau^2 + se(mean)^2), mean and tau by Paule and
// Mandel over all lifts (docs/statistics.md#priors). With lifts of fewer than kLeastPastCampaigns campaigns it is the
// weakly informative prior.
LiftPrior LearnLiftPrior(absl::Span<const PastCampaign> campaigns);

}  // namespace tierwise
