// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "experiments/stats/estimate.h"
#include "experiments/stats/moments.h"

namespace tierwise {

// One user of a randomised log, seen with the eyes of the policy whose value is asked for.
struct LoggedUser {
  double outcome = 0.0;
  double propensity = 0.0;          // with which the log gave the user the arm they got, in (0, 1]
  double policy_probability = 0.0;  // with which the policy would give them that arm, in [0, 1]
  // Predictions of the outcome from data without this user (cross-fitted), for the doubly robust estimate: under the
  // arm they got, and under the policy (the average over its arms). 0 and 0 where there is no model.
  double predicted_at_arm = 0.0;
  double predicted_at_policy = 0.0;
};

struct PolicyValue {
  double value = 0.0;  // mean outcome per user, had the policy been in force
  double se = 0.0;
  Interval interval;
};

struct PolicyEvaluation {
  PolicyValue ipw;              // inverse propensity weighting: unbiased
  PolicyValue self_normalised;  // Hajek: weights divided by their mean; steadier
  PolicyValue doubly_robust;    // prediction plus weighted residual: right if either propensities or predictions are
  // Overlap of the policy with the log.
  int64_t users = 0;
  double effective_users = 0.0;  // Kish: (sum w)^2 / sum w^2; what the estimates rest on
  double largest_weight = 0.0;
  // The mean weight in standard errors from 1, which it must be near: beyond 3 or so the logged propensities are not
  // those used.
  double mean_weight_z = 0.0;
};

// The value of a policy from logged randomised data. Errors, naming the field: fewer than two users, values out of
// range, a policy that the log never followed.
absl::StatusOr<PolicyEvaluation> EvaluatePolicy(absl::Span<const LoggedUser> log, double confidence);

// One batch of an adaptive experiment: the shares in force, and what each arm's users did.
struct AdaptiveBatch {
  std::vector<double> shares;     // propensity of each arm, in [0, 1]
  std::vector<Moments> outcomes;  // for each arm
};

struct AdaptiveArm {
  PolicyValue weighted;  // adaptively weighted: stays right
  PolicyValue naive;     // the plain mean: biased, its interval too short, wherever shares followed outcomes
};

// The mean of `arm` from an adaptive experiment by augmented inverse propensity weighting, batches weighted by the
// square root of the propensity (Hadad, Hirshberg, Zhan, Wager & Athey, PNAS 118, 2021). The augmentation is the arm's
// mean in earlier batches. Batches in which the arm had no share are left out. Errors: shapes that differ, shares out
// of range, an arm never played.
absl::StatusOr<AdaptiveArm> EvaluateAdaptiveArm(absl::Span<const AdaptiveBatch> batches, size_t arm, double confidence);

}  // namespace tierwise
