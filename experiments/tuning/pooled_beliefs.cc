// SPDX-License-Identifier: Apache-2.0
#include "experiments/tuning/pooled_beliefs.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/str_cat.h"
#include "experiments/base/problems.h"
#include "experiments/base/status_macros.h"
#include "experiments/stats/argument_checks.h"
#include "experiments/stats/pooling.h"

namespace tierwise {
namespace {

// Scale of the prior of how far tiers differ, in means of the control.
constexpr double kTierScale = 0.1;

absl::Status Check(absl::Span<const std::vector<ArmBelief>> tiers, size_t control) {
  Problems problems;
  if (tiers.empty()) problems.Add("tiers", "is empty; at least one tier is needed");
  for (size_t t = 0; t < tiers.size(); ++t) {
    const std::string field = absl::StrCat("tiers[", t, "]");
    if (tiers[t].size() != tiers[0].size() || control >= tiers[t].size()) {
      problems.Add(field, absl::StrCat("has ", tiers[t].size(), " arms; must have as many as the first, ",
                                       tiers[0].size(), ", arm ", control, " among them"));
    }
    for (size_t a = 0; a < tiers[t].size(); ++a) {
      CheckFinite(absl::StrCat(field, "[", a, "].mean"), tiers[t][a].mean, problems);
      CheckNonNegative(absl::StrCat(field, "[", a, "].sd"), tiers[t][a].sd, problems);
    }
  }
  return problems.ToStatus();
}

bool IsKnown(const ArmBelief& belief) { return belief.users > 0 && belief.sd > 0.0; }

}  // namespace

absl::StatusOr<std::vector<std::vector<ArmBelief>>> PoolBeliefs(absl::Span<const std::vector<ArmBelief>> tiers,
                                                                size_t control) {
  TIERWISE_RETURN_IF_ERROR(Check(tiers, control));
  std::vector<std::vector<ArmBelief>> pooled(tiers.begin(), tiers.end());
  double scale = 0.0;
  for (const std::vector<ArmBelief>& tier : tiers) {
    scale += std::abs(tier[control].mean) / static_cast<double>(tiers.size());
  }
  if (!(scale > 0.0)) return pooled;
  for (size_t a = 0; a < tiers[0].size(); ++a) {
    if (a == control) continue;
    PartialPoolingInput input;
    input.tau_scale = kTierScale * scale;
    std::vector<size_t> members;
    for (size_t t = 0; t < tiers.size(); ++t) {
      const ArmBelief& arm = tiers[t][a];
      const ArmBelief& base = tiers[t][control];
      if (!IsKnown(arm) || !IsKnown(base)) continue;
      input.effects.push_back({arm.mean - base.mean, std::hypot(arm.sd, base.sd)});
      members.push_back(t);
    }
    if (members.size() < 2) continue;
    TIERWISE_ASSIGN_OR_RETURN(const PartialPooling pooling, PoolPartially(input));
    for (size_t i = 0; i < members.size(); ++i) {
      ArmBelief& belief = pooled[members[i]][a];
      const double of_control = tiers[members[i]][control].sd;
      const Posterior& effect = pooling.tiers[i];
      belief.mean = tiers[members[i]][control].mean + effect.mean;
      // What the control's own error leaves of the difference's, at least a tenth: the two are taken as independent.
      belief.sd = std::sqrt(std::max(effect.sd * effect.sd - of_control * of_control, 0.01 * effect.sd * effect.sd));
    }
  }
  return pooled;
}

}  // namespace tierwise
