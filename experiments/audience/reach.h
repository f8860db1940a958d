// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "experiments/audience/condition_program.h"
#include "experiments/audience/tiering_program.h"
#include "experiments/audience/user_scan.h"
#include "experiments/audience/value_tally.h"

namespace tierwise {

// How a user's tier is found: the stored membership where it is of that revision, else by the rules.
struct TierSource {
  std::string tiering;                      // id; empty: no membership counts
  int64_t revision = 0;                     // whose memberships count; 0: of any
  const TieringProgram* program = nullptr;  // null: users without a membership have no tier
};

// Users for whom a condition holds, and who are in certain tiers.
struct ReachTarget {
  const ConditionProgram* condition = nullptr;  // null: everyone
  TierSource tiers;
  std::vector<bool> wanted_tiers;  // by index of the tier; empty: all, and users without one
};

// What is to be counted.
struct ReachQuery {
  ReachTarget target;
  TierSource by_tiers;                // to count by; neither tiering nor program: not at all
  int by_slot = -1;                   // of a BOOL, INT, STRING or STRING_LIST to count by; -1: not at all
  size_t max_values = 20;             // that are returned
  size_t max_samples = 0;             // keys that are returned
  std::vector<ReachTarget> overlaps;  // users of the target who are in each of these, too
  int64_t now_micros = 0;             // time of evaluation
};

struct Reach {
  int64_t users = 0;
  int64_t known_users = 0;
  std::vector<int64_t> by_tier;       // by index of the tier; users without one are in none
  std::vector<ValueUsers> by_value;   // most frequent first; a list counts for each of its elements
  int64_t other_values = 0;           // users of the target who have none of `by_value`
  std::vector<uint64_t> sample_keys;  // the same for the same users, whatever the number of threads
  std::vector<int64_t> overlaps;      // by index in the query
};

// Counts exactly. REQUIRES: programs were made for `schema`; at least one thread; at most 64 tiers.
Reach ReachOf(const UserScan& scan, const AttributeSchema& schema, const ReachQuery& query, int threads);

}  // namespace tierwise
