// SPDX-License-Identifier: Apache-2.0
#include "experiments/base/duration_text.h"

#include <cstdint>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"

namespace tierwise {

std::string DurationText(absl::Duration duration) {
  static constexpr std::pair<absl::string_view, int64_t> kUnits[] = {{"d", 86'400}, {"h", 3'600}, {"m", 60}, {"s", 1}};
  if (duration == absl::ZeroDuration()) return "0s";
  for (const auto& [name, seconds] : kUnits) {
    if (duration % absl::Seconds(seconds) == absl::ZeroDuration()) {
      return absl::StrCat(duration / absl::Seconds(seconds), name);
    }
  }
  return absl::StrCat(absl::ToDoubleSeconds(duration), "s");
}

}  // namespace tierwise
