// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/strings/string_view.h"
#include "experiments/audience/user_attributes.h"
#include "tierwise/v1/attribute.pb.h"

namespace tierwise {

// One value of an attribute and how many users have it.
struct ValueUsers {
  std::string value;  // "true", "42", a text or an element of a list as it is
  int64_t users = 0;

  friend bool operator==(const ValueUsers&, const ValueUsers&) = default;
};

// Counts users by the values of one attribute; lists by their elements. Texts are borrowed from the users' attributes.
// Not thread-safe.
class ValueTally {
 public:
  // REQUIRES: `type` is BOOL, INT, STRING or STRING_LIST.
  explicit ValueTally(v1::AttributeType type) : type_(type) {}

  // REQUIRES: `slot` is of the tally's type.
  void Add(const UserAttributes& attributes, int slot);
  void Merge(const ValueTally& other);
  // The most frequent values, most frequent first; of equals by value.
  std::vector<ValueUsers> Top(size_t count) const;

 private:
  v1::AttributeType type_;
  absl::flat_hash_map<absl::string_view, int64_t> texts_;
  absl::flat_hash_map<int64_t, int64_t> integers_;
};

}  // namespace tierwise
