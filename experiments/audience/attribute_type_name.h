// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "tierwise/v1/attribute.pb.h"

namespace tierwise {

// The name of a type as people write it: "BOOL", "STRING_LIST".
std::string TypeName(v1::AttributeType type);

}  // namespace tierwise
