// SPDX-License-Identifier: Apache-2.0
#include "experiments/tuning/off_policy.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>

#include "absl/strings/str_cat.h"
#include "experiments/base/problems.h"
#include "experiments/base/status_macros.h"
#include "experiments/stats/argument_checks.h"

namespace tierwise {
namespace {

PolicyValue ValueOf(double value, double se, double confidence) {
  const double reach = CriticalValue(confidence, std::numeric_limits<double>::infinity()) * se;
  return {value, se, {value - reach, value + reach}};
}

PolicyValue MeanOf(const Moments& scores, double confidence) {
  return ValueOf(scores.mean, std::sqrt(scores.Variance() / static_cast<double>(scores.n)), confidence);
}

absl::Status CheckLog(absl::Span<const LoggedUser> log, double confidence) {
  Problems problems;
  CheckOpenUnit("confidence", confidence, problems);
  if (log.size() < 2) problems.Add("log", absl::StrCat("has ", log.size(), " users; at least two are needed"));
  for (size_t i = 0; i < log.size(); ++i) {
    const LoggedUser& user = log[i];
    const bool is_good = std::isfinite(user.outcome) && user.propensity > 0.0 && user.propensity <= 1.0 &&
                         user.policy_probability >= 0.0 && user.policy_probability <= 1.0 &&
                         std::isfinite(user.predicted_at_arm) && std::isfinite(user.predicted_at_policy);
    // The path is only built for the bad ones: logs are long.
    if (is_good) continue;
    const std::string field = absl::StrCat("log[", i, "]");
    CheckFinite(field + ".outcome", user.outcome, problems);
    CheckPositive(field + ".propensity", user.propensity, problems);
    CheckProbability(field + ".propensity", user.propensity, problems);
    CheckProbability(field + ".policy_probability", user.policy_probability, problems);
    CheckFinite(field + ".predicted_at_arm", user.predicted_at_arm, problems);
    CheckFinite(field + ".predicted_at_policy", user.predicted_at_policy, problems);
  }
  return problems.ToStatus();
}

absl::Status CheckBatches(absl::Span<const AdaptiveBatch> batches, size_t arm, double confidence) {
  Problems problems;
  CheckOpenUnit("confidence", confidence, problems);
  for (size_t b = 0; b < batches.size(); ++b) {
    const std::string field = absl::StrCat("batches[", b, "]");
    if (batches[b].shares.size() != batches[b].outcomes.size() || arm >= batches[b].shares.size()) {
      problems.Add(field, absl::StrCat("has ", batches[b].shares.size(), " shares and ", batches[b].outcomes.size(),
                                       " outcomes; must have one of each for every arm, arm ", arm, " among them"));
      continue;
    }
    CheckProbability(absl::StrCat(field, ".shares[", arm, "]"), batches[b].shares[arm], problems);
    if (batches[b].shares[arm] == 0.0 && batches[b].outcomes[arm].n > 0) {
      problems.Add(absl::StrCat(field, ".shares[", arm, "]"), "is 0 although the arm has users");
    }
  }
  return problems.ToStatus();
}

// The scores G = mu + 1{arm}(Y - mu) / e of one batch, which share one weight.
struct BatchScores {
  double weight;  // sqrt(e)
  double users;   // of all arms
  double in_arm;  // users of the arm
  double prior;   // mu: the score of every other user
  double score;   // mean score of the arm's users
  double spread;  // sum of squares of the arm's scores about their mean
};

}  // namespace

absl::StatusOr<PolicyEvaluation> EvaluatePolicy(absl::Span<const LoggedUser> log, double confidence) {
  TIERWISE_RETURN_IF_ERROR(CheckLog(log, confidence));
  PolicyEvaluation result;
  result.users = static_cast<int64_t>(log.size());
  Moments weights;
  Moments ipw;
  Moments doubly_robust;
  double sum_of_squares = 0.0;
  for (const LoggedUser& user : log) {
    const double weight = user.policy_probability / user.propensity;
    weights.Add(weight);
    ipw.Add(weight * user.outcome);
    doubly_robust.Add(user.predicted_at_policy + weight * (user.outcome - user.predicted_at_arm));
    sum_of_squares += weight * weight;
    result.largest_weight = std::max(result.largest_weight, weight);
  }
  if (!(weights.mean > 0.0)) {
    return InvalidField("log",
                        "has no user who got what the policy would give; its value cannot be told from these data");
  }
  const auto n = static_cast<double>(log.size());
  result.ipw = MeanOf(ipw, confidence);
  result.doubly_robust = MeanOf(doubly_robust, confidence);
  const double ratio = ipw.mean / weights.mean;
  Moments residuals;
  for (const LoggedUser& user : log) {
    residuals.Add(user.policy_probability / user.propensity * (user.outcome - ratio) / weights.mean);
  }
  result.self_normalised = ValueOf(ratio, std::sqrt(residuals.Variance() / n), confidence);
  result.effective_users = n * weights.mean * n * weights.mean / sum_of_squares;
  const double weight_se = std::sqrt(weights.Variance() / n);
  result.mean_weight_z = weight_se > 0.0 ? (weights.mean - 1.0) / weight_se : 0.0;
  return result;
}

absl::StatusOr<AdaptiveArm> EvaluateAdaptiveArm(absl::Span<const AdaptiveBatch> batches, size_t arm,
                                                double confidence) {
  TIERWISE_RETURN_IF_ERROR(CheckBatches(batches, arm, confidence));
  std::vector<BatchScores> scores;
  Moments before;
  double weighted = 0.0;
  double total_weight = 0.0;
  for (const AdaptiveBatch& batch : batches) {
    const double propensity = batch.shares[arm];
    if (propensity == 0.0) continue;
    const Moments& own = batch.outcomes[arm];
    BatchScores entry{std::sqrt(propensity), 0.0, static_cast<double>(own.n), before.mean, 0.0, 0.0};
    for (const Moments& outcomes : batch.outcomes) entry.users += static_cast<double>(outcomes.n);
    entry.score = entry.prior + (own.mean - entry.prior) / propensity;
    entry.spread = own.m2 / (propensity * propensity);
    weighted += entry.weight * ((entry.users - entry.in_arm) * entry.prior + entry.in_arm * entry.score);
    total_weight += entry.weight * entry.users;
    scores.push_back(entry);
    before.Merge(own);
  }
  if (before.n < 2) return InvalidField("batches", absl::StrCat("have ", before.n, " users of arm ", arm, "; too few"));
  const double value = weighted / total_weight;
  double squares = 0.0;
  for (const BatchScores& entry : scores) {
    const double others = entry.prior - value;
    const double own = entry.score - value;
    squares += entry.weight * entry.weight *
               ((entry.users - entry.in_arm) * others * others + entry.in_arm * own * own + entry.spread);
  }
  return AdaptiveArm{ValueOf(value, std::sqrt(squares) / total_weight, confidence), MeanOf(before, confidence)};
}

}  // namespace tierwise
