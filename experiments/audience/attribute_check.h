// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "absl/strings/string_view.h"
#include "experiments/base/problems.h"
#include "tierwise/v1/attribute.pb.h"

namespace tierwise {

// Adds everything that is wrong with the declaration of an attribute: id (words of the grammar of conditions are not
// allowed), texts, type, allowed values, derivation. Fields are relative to `field`.
void CheckAttribute(const v1::Attribute& attribute, absl::string_view field, Problems& problems);

}  // namespace tierwise
