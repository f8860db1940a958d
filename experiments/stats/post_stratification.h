// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "experiments/stats/estimate.h"

namespace tierwise {

// One tier to post-stratify over.
struct Stratum {
  int64_t users = 0;  // the tier's users in all arms: its share of the population
  // The tier's arms, adjusted or not; nullopt where an arm has too few users to have a mean and a variance.
  std::optional<ArmMeans> means;
};

// The effect over all tiers: tier effects weighted by the tiers' shares of the users, which the arms cannot disagree
// on.
struct PostStratifiedEffect {
  // Tier shares taken as given; equal to regression on arm x centred tiers with HC2.
  ArmMeans means;
  Estimate estimate;
  // For the population the users were drawn from: the tier shares are then random too.
  ArmMeans superpopulation_means;
  Estimate superpopulation;
  std::vector<double> weights;   // per stratum, 0 where excluded; sum 1
  std::vector<size_t> excluded;  // strata without means
  int64_t covered_users = 0;     // users of the strata included: the population that the effect speaks of
  double covered_share = 0.0;    // of all users
};

// Excluded strata are left out, never merged into others. Without any included users the estimates are missing
// (kNoUsers). The degrees of freedom are Satterthwaite's over the tiers. InvalidArgument names the field.
absl::StatusOr<PostStratifiedEffect> PostStratify(absl::Span<const Stratum> strata, double confidence);

}  // namespace tierwise
