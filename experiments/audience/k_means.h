// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "experiments/audience/points.h"

namespace tierwise {

// Puts each point into one of `clusters` clusters, none of them empty, so that points are near their cluster's mean:
// Lloyd's iterations from the best of several k-means++ starts (Arthur & Vassilvitskii 2007). The same points, in the
// same order, and seed give the same clusters. At most 100 passes over all points. REQUIRES: 1 <= clusters <= the
// number of distinct points.
std::vector<int> KMeans(const Points& points, int clusters, uint64_t seed);

// The mean silhouette (Rousseeuw 1987) of a random sample of at most 2,000 points, within that sample: -1 to 1; near 0
// where there is no structure. 0 where all of the sample are in one cluster. REQUIRES: clusters.size() ==
// points.size().
double Silhouette(const Points& points, const std::vector<int>& clusters, uint64_t seed);

}  // namespace tierwise
