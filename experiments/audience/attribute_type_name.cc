// SPDX-License-Identifier: Apache-2.0
#include "experiments/audience/attribute_type_name.h"

#include "absl/strings/strip.h"

namespace tierwise {

std::string TypeName(v1::AttributeType type) {
  return std::string(absl::StripPrefix(v1::AttributeType_Name(type), "ATTRIBUTE_TYPE_"));
}

}  // namespace tierwise
