// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "absl/types/span.h"
#include "client/cli/text_plot.h"
#include "tierwise/v1/tier_service.pb.h"

namespace tierwise {

// 0.123 -> "12.3%".
std::string ShareText(double share);

// How many users of a set of transitions went where; those who became known or unknown are apart.
struct Movement {
  int64_t stayed = 0;
  int64_t up = 0;    // towards the tiering's first tier
  int64_t down = 0;  // towards its last
  int64_t came = 0;  // had no tier before
  int64_t left = 0;  // have none after
  int64_t known_before() const { return stayed + up + down + left; }
};

// `tiers`: ids in the tiering's order; one that is not among them counts as below all that are.
Movement MovementOf(absl::Span<const v1::Transition> transitions, absl::Span<const std::string> tiers);

// Ids of a tiering's tiers, best first.
std::vector<std::string> TierIds(const v1::Tiering& tiering);

// A matrix with the shares of each row, then how many stayed, moved up and down. Empty tiers have their row, too.
std::string RenderTransitions(absl::Span<const v1::Transition> transitions, std::vector<std::string> tiers,
                              const PlotStyle& style);

// "value: head 437 (10.0%), tail 3,935 (90.0%); 312 of 4,372 users would move: 200 tail -> head, 112 head -> tail".
std::string PreviewLine(const v1::PreviewTieringResponse& preview);

// Sizes with bars, who would move, the cuts that were found, and what deserves a look.
std::string RenderPreview(const v1::PreviewTieringResponse& preview, const PlotStyle& style);

}  // namespace tierwise
