// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"

namespace tierwise {

// A string of JSON, read.
struct QuotedText {
  std::string text;                                    // UTF-8
  size_t size = 0;                                     // bytes read, quotes included
  std::vector<std::pair<size_t, std::string>> errors;  // byte offset and message; what is wrong is left out of `text`
};

// Reads the string that `input` starts with. REQUIRES: input[0] is '"'.
QuotedText ReadQuoted(absl::string_view input);

}  // namespace tierwise
