// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"
#include "experiments/base/definitions.h"
#include "experiments/base/problems.h"
#include "tierwise/v1/campaign.pb.h"

namespace tierwise {

// The buckets that `campaign` should hold in its layer: those that it holds already and, until they are
// `layer.share_bp` together, more from those that no other launched campaign of `definitions` holds. As few ranges as
// there can be, the first that fit; in order, neighbours joined. FailedPrecondition, naming how many are free and who
// holds the rest, where too few are. REQUIRES: it has a layer, and a share of at most 10,000.
absl::StatusOr<std::vector<v1::BucketRange>> AllocateBuckets(const v1::Campaign& campaign,
                                                             const Definitions& definitions);

// Adds a problem for every launched campaign whose buckets are another's too.
void CheckBucketsAreSeparate(const Definitions& definitions, Problems& problems);

}  // namespace tierwise
