// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"

namespace tierwise {

// What is known of every user before they were given an arm.
struct PolicyAttribute {
  std::string name;
  // Categories are numbered from 0 to `categories` - 1, at most 1,000. Otherwise a number; a bool is 0 or 1.
  bool is_categorical = false;
  int categories = 0;
  std::vector<double> values;  // one for each user; NaN where missing
};

// Users of a randomised log, by columns. At most 20 attributes besides the tier.
struct PolicyData {
  size_t arms = 0;                 // 2 to 64
  size_t tiers = 0;                // 1 to 1,000
  std::vector<uint16_t> arm;       // that each user got
  std::vector<uint16_t> tier;      // of each user
  std::vector<double> outcome;     // the value to be made large
  std::vector<double> propensity;  // with which the user got their arm, in (0, 1]
  std::vector<PolicyAttribute> attributes;

  size_t users() const { return arm.size(); }
};

// Every problem of `data`, with field paths; of its long columns the first bad entry of each.
absl::Status CheckPolicyData(const PolicyData& data);

}  // namespace tierwise
