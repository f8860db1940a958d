// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "bench/tuning_world.h"
#include "experiments/tuning/offer_tuning.h"
#include "experiments/tuning/random.h"
#include "experiments/tuning/thompson.h"

namespace tierwise::bench {

// An experiment's outcomes: by tier and dose.
using Outcomes = std::vector<std::vector<Moments>>;

// A dose for each tier.
using Choice = std::vector<size_t>;

// `users` users in each tier and dose, spread evenly over the time.
Outcomes RunExperiment(const World& world, int64_t users, RandomDraws& random);

// The dose of most measured profit over all tiers together, for every tier.
Choice BestForEveryone(const Outcomes& outcomes);
// Each tier's dose of most measured profit.
Choice BestPerTier(const Outcomes& outcomes);
// The same by each tier's isotonic fit.
Choice IsotonicPerTier(const Outcomes& outcomes);

struct Adaptive {
  Choice choice;                   // each tier's dose of most measured profit
  double experiment_regret = 0.0;  // per user, while the experiment ran
};

// As many users as RunExperiment, in ten batches whose shares follow the results of each tier.
Adaptive RunAdaptive(const World& world, AllocationRule rule, int64_t users, RandomDraws& random);

// What an even experiment gives away per user while it runs.
double EvenRegret(const World& world);

// The outcomes as PlanOffers takes them, for `users_to_plan` users of each tier.
TuningData DataOf(const Outcomes& outcomes, int64_t users_to_plan);

// The plan of most true profit whose true cost is within `budget`, for `users` users of each tier. Returns its profit
// against no offers.
double OracleProfit(const World& world, double budget, double users);

}  // namespace tierwise::bench
