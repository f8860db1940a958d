// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"

namespace tierwise {

// An exact e-value for equal conversion probabilities in two arms, stratified over tiers: valid at any counts, from the
// first user on and under any peeking, with no normal approximation (Turner, Ly & Grunwald 2024, Turner & Grunwald
// 2023).
//
// Data arrive in blocks: what one tier gained between two looks. For a block with nC and nT users, an alternative
// (thetaC, thetaT) and theta0 = (nC thetaC + nT thetaT) / (nC + nT), the likelihood ratio of (thetaC, thetaT) to theta0
// has expectation at most 1 whatever the common probability is. Alternatives here share a log odds ratio over the
// tiers, on a fixed grid of 36 values from 0.002 to about 2 in size; each tier's theta0 is what the tier's earlier
// blocks say. The e-value is the mean over the grid of the products over all blocks. A tier's first block only teaches
// its base rate, unless one is given.

// Counts that one tier gained between two looks. Blocks must be cut without regard to their outcomes, such as one a
// day.
struct BernoulliBlock {
  int stratum = 0;  // 0 .. strata - 1
  int64_t control_conversions = 0;
  int64_t control_n = 0;
  int64_t treatment_conversions = 0;
  int64_t treatment_n = 0;
};

struct BernoulliEValue {
  double ln_e_value = 0.0;      // after the last block
  double max_ln_e_value = 0.0;  // over all blocks, at least 0
  double p_value = 1.0;         // always-valid, two-sided: exp(-max_ln_e_value)
  std::vector<double> ln_path;  // ln e-value after each block
};

// `blocks` in order of time, of any strata; a block of one arm is evidence of the base rate alone.
// `baseline_probabilities`, one for each stratum or empty, are rates known before the campaign: a wrong one costs
// power, never validity. InvalidArgument: a negative count, more conversions than users, a stratum out of range.
absl::StatusOr<BernoulliEValue> StratifiedBernoulliEValue(absl::Span<const BernoulliBlock> blocks, int strata,
                                                          absl::Span<const double> baseline_probabilities = {});

}  // namespace tierwise
