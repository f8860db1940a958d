// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace tierwise {

// The end of a problem's description: the name that was probably meant (DidYouMean) or, where none is near, "; known:
// a, b, c".
std::string Suggestion(absl::string_view word, const std::vector<std::string>& known);

}  // namespace tierwise
