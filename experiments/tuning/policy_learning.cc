// SPDX-License-Identifier: Apache-2.0
#include "experiments/tuning/policy_learning.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "experiments/base/problems.h"
#include "experiments/base/status_macros.h"
#include "experiments/stats/argument_checks.h"
#include "experiments/stats/estimate.h"
#include "experiments/stats/moments.h"
#include "experiments/tuning/arm_means.h"
#include "experiments/tuning/random.h"

namespace tierwise {
namespace {

using Users = std::vector<uint32_t>;

// Two random halves of `users`.
std::array<Users, 2> Halves(const Users& users, RandomDraws& random) {
  std::array<Users, 2> halves;
  for (uint32_t user : users) halves[random.Uniform() < 0.5 ? 0 : 1].push_back(user);
  return halves;
}

Users AllUsers(const PolicyData& data) {
  Users users(data.users());
  for (size_t i = 0; i < users.size(); ++i) users[i] = static_cast<uint32_t>(i);
  return users;
}

absl::Status CheckOptions(const PolicyLearningOptions& options) {
  Problems problems;
  if (options.depth < 1 || options.depth > 3) {
    problems.Add("depth", absl::StrCat("is ", options.depth, "; must be 1, 2 or 3"));
  }
  CheckOpenUnit("confidence", options.confidence, problems);
  return problems.ToStatus();
}

// Doubly robust scores of the users of two folds, each with the other fold's means.
PolicyScores CrossFittedScores(const PolicyData& data, const std::array<Users, 2>& folds) {
  PolicyScores scores;
  scores.arm = data.arm;
  scores.group.assign(data.users(), 0);
  scores.correction.assign(data.users(), 0.0);
  for (size_t fold : {0, 1}) {
    const ArmMeansByTier means(data, folds[1 - fold]);
    for (size_t tier = 0; tier < data.tiers; ++tier) scores.base.push_back(means.OfTier(tier));
    for (uint32_t user : folds[fold]) {
      scores.group[user] = static_cast<uint16_t>(fold * data.tiers + data.tier[user]);
      scores.correction[user] =
          (data.outcome[user] - means.mean(data.tier[user], data.arm[user])) / data.propensity[user];
    }
  }
  return scores;
}

// How a rule sees one user.
LoggedUser Logged(const PolicyData& data, const ArmMeansByTier& means, size_t user, size_t arm) {
  return {data.outcome[user], data.propensity[user], data.arm[user] == arm ? 1.0 : 0.0,
          means.mean(data.tier[user], data.arm[user]), means.mean(data.tier[user], arm)};
}

double DoublyRobustScore(const LoggedUser& user) {
  return user.predicted_at_policy + user.policy_probability / user.propensity * (user.outcome - user.predicted_at_arm);
}

PolicyValue ValueOf(const Moments& scores, double confidence) {
  const double se = std::sqrt(scores.Variance() / static_cast<double>(std::max<int64_t>(1, scores.n)));
  const double reach = CriticalValue(confidence, std::numeric_limits<double>::infinity()) * se;
  return {scores.mean, se, {scores.mean - reach, scores.mean + reach}};
}

absl::Status EvaluateHeldOut(const PolicyData& data, const Users& users, const ArmMeansByTier& means, double confidence,
                             LearntPolicy& policy) {
  std::vector<LoggedUser> tree;
  std::vector<LoggedUser> per_tier;
  Moments gain;
  Moments logged;
  for (uint32_t user : users) {
    tree.push_back(Logged(data, means, user, policy.tree.ArmOf(data, user)));
    per_tier.push_back(Logged(data, means, user, policy.best_arm[data.tier[user]]));
    gain.Add(DoublyRobustScore(tree.back()) - DoublyRobustScore(per_tier.back()));
    logged.Add(data.outcome[user]);
  }
  TIERWISE_ASSIGN_OR_RETURN(policy.held_out, EvaluatePolicy(tree, confidence));
  TIERWISE_ASSIGN_OR_RETURN(policy.best_per_tier, EvaluatePolicy(per_tier, confidence));
  policy.as_logged = ValueOf(logged, confidence);
  policy.gain = ValueOf(gain, confidence);
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<LearntPolicy> LearnPolicy(const PolicyData& data, const PolicyLearningOptions& options) {
  TIERWISE_RETURN_IF_ERROR(CheckPolicyData(data));
  TIERWISE_RETURN_IF_ERROR(CheckOptions(options));
  RandomDraws random(options.seed);
  const auto [learning, held_out] = Halves(AllUsers(data), random);
  const PolicyScores scores = CrossFittedScores(data, Halves(learning, random));
  constexpr size_t kFewestInLeaf = 50;
  PolicyTreeOptions tree;
  tree.depth = options.depth;
  tree.least_users = options.least_users > 0 ? options.least_users : std::max(kFewestInLeaf, learning.size() / 100);
  LearntPolicy policy;
  policy.users_learnt_from = static_cast<int64_t>(learning.size());
  policy.tree = LearnTree(data, learning, scores, tree);
  const ArmMeansByTier means(data, learning);
  for (size_t tier = 0; tier < data.tiers; ++tier) policy.best_arm.push_back(means.BestArm(tier));
  TIERWISE_RETURN_IF_ERROR(EvaluateHeldOut(data, held_out, means, options.confidence, policy));
  policy.warnings = OverlapWarnings(policy.held_out);
  for (size_t tier = 0; tier < data.tiers; ++tier) {
    for (size_t arm = 0; arm < data.arms; ++arm) {
      if (means.HasUsers(tier, arm)) continue;
      policy.warnings.push_back(
          absl::StrFormat("Tier %d never had arm %d: it counts as the tier's worst there.", tier, arm));
    }
  }
  return policy;
}

absl::StatusOr<PolicyEvaluation> EvaluateRule(const PolicyData& data, absl::FunctionRef<size_t(size_t)> arm_of,
                                              double confidence, uint64_t seed) {
  TIERWISE_RETURN_IF_ERROR(CheckPolicyData(data));
  RandomDraws random(seed);
  const std::array<Users, 2> folds = Halves(AllUsers(data), random);
  std::vector<LoggedUser> log;
  for (size_t fold : {0, 1}) {
    const ArmMeansByTier means(data, folds[1 - fold]);
    for (uint32_t user : folds[fold]) {
      const size_t arm = arm_of(user);
      if (arm >= data.arms) return InvalidField("arm_of", absl::StrCat("gives user ", user, " the unknown arm ", arm));
      log.push_back(Logged(data, means, user, arm));
    }
  }
  return EvaluatePolicy(log, confidence);
}

std::vector<std::string> OverlapWarnings(const PolicyEvaluation& evaluation) {
  constexpr double kFewEffective = 100.0;
  constexpr double kLargestShare = 0.05;
  constexpr double kMostErrors = 3.0;
  std::vector<std::string> warnings;
  if (evaluation.effective_users < kFewEffective) {
    warnings.push_back(absl::StrFormat("Poor overlap: the weights leave as much as %.0f users would tell.",
                                       evaluation.effective_users));
  }
  if (evaluation.largest_weight > kLargestShare * static_cast<double>(evaluation.users)) {
    warnings.push_back(absl::StrFormat("One user counts as %.0f of %d: the estimate hangs on few.",
                                       evaluation.largest_weight, evaluation.users));
  }
  if (std::abs(evaluation.mean_weight_z) > kMostErrors) {
    warnings.push_back(
        absl::StrFormat("The mean weight is %.1f standard errors from 1: the propensities logged are not those used.",
                        evaluation.mean_weight_z));
  }
  return warnings;
}

}  // namespace tierwise
