// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <vector>

#include "absl/types/span.h"
#include "experiments/stats/estimate.h"

namespace tierwise {

// What posterior draws say of one of several choices.
struct ChoiceOdds {
  double mean = 0.0;
  double sd = 0.0;
  Interval interval;              // central, of this choice alone
  double best_probability = 0.0;  // the first of equals counts as the best
  double expected_regret = 0.0;   // what taking this one gives away on average
};

struct PosteriorChoice {
  std::vector<ChoiceOdds> odds;
  size_t best = 0;  // of most expected value; the first at a tie
  // Central range of the best choice over the draws.
  size_t lowest_likely = 0;
  size_t highest_likely = 0;
};

// The best of `choices` by draws of their values, draw by draw: draws x choices. REQUIRES: at least one draw of at
// least one choice, 0 < confidence < 1.
PosteriorChoice ChooseByDraws(absl::Span<const double> draws, size_t choices, double confidence);

}  // namespace tierwise
