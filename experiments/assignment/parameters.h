// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "absl/strings/string_view.h"
#include "experiments/base/problems.h"
#include "google/protobuf/struct.pb.h"

namespace tierwise {

// Adds to `problems` everything that is wrong with a JSON object as variants have it: over 16 KiB as text, over 32
// deep, a number that is not finite, a value that is not set, text that is not UTF-8.
void CheckParameters(const google::protobuf::Struct& parameters, absl::string_view field, Problems& problems);

// `parameters` with the members of `overrides` in place of its own of the same name. Objects inside are replaced whole.
google::protobuf::Struct WithOverrides(const google::protobuf::Struct& parameters,
                                       const google::protobuf::Struct& overrides);

// JSON text without white space; members in the order of their names' bytes, numbers in the shortest form that reads
// back the same: equal objects give equal text. REQUIRES: CheckParameters found nothing wrong.
std::string ParametersJson(const google::protobuf::Struct& parameters);

}  // namespace tierwise
