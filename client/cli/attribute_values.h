// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "client/cli/connection.h"
#include "client/cli/import_mapping.h"
#include "tierwise/v1/attribute.pb.h"

namespace tierwise {

// The declared attributes: id to type.
using AttributeTypes = std::map<std::string, v1::AttributeType>;

absl::StatusOr<AttributeTypes> FetchAttributeTypes(const Connection& connection);

// The value that `text` is for an attribute of this type: bools as true/false, 1/0 or yes/no; lists parted by
// `list_separator`, or a JSON array. Errors: InvalidArgument that says what is allowed.
absl::StatusOr<v1::AttributeValue> ParseAttributeValue(const std::string& attribute, v1::AttributeType type,
                                                       const std::string& text, absl::string_view list_separator = "|",
                                                       TimeFormat time_format = TimeFormat::kAny);

// "attribute=text" of a declared attribute. Errors: InvalidArgument that names those near.
absl::StatusOr<v1::AttributeValue> ParseAttributeOption(const std::string& option, const AttributeTypes& types);

// A time as files write it. Errors: InvalidArgument that says what is allowed.
absl::StatusOr<absl::Time> ParseFileTime(absl::string_view text, TimeFormat format);
// Errors: InvalidArgument.
absl::StatusOr<bool> ParseFileBool(absl::string_view text);
absl::StatusOr<double> ParseFileDouble(absl::string_view text);

}  // namespace tierwise
