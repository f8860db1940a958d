// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/strings/string_view.h"

namespace tierwise {

// The length of the longest prefix of `text` that is well-formed UTF-8 (RFC 3629: no surrogates, no overlong forms,
// nothing over U+10FFFF). Equals text.size() where all of it is.
size_t ValidUtf8Prefix(absl::string_view text);

// Appends the UTF-8 form of `code_point`. REQUIRES: at most U+10FFFF and not a surrogate.
void AppendUtf8(uint32_t code_point, std::string& text);

// The place of byte `offset` in `text` as a person counts: 1 and one more for each character (code point) before it.
size_t ColumnOf(absl::string_view text, size_t offset);

}  // namespace tierwise
