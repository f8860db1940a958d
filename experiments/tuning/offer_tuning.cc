// SPDX-License-Identifier: Apache-2.0
#include "experiments/tuning/offer_tuning.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/types/span.h"
#include "experiments/base/problems.h"
#include "experiments/base/proto_time.h"
#include "experiments/base/status_macros.h"
#include "experiments/stats/argument_checks.h"
#include "experiments/tuning/next_plan.h"
#include "experiments/tuning/offer_planning.h"
#include "experiments/tuning/offer_words.h"
#include "experiments/tuning/plan_constraints.h"
#include "experiments/tuning/tier_offer.h"
#include "experiments/tuning/tier_values.h"
#include "experiments/tuning/tuning_input.h"

namespace tierwise {
namespace {

// Draws of all tiers and doses together, each a few numbers.
constexpr double kMostDrawnValues = 5e6;
constexpr int kMostFrontierPoints = 100;

absl::Status CheckOptions(const TuningOptions& options, const TuningInput& input) {
  Problems problems;
  CheckOpenUnit("options.confidence", options.confidence, problems);
  if (options.frontier_points < 0 || options.frontier_points > kMostFrontierPoints) {
    problems.Add("options.frontier_points", absl::StrCat("is ", options.frontier_points, "; must be from 0 to 100"));
  }
  double cells = 0.0;
  for (const TierCells& tier : input.tiers) cells += static_cast<double>(tier.doses.size());
  if (options.draws < 100 || options.draws > 1'000'000 || options.draws * cells > kMostDrawnValues) {
    problems.Add("options.draws", absl::StrCat("is ", options.draws,
                                               "; must be from 100 to 1000000, and for these tiers and doses at most ",
                                               static_cast<int64_t>(kMostDrawnValues / std::max(1.0, cells))));
  }
  return problems.ToStatus();
}

}  // namespace

absl::StatusOr<v1::OfferPlan> PlanOffers(const TuningData& data, const v1::PlanConstraints& constraints,
                                         const TuningOptions& options) {
  TIERWISE_ASSIGN_OR_RETURN(TuningInput input, ReadTuningData(data));
  TIERWISE_RETURN_IF_ERROR(ApplyConstraints(constraints, input));
  TIERWISE_RETURN_IF_ERROR(CheckOptions(options, input));
  TIERWISE_ASSIGN_OR_RETURN(const std::vector<TierValues> values, EstimateTierValues(input, options));
  TIERWISE_ASSIGN_OR_RETURN(const OfferChoices choices,
                            PlanChoices(input, values, constraints, options.frontier_points));
  v1::OfferPlan plan;
  plan.set_campaign(data.campaign);
  plan.set_campaign_revision(data.revision);
  *plan.mutable_as_of() = ToProto(data.as_of);
  *plan.mutable_constraints() = constraints;
  for (size_t t = 0; t < input.tiers.size(); ++t) {
    const TierPlanned planned{choices.expected.doses[t], choices.expected.shares[t], choices.is_in_shares};
    *plan.add_tiers() = MakeTierOffer(input, input.tiers[t], values[t], planned, options.confidence);
    const TierCells& tier = input.tiers[t];
    plan.add_cautious_doses(tier.IsJudged() ? tier.doses[choices.cautious.doses[t]].dose : 0.0);
  }
  *plan.mutable_expected() = choices.expected.totals;
  *plan.mutable_cautious() = choices.cautious.totals;
  for (const v1::FrontierPoint& point : choices.frontier) *plan.add_frontier() = point;
  for (std::string& note : PlanNotes(input, values, constraints, choices)) plan.add_notes(std::move(note));
  TIERWISE_ASSIGN_OR_RETURN(*plan.mutable_next(), PlanNextExperiment(input, values, options.seed));
  return plan;
}

}  // namespace tierwise
