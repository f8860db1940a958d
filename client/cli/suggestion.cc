// SPDX-License-Identifier: Apache-2.0
#include "client/cli/suggestion.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/types/span.h"
#include "experiments/base/nearest_name.h"

namespace tierwise {

std::string Suggestion(absl::string_view word, const std::vector<std::string>& known) {
  constexpr size_t kMostListed = 40;
  const std::string meant = DidYouMean(word, std::vector<absl::string_view>(known.begin(), known.end()));
  if (!meant.empty() || known.empty()) return meant;
  const auto listed = absl::MakeSpan(known).subspan(0, std::min(kMostListed, known.size()));
  return absl::StrCat("; known: ", absl::StrJoin(listed, ", "), listed.size() < known.size() ? ", ..." : "");
}

}  // namespace tierwise
