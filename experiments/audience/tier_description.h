// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "experiments/audience/attribute_distribution.h"
#include "experiments/audience/user_scan.h"

namespace tierwise {

struct DescribedTier {
  int64_t users = 0;
  double value = 0;  // sum of the value attribute over them
  AttributeDistribution distribution;
};

struct TierDescriptionQuery {
  std::string tiering;      // id
  int value_slot = -1;      // of the INT or DOUBLE attribute that is summed; -1: none
  int attribute_slot = -1;  // of the attribute whose distribution is wanted; -1: none
};

// One entry for each tier that memberships are of; empty where the tiering was not refreshed. Numbers of the attribute
// are held in memory: 8 bytes for each user.
std::vector<DescribedTier> DescribeTiers(const UserScan& scan, const AttributeSchema& schema,
                                         const TierDescriptionQuery& query, int threads);

// What lies at or above one threshold.
struct ThresholdUsers {
  double threshold = 0;
  int64_t users_above = 0;
  double value_above = 0;
};

struct ThresholdTable {
  std::vector<ThresholdUsers> thresholds;  // ascending
  int64_t users = 0;                       // who have the attribute
  int64_t missing = 0;
  double value = 0;  // of all who have it
};

// `slot` and `value_slot` are of INT or DOUBLE attributes; users without a value count 0 to the sum. Without
// thresholds, at the quantiles 0.5, 0.75, 0.9, 0.95 and 0.99 (nearest rank; none where nobody has the attribute).
// Numbers of both are held in memory: 16 bytes for each user.
ThresholdTable ExploreThresholds(const UserScan& scan, const AttributeSchema& schema, int slot, int value_slot,
                                 std::vector<double> thresholds, int threads);

}  // namespace tierwise
