// SPDX-License-Identifier: Apache-2.0
#include "experiments/tuning/isotonic.h"

#include <cstddef>

#include "absl/container/inlined_vector.h"
#include "absl/strings/str_cat.h"
#include "experiments/base/problems.h"
#include "experiments/stats/argument_checks.h"

namespace tierwise {
namespace {

// Adjacent entries that share one fitted value.
struct Block {
  double mean;
  double weight;
  size_t size;
};

}  // namespace

void PoolAdjacentViolators(absl::Span<double> y, absl::Span<const double> weights, MonotoneDirection direction) {
  const double sign = direction == MonotoneDirection::kNonDecreasing ? 1.0 : -1.0;
  absl::InlinedVector<Block, 16> blocks;
  for (size_t i = 0; i < y.size(); ++i) {
    Block block{sign * y[i], weights[i], 1};
    while (!blocks.empty() && (blocks.back().mean > block.mean || block.weight == 0.0 || blocks.back().weight == 0.0)) {
      const Block& last = blocks.back();
      const double weight = last.weight + block.weight;
      const double mean = weight > 0.0 ? last.mean + (block.mean - last.mean) * (block.weight / weight) : block.mean;
      block = {mean, weight, last.size + block.size};
      blocks.pop_back();
    }
    blocks.push_back(block);
  }
  size_t i = 0;
  for (const Block& block : blocks) {
    for (size_t j = 0; j < block.size; ++j) y[i++] = sign * block.mean;
  }
}

absl::StatusOr<std::vector<double>> IsotonicFit(absl::Span<const double> y, absl::Span<const double> weights,
                                                MonotoneDirection direction) {
  Problems problems;
  if (y.size() != weights.size()) {
    problems.Add("weights",
                 absl::StrCat("has ", weights.size(), " entries for ", y.size(), " responses; must have one each"));
  }
  for (size_t i = 0; i < y.size(); ++i) CheckFinite(absl::StrCat("y[", i, "]"), y[i], problems);
  for (size_t i = 0; i < weights.size(); ++i) CheckPositive(absl::StrCat("weights[", i, "]"), weights[i], problems);
  if (!problems.empty()) return problems.ToStatus();
  std::vector<double> fitted(y.begin(), y.end());
  PoolAdjacentViolators(absl::MakeSpan(fitted), weights, direction);
  return fitted;
}

}  // namespace tierwise
