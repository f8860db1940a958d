// SPDX-License-Identifier: Apache-2.0
#include "experiments/stats/gatekeeping.h"

#include "absl/strings/str_cat.h"
#include "experiments/base/problems.h"
#include "experiments/base/status_macros.h"
#include "experiments/stats/argument_checks.h"

namespace tierwise {
namespace {

// Strict sequence: overall, then heterogeneity, each at alpha.
void PassInSequence(double overall_p, double heterogeneity_p, double alpha, Claims& claims) {
  claims.has_overall_effect = overall_p <= alpha;
  claims.tiers_differ = claims.has_overall_effect && heterogeneity_p <= alpha;
  claims.tier_alpha = claims.tiers_differ ? alpha : 0.0;
}

// Heterogeneity has a level of its own, to which that of a shown overall effect is added (Bretz et al. 2009).
void PassEither(double overall_p, double heterogeneity_p, const GateRule& rule, Claims& claims) {
  claims.has_overall_effect = overall_p <= (1.0 - rule.heterogeneity_share) * rule.alpha;
  const double level = claims.has_overall_effect ? rule.alpha : rule.heterogeneity_share * rule.alpha;
  claims.tiers_differ = heterogeneity_p <= level;
  claims.tier_alpha = claims.tiers_differ ? level : 0.0;
}

}  // namespace

absl::StatusOr<Claims> GatekeepClaims(double overall_p, double heterogeneity_p, absl::Span<const double> tier_p_values,
                                      const GateRule& rule) {
  Problems problems;
  CheckProbability("overall_p", overall_p, problems);
  CheckProbability("heterogeneity_p", heterogeneity_p, problems);
  CheckOpenUnit("alpha", rule.alpha, problems);
  if (!(rule.heterogeneity_share >= 0.0 && rule.heterogeneity_share < 1.0)) {
    problems.Add("heterogeneity_share", absl::StrCat("is ", rule.heterogeneity_share, "; must be in [0, 1)"));
  }
  TIERWISE_RETURN_IF_ERROR(problems.ToStatus());
  Claims claims;
  if (rule.heterogeneity_share == 0.0) {
    PassInSequence(overall_p, heterogeneity_p, rule.alpha, claims);
  } else {
    PassEither(overall_p, heterogeneity_p, rule, claims);
  }
  claims.are_tiers_tested = claims.tier_alpha > 0.0;
  TIERWISE_ASSIGN_OR_RETURN(claims.tiers, DecideFamily(rule.tier_method, tier_p_values,
                                                       claims.are_tiers_tested ? claims.tier_alpha : rule.alpha));
  if (!claims.are_tiers_tested) {
    for (FamilyDecision& tier : claims.tiers) tier.is_rejected = tier.is_cut_at_null = false;
  }
  return claims;
}

}  // namespace tierwise
