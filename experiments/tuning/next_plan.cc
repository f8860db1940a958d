// SPDX-License-Identifier: Apache-2.0
#include "experiments/tuning/next_plan.h"

#include <cstddef>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "experiments/base/status_macros.h"
#include "experiments/tuning/next_experiment.h"
#include "experiments/tuning/tier_prospects.h"

namespace tierwise {
namespace {

std::string TextOf(const v1::NextExperiment& next, double most_to_gain) {
  if (!next.is_worthwhile()) {
    return absl::StrFormat(
        "No further test pays: to know each tier's best dose for certain would bring about %.3g, and a test costs more "
        "than the part of it that it finds.",
        most_to_gain);
  }
  std::vector<std::string> names;
  bool extrapolates = false;
  for (const v1::NextTier& tier : next.tiers()) {
    names.push_back(tier.tier());
    extrapolates = extrapolates || tier.extrapolates();
  }
  return absl::StrFormat("Test again in %s with %d users: expected gain %.3g, for %.3g given away meanwhile.%s",
                         absl::StrJoin(names, ", "), next.users(), next.expected_gain(), next.expected_cost(),
                         extrapolates ? " A dose beyond those tried is among them: its promise is a guess." : "");
}

}  // namespace

absl::StatusOr<v1::NextExperiment> PlanNextExperiment(const TuningInput& input, absl::Span<const TierValues> values,
                                                      uint64_t seed) {
  v1::NextExperiment next;
  double most_to_gain = 0.0;
  for (size_t t = 0; t < input.tiers.size(); ++t) {
    const TierCells& tier = input.tiers[t];
    if (!tier.IsJudged()) continue;
    most_to_gain += static_cast<double>(tier.users) * values[t].by_value.odds[values[t].by_value.best].expected_regret;
    const TierProspects prospects = ProspectsOf(input, tier, values[t], seed + t);
    TIERWISE_ASSIGN_OR_RETURN(const NextDesign design, ChooseNextDesign(prospects, seed + t));
    if (!design.is_worthwhile) continue;
    v1::NextTier& entry = *next.add_tiers();
    entry.set_tier(tier.tier);
    for (size_t a = 0; a < design.doses.size(); ++a) {
      entry.add_doses(prospects.doses[design.doses[a]]);
      entry.add_shares(design.shares[a]);
    }
    entry.set_users(static_cast<int64_t>(design.users));
    entry.set_expected_gain_per_user(design.expected_gain / design.users);
    entry.set_extrapolates(design.extrapolates);
    next.set_is_worthwhile(true);
    next.set_users(next.users() + entry.users());
    next.set_expected_gain(next.expected_gain() + design.expected_gain);
    next.set_expected_cost(next.expected_cost() + design.expected_cost);
  }
  next.set_text(TextOf(next, most_to_gain));
  return next;
}

}  // namespace tierwise
