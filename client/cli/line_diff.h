// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "absl/strings/string_view.h"

namespace tierwise {

// The difference of two texts as unified-diff hunks with three lines of context ("@@ -a,b +c,d @@", then lines that
// begin with ' ', '-' or '+'); empty where they are equal. The fewest changed lines, except that texts whose changed
// parts have more than 2,000 lines each are shown as replaced whole.
std::string UnifiedDiff(absl::string_view before, absl::string_view after);

}  // namespace tierwise
