// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "experiments/audience/condition_program.h"
#include "experiments/audience/tiering_program.h"
#include "experiments/audience/user_scan.h"

namespace tierwise {

// How a user's tier is found: the stored membership where there is one of that revision, else by the rules.
struct TierSource {
  std::string tiering;                      // id; empty: no tiers at all
  int64_t revision = 0;                     // whose memberships count; 0: of any revision, and only they count
  const TieringProgram* program = nullptr;  // null: users without a membership have no tier
};

// Users for whom a condition holds, and who are in certain tiers.
struct ReachTarget {
  const ConditionProgram* condition = nullptr;  // null: everyone
  TierSource tiers;
  std::vector<bool> wanted_tiers;  // by index of the tier; empty: all, and users without one
};

struct ReachQuery {
  ReachTarget target;
  TierSource by_tiers;                // to count by; no tiering: not at all
  int by_slot = -1;                   // of the attribute to count by; -1: not at all
  size_t max_values = 20;             // most frequent ones that are returned
  size_t max_samples = 0;             // keys that are returned
  std::vector<ReachTarget> overlaps;  // users of the target who are in each of these, too
};

// One value of an attribute and how many users have it.
struct ValueUsers {
  std::string value;  // as UserAttributes::Print has it; a text, or an element of a list, as it is
  int64_t users = 0;

  friend bool operator==(const ValueUsers&, const ValueUsers&) = default;
};

struct Reach {
  int64_t users = 0;
  int64_t known_users = 0;
  std::vector<int64_t> by_tier;       // by index of the tier; users without one are in none
  std::vector<ValueUsers> by_value;   // most frequent first; of equals by value
  int64_t other_values = 0;           // users of the target with another value, or none
  std::vector<uint64_t> sample_keys;  // the same whatever the number of threads
  std::vector<int64_t> overlaps;
};

// Counts exactly. Lists count by their elements: a user with two is in two values, and in other_values only with none
// of `by_value`. REQUIRES: programs and `schema` belong together; at least one thread.
Reach ReachOf(const UserScan& scan, const AttributeSchema& schema, const ReachQuery& query, int threads);

}  // namespace tierwise
