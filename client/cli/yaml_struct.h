// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <yaml-cpp/yaml.h>

#include "absl/status/status.h"
#include "google/protobuf/struct.pb.h"

namespace tierwise {

// Fills a JSON object from a YAML mapping: plain `true`, `false`, `null`, `~` and numbers are what they look like,
// everything else and everything quoted is text. Errors: InvalidArgument for what is no mapping, is nested more than 64
// deep, or has more than 100,000 values.
absl::Status ReadYamlStruct(const YAML::Node& node, google::protobuf::Struct* value);

}  // namespace tierwise
