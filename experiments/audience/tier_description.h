// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "experiments/audience/reach.h"

namespace tierwise {

struct HistogramStep {
  double lower = 0;
  double upper = 0;  // the last one's is included
  int64_t users = 0;
};

// How an attribute is distributed over some users; see v1::Distribution, whose fields these are.
struct AttributeDistribution {
  int64_t users = 0;
  int64_t missing = 0;
  std::optional<double> mean;
  std::vector<double> quantiles;
  std::vector<HistogramStep> bins;
  std::vector<ValueUsers> values;
};

struct DescribedTier {
  int64_t users = 0;
  double value = 0;  // sum of the value attribute
  AttributeDistribution distribution;
};

struct TierDescriptionQuery {
  std::string tiering;
  int value_slot = -1;      // of an INT or DOUBLE attribute; -1: none
  int attribute_slot = -1;  // of the attribute whose distribution is wanted; -1: none
};

// One entry for each tier of the stored membership; empty where the tiering was not refreshed.
// Numbers of one attribute are held in memory while they are sorted: 8 bytes for each user.
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
  int64_t users = 0;                       // with the attribute
  int64_t missing = 0;
  double value = 0;  // of all users with the attribute
};

// `slot` and `value_slot` are of INT or DOUBLE attributes. Without thresholds: at the quantiles 0.5, 0.75, 0.9, 0.95
// and 0.99 (nearest rank).
ThresholdTable ExploreThresholds(const UserScan& scan, const AttributeSchema& schema, int slot, int value_slot,
                                 std::vector<double> thresholds, int threads);

}  // namespace tierwise
