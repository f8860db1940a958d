// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace tierwise::oracle {

// A field that is not compared. `family` and `field` are patterns ('*' is any text); `field` matches a whole path or
// any one of its keys.
struct NotCompared {
  absl::string_view family;
  absl::string_view field;
  absl::string_view reason;
};

absl::Span<const NotCompared> FieldsNotCompared();

}  // namespace tierwise::oracle
