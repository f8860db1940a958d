// SPDX-License-Identifier: Apache-2.0
#include "experiments/tuning/post_stratified_moments.h"

#include <utility>
#include <vector>

namespace tierwise {

JointMoments PostStratifiedMoments(absl::Span<const JointMoments> strata, absl::Span<const double> weights) {
  if (strata.size() == 1) return strata[0];
  const int size = strata[0].size();
  double total = 0.0;
  for (const double weight : weights) total += weight;
  int64_t n = 0;
  std::vector<double> mean(static_cast<size_t>(size), 0.0);
  std::vector<double> upper(static_cast<size_t>(size * (size + 1) / 2), 0.0);
  for (size_t s = 0; s < strata.size(); ++s) {
    const JointMoments& stratum = strata[s];
    const double share = weights[s] / total;
    n += stratum.n();
    size_t at = 0;
    for (int i = 0; i < size; ++i) {
      mean[static_cast<size_t>(i)] += share * stratum.mean(i);
      for (int j = i; j < size; ++j) {
        upper[at++] += share * share * stratum.Covariance(i, j) / static_cast<double>(stratum.n());
      }
    }
  }
  for (double& comoment : upper) comoment *= static_cast<double>(n) * static_cast<double>(n - 1);
  return JointMoments::FromParts(n, std::move(mean), std::move(upper));
}

}  // namespace tierwise
