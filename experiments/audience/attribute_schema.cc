// SPDX-License-Identifier: Apache-2.0
#include "experiments/audience/attribute_schema.h"

namespace tierwise {

AttributeSchema::AttributeSchema(const Definitions& definitions) {
  for (const Definitions::Pointer& definition : definitions.InCollection("attributes")) {
    const v1::Attribute& attribute = definition->attribute();
    slots_.emplace(attribute.id(), size());
    ids_.push_back(attribute.id());
    types_.push_back(attribute.type());
    is_derived_.push_back(attribute.has_derivation());
  }
}

std::optional<int> AttributeSchema::SlotOf(absl::string_view attribute) const {
  const auto it = slots_.find(attribute);
  if (it == slots_.end()) return std::nullopt;
  return it->second;
}

}  // namespace tierwise
