// SPDX-License-Identifier: Apache-2.0
#include "experiments/tuning/offer_words.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "experiments/stats/estimate.h"

namespace tierwise {
namespace {

// Three digits are enough for a sentence, but no power of ten.
std::string Number(double value) {
  if (std::abs(value) < 1000.0) return absl::StrFormat("%.3g", value == 0.0 ? 0.0 : value);
  const double unit = std::pow(10.0, std::floor(std::log10(std::abs(value))) - 2.0);
  return absl::StrFormat("%.0f", std::round(value / unit) * unit);
}

std::string Percent(double probability) { return absl::StrFormat("%.0f %%", 100.0 * probability); }

// What an amount of the objective is called.
std::string Of(v1::PlanObjective objective) {
  if (objective == v1::PLAN_OBJECTIVE_CONVERSIONS) return "conversions";
  if (objective == v1::PLAN_OBJECTIVE_REVENUE) return "revenue";
  return "profit";
}

std::string LikelyWords(v1::DoseUnit unit, const v1::TierOffer& offer) {
  if (offer.lowest_likely_dose() == offer.highest_likely_dose()) return "no other dose likely";
  return absl::StrCat("likely ", DoseWords(unit, offer.lowest_likely_dose()), " to ",
                      DoseWords(unit, offer.highest_likely_dose()));
}

std::string GiveWords(v1::DoseUnit unit, v1::PlanObjective objective, const v1::TierOffer& offer) {
  std::string text = absl::StrCat("Give ", DoseWords(unit, offer.dose()));
  if (offer.dose() == offer.best_dose()) {
    absl::StrAppend(&text, " (", LikelyWords(unit, offer), ")");
  } else {
    absl::StrAppend(&text, "; ", DoseWords(unit, offer.best_dose()), " would be best (", LikelyWords(unit, offer),
                    ") but for the budget or a limit");
  }
  absl::StrAppend(&text, ": about ", Number(offer.value()), " more ", Of(objective), " from ", offer.users(),
                  " users, at a cost of ", Number(offer.cost()));
  if (offer.has_given_anyway_share()) {
    absl::StrAppend(&text, ", ", Percent(offer.given_anyway_share()), " of it for those who would have bought anyway");
  }
  return absl::StrCat(text, ".");
}

std::string NotEnoughWords(const TierJudgement& judgement, const v1::TierOffer& offer) {
  if (!judgement.users_needed.has_value()) {
    return "Not enough evidence: no users both in the control and with an offer.";
  }
  return absl::StrFormat(
      "Not enough evidence: %.0f conversions, and a chance of %s that an offer pays; collect about %d users more.%s",
      judgement.conversions, Percent(judgement.pays_probability), *judgement.users_needed,
      offer.dose() == 0.0 ? " Until then nothing is given." : "");
}

// A difference beyond this level is no accident of one look.
constexpr double kVariantConfidence = 0.95;

// Of two variants with one dose.
std::string DifferenceWords(const TuningInput& input, const TierCells& tier, const DoseCell& cell, size_t other) {
  const JointMoments& a = cell.of_variant[0];
  const JointMoments& b = cell.of_variant[other];
  const auto squared_error = [](const JointMoments& arm) {
    return arm.Covariance(0, 0) / static_cast<double>(arm.n());
  };
  const double difference = b.mean(0) - a.mean(0);
  const double reach = CriticalValue(kVariantConfidence, std::numeric_limits<double>::infinity()) *
                       std::sqrt(squared_error(a) + squared_error(b));
  const bool differ = std::abs(difference) > reach;
  return absl::StrFormat(
      "%s: variants \"%s\" and \"%s\" both offer %s and differ by %s conversions per user (%s to %s)%s; the curve "
      "takes "
      "them together.",
      tier.tier, cell.variants[0], cell.variants[other], DoseWords(input.unit, cell.dose), Number(difference),
      Number(difference - reach), Number(difference + reach),
      differ ? ", more than chance explains: choose between them before the dose" : "");
}

void AddDataNotes(const TuningInput& input, const TierCells& tier, const TierValues& values,
                  std::vector<std::string>& notes) {
  if (!tier.IsJudged()) {
    notes.push_back(absl::StrCat(tier.tier, ": no users both in the control and with an offer; planned without one."));
    return;
  }
  for (const DoseCell& cell : tier.doses) {
    for (size_t other = 1; other < cell.variants.size(); ++other) {
      notes.push_back(DifferenceWords(input, tier, cell, other));
    }
    if (!cell.has_one_cost) {
      notes.push_back(absl::StrCat(tier.tier, ": variants that offer ", DoseWords(input.unit, cell.dose),
                                   " differ in cost; their average by users is taken."));
    }
  }
  if (tier.doses.size() == 2) {
    notes.push_back(absl::StrCat(tier.tier, ": one dose was tried; that compares it with none, but tells no curve."));
  } else if (values.by_value.best == tier.doses.size() - 1) {
    notes.push_back(absl::StrCat(tier.tier, ": ", DoseWords(input.unit, tier.doses.back().dose),
                                 " is the largest dose tried; whether a larger one is better the data don't say."));
  }
}

}  // namespace

std::string DoseWords(v1::DoseUnit unit, double dose) {
  if (dose == 0.0) return "no offer";
  const std::string amount = absl::StrFormat("%.6g", dose);
  switch (unit) {
    case v1::DOSE_UNIT_PERCENT_OFF:
      return amount + " % off";
    case v1::DOSE_UNIT_AMOUNT_OFF:
      return amount + " off";
    case v1::DOSE_UNIT_POINTS:
      return amount + " points";
    case v1::DOSE_UNIT_FREE_MONTHS:
      return amount + (dose == 1.0 ? " month free" : " months free");
    default:
      return "dose " + amount;
  }
}

std::string VerdictWords(const TuningInput& input, const TierJudgement& judgement, const v1::TierOffer& offer) {
  const v1::DoseUnit unit = input.unit;
  switch (judgement.verdict) {
    case v1::OFFER_VERDICT_GIVE:
      return GiveWords(unit, input.objective, offer);
    case v1::OFFER_VERDICT_NONE_PAYS:
      return absl::StrCat("No offer pays: users respond (p = ", Number(offer.no_response_p_value()),
                          "), but for less than offers cost; chance that one pays ",
                          Percent(judgement.pays_probability), ".");
    case v1::OFFER_VERDICT_NO_RESPONSE:
      return absl::StrCat("No offer: no response to any dose is seen (p = ", Number(offer.no_response_p_value()),
                          "); they buy anyway, or never.");
    case v1::OFFER_VERDICT_KEPT_AWAY:
      return absl::StrCat(DoseWords(unit, offer.best_dose()), " would pay (", LikelyWords(unit, offer),
                          "), but the budget or a limit keeps it away.");
    default:
      return NotEnoughWords(judgement, offer);
  }
}

std::vector<std::string> PlanNotes(const TuningInput& input, absl::Span<const TierValues> values,
                                   const v1::PlanConstraints& constraints, const OfferChoices& choices) {
  std::vector<std::string> notes;
  if (!input.without_offer.empty()) {
    notes.push_back(
        absl::StrCat("Left out, since they offer nothing: ", absl::StrJoin(input.without_offer, ", "), "."));
  }
  for (size_t t = 0; t < input.tiers.size(); ++t) AddDataNotes(input, input.tiers[t], values[t], notes);
  if (constraints.has_budget() && choices.expected.totals.shadow_price() == 0.0) {
    notes.push_back(absl::StrCat("The budget does not bind: the plan costs ", Number(choices.expected.totals.cost()),
                                 " of ", Number(constraints.budget()), "."));
  }
  if (!choices.expected.totals.is_optimal()) {
    notes.push_back(absl::StrCat("The search for the best plan was cut short: no plan is worth more than ",
                                 Number(choices.expected.totals.bound()), "."));
  }
  const double overspend = choices.expected.totals.overspend_probability();
  constexpr double kWorthKnowing = 0.1;
  if (choices.expected.totals.has_overspend_probability() && overspend > kWorthKnowing) {
    notes.push_back(absl::StrCat("Chance that the offers cost more than the budget: ", Percent(overspend), "."));
  }
  return notes;
}

}  // namespace tierwise
