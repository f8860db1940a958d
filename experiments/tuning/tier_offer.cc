// SPDX-License-Identifier: Apache-2.0
#include "experiments/tuning/tier_offer.h"

#include <algorithm>

#include "experiments/tuning/dose_result.h"
#include "experiments/tuning/offer_verdict.h"
#include "experiments/tuning/offer_words.h"

namespace tierwise {
namespace {

void AddModels(const TierDoseResponse& response, v1::TierOffer& offer) {
  for (size_t m = 0; m < response.fits.size(); ++m) {
    v1::DoseModelFit& fit = *offer.add_models();
    fit.set_model(std::string(DoseModelName(response.fits[m].model)));
    fit.set_weight(response.model_weights[m]);
    for (double parameter : response.fits[m].parameters) fit.add_parameters(parameter);
  }
}

// Value, cost and what was given anyway, over the doses that the plan gives.
void AddPlanned(const TierCells& tier, const TierValues& values, const TierPlanned& planned, v1::TierOffer& offer) {
  const auto users = static_cast<double>(tier.users);
  double value = 0.0;
  double cost = 0.0;
  double anyway = 0.0;
  for (size_t j = 0; j < tier.doses.size(); ++j) {
    const double share = planned.shares[j];
    value += share * users * values.by_value.odds[j].mean;
    cost += share * users * std::max(0.0, values.cost[j]);
    anyway += share * users * std::max(0.0, values.cost[j]) * GivenAnywayShare(tier, values, j).value_or(0.0);
    if (planned.is_in_shares) offer.add_shares(share);
  }
  offer.set_value(value);
  offer.set_cost(cost);
  if (cost > 0.0) offer.set_given_anyway_share(anyway / cost);
}

}  // namespace

v1::TierOffer MakeTierOffer(const TuningInput& input, const TierCells& tier, const TierValues& values,
                            const TierPlanned& planned, double confidence) {
  v1::TierOffer offer;
  offer.set_tier(tier.tier);
  offer.set_users(tier.users);
  const TierJudgement judgement = JudgeTier(tier, values, planned.dose, confidence);
  if (tier.IsJudged()) {
    offer.set_dose(tier.doses[planned.dose].dose);
    offer.set_variant(tier.doses[planned.dose].variants[0]);
    offer.set_best_dose(tier.doses[values.by_value.best].dose);
    offer.set_lowest_likely_dose(tier.doses[values.by_value.lowest_likely].dose);
    offer.set_highest_likely_dose(tier.doses[values.by_value.highest_likely].dose);
    AddPlanned(tier, values, planned, offer);
    offer.set_pooled_share(values.response.pooled_share);
    offer.set_no_response_p_value(values.response.no_response.p);
    if (values.winner.has_value()) {
      offer.set_winner_corrected_profit(values.winner->hybrid);
      v1::Interval& interval = *offer.mutable_winner_interval();
      interval = CredibleInterval(values.winner->hybrid_interval, "inference on winners, hybrid", confidence);
      interval.set_kind(v1::INTERVAL_KIND_FIXED_HORIZON);
    }
    for (size_t j = 0; j < tier.doses.size(); ++j) *offer.add_doses() = MakeDoseResult(tier, values, j, confidence);
    AddModels(values.response, offer);
  } else {
    offer.set_no_response_p_value(1.0);
    if (planned.is_in_shares) offer.add_shares(1.0);
  }
  offer.set_verdict(judgement.verdict);
  if (judgement.users_needed.has_value()) offer.set_users_needed(*judgement.users_needed);
  offer.set_text(VerdictWords(input, judgement, offer));
  return offer;
}

}  // namespace tierwise
