// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "experiments/tuning/off_policy.h"
#include "experiments/tuning/policy_data.h"
#include "experiments/tuning/policy_tree.h"

namespace tierwise {

struct PolicyLearningOptions {
  int depth = 2;             // questions a user may be asked, 1 to 3
  double confidence = 0.95;  // of the intervals
  uint64_t seed = 0;         // of the halves: the same seed and data give the same answer
  size_t least_users = 0;    // in every leaf; 0: a hundredth of the users learnt from, at least 50
};

struct LearntPolicy {
  PolicyTree tree;
  std::vector<size_t> best_arm;  // of each tier, by the users learnt from
  // Both on the same users, none of them learnt from.
  PolicyEvaluation held_out;
  PolicyEvaluation best_per_tier;
  PolicyValue as_logged;  // what these users did
  // The tree's doubly robust value less that of the best arm per tier, user by user.
  PolicyValue gain;
  int64_t users_learnt_from = 0;
  // What not to overlook: poor overlap, propensities that do not fit, an arm that some tier never had.
  std::vector<std::string> warnings;
};

// A tree learnt from one half of the users by doubly robust scores (Zhou, Athey & Wager, "Offline multi-action policy
// learning", Operations Research 71, 2023): the arm's mean in the user's tier by the other fold, plus the weighted
// residual; its value is then estimated on the other half, with the means of the first. An arm that a tier never had
// counts as its worst. Errors: those of CheckPolicyData; options out of range; a half that never followed a rule.
absl::StatusOr<LearntPolicy> LearnPolicy(const PolicyData& data, const PolicyLearningOptions& options);

// The value of any rule on all users of `data`, arms by tier predicted from the other fold. `arm_of` maps a user's
// place to an arm. Errors: those of CheckPolicyData and EvaluatePolicy.
absl::StatusOr<PolicyEvaluation> EvaluateRule(const PolicyData& data, absl::FunctionRef<size_t(size_t)> arm_of,
                                              double confidence, uint64_t seed);

// What an evaluation's overlap asks to be said, in sentences; empty where all is well.
std::vector<std::string> OverlapWarnings(const PolicyEvaluation& evaluation);

}  // namespace tierwise
