// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "experiments/audience/attribute_schema.h"
#include "experiments/audience/user_attributes.h"
#include "experiments/base/definitions.h"
#include "experiments/base/proto_time.h"
#include "server/storage/profile_store.h"
#include "tierwise/v1/event.pb.h"

namespace tierwise {

// Of the values of a stored profile, those that the catalog of now takes: of an attribute that is declared, supplied,
// and was so when they came in. Not thread-safe.
class ProfileFilter {
 public:
  // Both must outlive it.
  ProfileFilter(const Definitions& definitions, const AttributeSchema& schema)
      : definitions_(definitions), schema_(schema), values_(schema) {}

  v1::Profile Kept(const ProfileChange& change) {
    v1::Profile kept;
    for (const v1::AttributeValue& value : change.profile.attributes()) {
      const v1::Attribute* attribute = definitions_.FindAttribute(value.attribute());
      if (attribute == nullptr || attribute->has_derivation()) continue;
      if (FromProto(attribute->meta().create_time()) > change.received) continue;
      // A value that is unset forgets the attribute.
      if (values_.Set(schema_, value).ok()) *kept.add_attributes() = value;
    }
    values_.Clear();
    return kept;
  }

 private:
  const Definitions& definitions_;
  const AttributeSchema& schema_;
  UserAttributes values_;
};

}  // namespace tierwise
