// SPDX-License-Identifier: Apache-2.0
#include "server/storage/profile_store.h"

#include <algorithm>

#include "absl/container/flat_hash_map.h"

namespace tierwise {

void ApplyChange(const ProfileChange& change, v1::Profile& profile) {
  if (change.is_whole) profile.clear_attributes();
  profile.set_user_id(change.profile.user_id());
  auto& attributes = *profile.mutable_attributes();
  absl::flat_hash_map<std::string, int> index_of;
  for (int i = 0; i < attributes.size(); ++i) index_of.emplace(attributes[i].attribute(), i);
  for (const v1::AttributeValue& value : change.profile.attributes()) {
    auto [found, is_new] = index_of.try_emplace(value.attribute(), attributes.size());
    if (is_new) attributes.Add();
    attributes[found->second] = value;
  }
  // A value that is unset forgets the attribute.
  auto is_unset = [](const v1::AttributeValue& value) {
    return value.value_case() == v1::AttributeValue::VALUE_NOT_SET;
  };
  attributes.erase(std::remove_if(attributes.begin(), attributes.end(), is_unset), attributes.end());
}

}  // namespace tierwise
