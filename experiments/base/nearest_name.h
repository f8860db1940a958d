// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace tierwise {

// The one of `known` that `name` was probably meant to be: fewest insertions, deletions, replacements and swaps of
// neighbours, at most a third of the name's length (at least 1); the first of equals. Empty where none is so near.
absl::string_view NearestName(absl::string_view name, absl::Span<const absl::string_view> known);

// `; did you mean "nearest"?`, or nothing: the end of a problem's description.
std::string DidYouMean(absl::string_view name, absl::Span<const absl::string_view> known);

}  // namespace tierwise
