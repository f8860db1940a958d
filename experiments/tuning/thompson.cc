// SPDX-License-Identifier: Apache-2.0
#include "experiments/tuning/thompson.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <utility>

#include "absl/strings/str_cat.h"
#include "experiments/base/problems.h"
#include "experiments/base/status_macros.h"
#include "experiments/stats/argument_checks.h"
#include "experiments/tuning/best_arm.h"

namespace tierwise {
namespace {

absl::Status Check(absl::Span<const ArmBelief> arms, const AllocationOptions& options, size_t running) {
  Problems problems;
  if (running == 0) problems.Add("arms", "has none that is not stopped");
  CheckProbability("beta", options.beta, problems);
  CheckProbability("uniform_share", options.uniform_share, problems);
  if (!(options.floor >= 0.0 && options.floor * static_cast<double>(running) <= 1.0)) {
    problems.Add("floor",
                 absl::StrCat("is ", options.floor, "; must be between 0 and 1 / ", running, ", the arms running"));
  }
  for (size_t i = 0; i < arms.size(); ++i) {
    CheckFinite(absl::StrCat("arms[", i, "].mean"), arms[i].mean, problems);
    CheckNonNegative(absl::StrCat("arms[", i, "].sd"), arms[i].sd, problems);
  }
  return problems.ToStatus();
}

bool IsEarly(absl::Span<const ArmBelief> arms, const AllocationOptions& options) {
  return std::any_of(arms.begin(), arms.end(),
                     [&](const ArmBelief& arm) { return !arm.is_stopped && arm.users < options.min_users; });
}

// The rule's own shares of the running arms, from their odds.
absl::StatusOr<std::vector<double>> RuleShares(std::vector<double> odds, bool is_early,
                                               const AllocationOptions& options) {
  if (is_early) return std::vector<double>(odds.size(), 1.0 / static_cast<double>(odds.size()));
  if (options.rule == AllocationRule::kThompson) return odds;
  return TopTwoShares(odds, options.beta);
}

// Spreads the running arms' shares over all arms, with floors and the uniform part.
std::vector<double> WithFloors(absl::Span<const ArmBelief> arms, const std::vector<double>& rule_shares,
                               const AllocationOptions& options) {
  const auto k = static_cast<double>(rule_shares.size());
  std::vector<double> shares(arms.size(), 0.0);
  size_t next = 0;
  for (size_t i = 0; i < arms.size(); ++i) {
    if (arms[i].is_stopped) continue;
    const double adaptive = options.floor + (1.0 - k * options.floor) * rule_shares[next++];
    shares[i] = options.uniform_share / k + (1.0 - options.uniform_share) * adaptive;
  }
  return shares;
}

size_t Running(absl::Span<const ArmBelief> arms) {
  return static_cast<size_t>(
      std::count_if(arms.begin(), arms.end(), [](const ArmBelief& arm) { return !arm.is_stopped; }));
}

}  // namespace

absl::StatusOr<std::vector<double>> NextShares(absl::Span<const ArmBelief> arms, const AllocationOptions& options) {
  TIERWISE_RETURN_IF_ERROR(Check(arms, options, Running(arms)));
  std::vector<double> means;
  std::vector<double> sds;
  for (const ArmBelief& arm : arms) {
    if (arm.is_stopped) continue;
    means.push_back(arm.mean);
    sds.push_back(arm.sd);
  }
  TIERWISE_ASSIGN_OR_RETURN(std::vector<double> odds, ProbabilityBest(means, sds));
  TIERWISE_ASSIGN_OR_RETURN(const std::vector<double> shares,
                            RuleShares(std::move(odds), IsEarly(arms, options), options));
  return WithFloors(arms, shares, options);
}

absl::StatusOr<std::vector<double>> NextSharesFromOdds(absl::Span<const ArmBelief> arms,
                                                       absl::Span<const double> best_probability,
                                                       const AllocationOptions& options) {
  TIERWISE_RETURN_IF_ERROR(Check(arms, options, Running(arms)));
  Problems problems;
  if (best_probability.size() != arms.size()) {
    problems.Add("best_probability",
                 absl::StrCat("has ", best_probability.size(), " entries for ", arms.size(), " arms"));
    return problems.ToStatus();
  }
  std::vector<double> odds;
  double total = 0.0;
  for (size_t i = 0; i < arms.size(); ++i) {
    CheckProbability(absl::StrCat("best_probability[", i, "]"), best_probability[i], problems);
    if (arms[i].is_stopped) continue;
    odds.push_back(best_probability[i]);
    total += best_probability[i];
  }
  if (!(total > 0.0)) problems.Add("best_probability", "is 0 for every arm that is not stopped");
  TIERWISE_RETURN_IF_ERROR(problems.ToStatus());
  for (double& entry : odds) entry /= total;
  TIERWISE_ASSIGN_OR_RETURN(const std::vector<double> shares,
                            RuleShares(std::move(odds), IsEarly(arms, options), options));
  return WithFloors(arms, shares, options);
}

std::vector<uint32_t> WeightsOf(absl::Span<const double> shares, uint32_t total) {
  std::vector<uint32_t> weights(shares.size(), 0);
  std::vector<double> remainder(shares.size(), 0.0);
  int64_t left = total;
  for (size_t i = 0; i < shares.size(); ++i) {
    const double exact = shares[i] * total;
    const double whole = shares[i] > 0.0 ? std::max(1.0, std::floor(exact)) : 0.0;
    weights[i] = static_cast<uint32_t>(whole);
    remainder[i] = exact - whole;
    left -= weights[i];
  }
  // What is left over goes to the largest remainders; what the least weight of 1 took too much comes from the heaviest
  // arms.
  for (; left > 0; --left) {
    const auto most = std::max_element(remainder.begin(), remainder.end()) - remainder.begin();
    ++weights[static_cast<size_t>(most)];
    remainder[static_cast<size_t>(most)] -= 1.0;
  }
  for (; left < 0; ++left) --*std::max_element(weights.begin(), weights.end());
  return weights;
}

}  // namespace tierwise
