// SPDX-License-Identifier: Apache-2.0
#include "client/cli/tuning_costs.h"

#include "absl/strings/str_cat.h"
#include "experiments/base/offer_cost.h"

namespace tierwise {
namespace {

constexpr double kMostMoney = 1e12;

v1::OfferCost Times(const v1::OfferCost& cost, double dose) {
  v1::OfferCost product = cost;
  product.set_per_redemption(cost.per_redemption() * dose);
  product.set_basket_share(cost.basket_share() * dose);
  product.set_per_user_reached(cost.per_user_reached() * dose);
  product.set_per_message(cost.per_message() * dose);
  return product;
}

bool IsAllowed(const v1::OfferCost& cost) {
  for (const double part :
       {cost.per_redemption(), cost.per_user_reached(), cost.per_message(), cost.messages_per_user()}) {
    if (!(part >= 0.0 && part <= kMostMoney)) return false;
  }
  return cost.basket_share() >= 0.0 && cost.basket_share() <= 1.0;
}

}  // namespace

DoseCosts::DoseCosts(const TuningSource& source, v1::DoseUnit unit, Problems& problems)
    : source_(source), unit_(unit), problems_(problems) {
  for (int i = 0; i < source.file.offers_size(); ++i) {
    const double dose = source.file.offers(i).dose() - source.file.baseline_dose();
    if (!offers_.emplace(dose, i).second) {
      problems.Add(source.Where(absl::StrCat("offers[", i, "].dose")), "is given twice");
    }
  }
  unused_ = offers_;
}

v1::OfferCost DoseCosts::At(double dose) {
  v1::OfferCost cost;
  if (dose == 0.0) return cost;
  cost = Unchecked(dose);
  if (cost.per_message() > 0.0 && cost.messages_per_user() == 0.0) cost.set_messages_per_user(1.0);
  if (!IsAllowed(cost)) {
    const auto offer = offers_.find(dose);
    problems_.Add(
        source_.Where(offer == offers_.end() ? "cost_per_dose" : absl::StrCat("offers[", offer->second, "].cost")),
        absl::StrCat("costs of the dose ", dose + source_.file.baseline_dose(),
                     " must be 0 or more, and a basket_share at most 1"));
  }
  is_share_ = is_share_ || cost.basket_share() > 0.0;
  return cost;
}

v1::OfferCost DoseCosts::Unchecked(double dose) {
  if (const auto offer = offers_.find(dose); offer != offers_.end()) {
    unused_.erase(dose);
    return source_.file.offers(offer->second).cost();
  }
  if (source_.file.has_cost_per_dose()) return Times(source_.file.cost_per_dose(), dose);
  const bool has_default = unit_ == v1::DOSE_UNIT_PERCENT_OFF || unit_ == v1::DOSE_UNIT_AMOUNT_OFF;
  if (!has_default && !is_missing_) {
    is_missing_ = true;
    problems_.Add(source_.Where("cost_per_dose"),
                  absl::StrCat("is missing: what does the dose ", dose + source_.file.baseline_dose(),
                               " cost? Give cost_per_dose, offers, or a unit that says it: percent_off or amount_off"));
  }
  v1::Offer offer;
  offer.set_dose(dose);
  offer.set_unit(unit_);
  return CostWithDefaults(offer);
}

void DoseCosts::CheckAllUsed() {
  for (const auto& [dose, index] : unused_) {
    problems_.Add(source_.Where(absl::StrCat("offers[", index, "].dose")),
                  absl::StrCat("is ", dose + source_.file.baseline_dose(), ", which no cell has"));
  }
}

}  // namespace tierwise
