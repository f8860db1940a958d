// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "experiments/stats/estimate.h"
#include "tierwise/v1/report.pb.h"

namespace tierwise {

// What the tiers say of each other about one variant.
struct TierEffects {
  v1::Heterogeneity
      heterogeneity;  // variant left for the caller; degrees_of_freedom 0 where fewer than two tiers can be compared
  // Per tier: its difference drawn towards the others'; nullopt where it has no error or there is nothing to draw from.
  std::vector<std::optional<v1::Comparison>> pooled;
};

// `tier_means`: per tier, nullopt where it has none; `overall`: the same over all tiers. The standard deviation of the
// tiers' true effects has a half-normal prior, of scale as large as the overall effect, or a tenth of the control's
// mean where that is more: effects are believed to vary about as much as they are large.
absl::StatusOr<TierEffects> CompareTiers(absl::Span<const std::optional<ArmMeans>> tier_means, const ArmMeans& overall,
                                         double confidence);

}  // namespace tierwise
