// SPDX-License-Identifier: Apache-2.0
#include "experiments/tuning/offer_verdict.h"

#include <algorithm>
#include <cmath>

#include "experiments/stats/distributions.h"

namespace tierwise {
namespace {

// More users than so many times those there are: nobody collects them, and the forecast is worth nothing.
constexpr double kMostTimes = 100.0;

// Users over all arms.
double UsersOf(const TierCells& tier) {
  double users = 0.0;
  for (const DoseCell& cell : tier.doses) users += static_cast<double>(cell.outcome.n());
  return users;
}

// The dose above 0 of most value.
size_t BestAboveNone(const TierValues& values) {
  size_t best = 1;
  for (size_t j = 2; j < values.by_value.odds.size(); ++j) {
    if (values.by_value.odds[j].mean > values.by_value.odds[best].mean) best = j;
  }
  return best;
}

double ProbabilityAboveNone(const TierValues& values, size_t dose) {
  const size_t k = values.by_value.odds.size();
  const size_t draws = values.value_draws.size() / k;
  size_t above = 0;
  for (size_t r = 0; r < draws; ++r) above += values.value_draws[r * k + dose] > 0.0;
  return static_cast<double>(above) / static_cast<double>(draws);
}

// For enough conversions; and for the best dose to differ from none by as many standard errors as kSureEnough asks for:
// errors shrink with the root of the users.
int64_t UsersNeeded(double users, double conversions, const ChoiceOdds& best) {
  double times = 1.0;
  // Half a conversion more than seen: with none the rate is unknown, not 0.
  if (conversions < kConversionsNeeded) times = kConversionsNeeded / (conversions + 0.5);
  const double sure = NormalQuantile(kSureEnough);
  if (best.mean != 0.0) times = std::max(times, std::pow(sure * best.sd / best.mean, 2.0));
  times = std::clamp(times, 1.0, kMostTimes);
  // At least as many again as a tenth: what is nearly told is told soon.
  return static_cast<int64_t>(std::ceil(users * std::max(0.1, times - 1.0)));
}

}  // namespace

TierJudgement JudgeTier(const TierCells& tier, const TierValues& values, size_t planned, double confidence) {
  TierJudgement judgement;
  if (!tier.IsJudged()) return judgement;
  judgement.conversions = tier.Conversions();
  const size_t rival = BestAboveNone(values);
  judgement.pays_probability = ProbabilityAboveNone(values, rival);
  const size_t best = values.by_value.best;
  const double certainty = best == 0 ? values.by_value.odds[0].best_probability : judgement.pays_probability;
  if (certainty < kSureEnough || judgement.conversions < kConversionsNeeded) {
    judgement.users_needed = UsersNeeded(UsersOf(tier), judgement.conversions, values.by_value.odds[rival]);
  } else if (best == 0) {
    judgement.verdict =
        values.response.no_response.p < 1.0 - confidence ? v1::OFFER_VERDICT_NONE_PAYS : v1::OFFER_VERDICT_NO_RESPONSE;
  } else {
    judgement.verdict = planned == 0 ? v1::OFFER_VERDICT_KEPT_AWAY : v1::OFFER_VERDICT_GIVE;
  }
  return judgement;
}

}  // namespace tierwise
