// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"

namespace tierwise {

// What is known of an arm's mean (larger is better) when the shares of the next batch of users are set.
struct ArmBelief {
  int64_t users = 0;
  double mean = 0.0;
  double sd = 0.0;          // of the mean, >= 0
  bool is_stopped = false;  // by a guardrail: gets no more users
};

enum class AllocationRule {
  kThompson,  // each arm by the probability that it is best
  kTopTwo,    // half of the time the best arm's challenger instead: better at telling the best arm
};

struct AllocationOptions {
  AllocationRule rule = AllocationRule::kThompson;
  double beta = 0.5;    // of top-two: how often the leader is played
  double floor = 0.05;  // least share of every arm that is not stopped, at most 1 / arms
  double uniform_share =
      0.0;                  // of users who are always spread evenly, in [0, 1]: the part that stays a plain experiment
  int64_t min_users = 100;  // for each arm; until all have them, shares are even
};

// The share of the next batch for each arm, summing to 1: uniform_share / K + (1 - uniform_share) (floor + (1 - K
// floor) w) over the K arms that are not stopped, w the rule's own shares. They are the propensities to log with every
// exposure of the batch. Errors: no arm left, values out of range.
absl::StatusOr<std::vector<double>> NextShares(absl::Span<const ArmBelief> arms, const AllocationOptions& options);

// The same from the chance that each arm is best, however that is known (such as DoseResult.best_probability, pooled
// over tiers). `best_probability` has one entry for each arm, those of arms not stopped adding up to more than 0;
// means and sds of `arms` are not read. Errors: lengths that differ, values out of range.
absl::StatusOr<std::vector<double>> NextSharesFromOdds(absl::Span<const ArmBelief> arms,
                                                       absl::Span<const double> best_probability,
                                                       const AllocationOptions& options);

// Whole weights nearest to `shares` that add up to `total` (largest remainders, the earlier arm at a tie), for
// bucketing. A positive share gets at least 1. REQUIRES: shares >= 0 that sum to 1; total at least the count of
// positive shares.
std::vector<uint32_t> WeightsOf(absl::Span<const double> shares, uint32_t total);

}  // namespace tierwise
