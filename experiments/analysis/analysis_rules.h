// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "absl/time/time.h"
#include "tierwise/v1/campaign.pb.h"

namespace tierwise {

// How a campaign's results are judged: its analysis plan with every default filled in.
struct AnalysisRules {
  double alpha = 0.05;  // of all claims about the primary metric together
  v1::SequentialRule sequential_rule = v1::SEQUENTIAL_RULE_ALWAYS_VALID;  // never UNSPECIFIED
  double worthwhile_lift = 0.0;
  v1::TierCorrection tier_correction = v1::TIER_CORRECTION_HOLM;  // never UNSPECIFIED
  // When users enter. Infinite where the schedule has no such time; `start` is then the first exposure.
  absl::Time start = absl::InfinitePast();
  absl::Time end = absl::InfiniteFuture();
};

// The rules of `campaign`. Without a scheduled start users enter from its launch on. REQUIRES: CheckCampaign finds no
// problem.
AnalysisRules RulesOf(const v1::Campaign& campaign);

}  // namespace tierwise
