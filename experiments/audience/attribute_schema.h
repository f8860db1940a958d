// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/string_view.h"
#include "experiments/base/definitions.h"
#include "tierwise/v1/attribute.pb.h"

namespace tierwise {

// The attributes that are declared, each with a slot: its place in a user's values. Immutable.
class AttributeSchema {
 public:
  AttributeSchema() = default;
  // Slots follow the order of ids.
  explicit AttributeSchema(const Definitions& definitions);

  int size() const { return static_cast<int>(types_.size()); }
  std::optional<int> SlotOf(absl::string_view attribute) const;
  // REQUIRES: 0 <= slot < size().
  v1::AttributeType TypeOf(int slot) const { return types_[static_cast<size_t>(slot)]; }
  bool IsDerived(int slot) const { return is_derived_[static_cast<size_t>(slot)]; }
  const std::string& IdOf(int slot) const { return ids_[static_cast<size_t>(slot)]; }

 private:
  std::vector<std::string> ids_;
  std::vector<v1::AttributeType> types_;
  std::vector<bool> is_derived_;
  absl::flat_hash_map<std::string, int> slots_;
};

}  // namespace tierwise
