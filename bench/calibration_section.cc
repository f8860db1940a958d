// SPDX-License-Identifier: Apache-2.0
#include "bench/calibration_section.h"

#include <cmath>

#include "absl/strings/str_format.h"

namespace tierwise::bench {

std::string Percent(double share, int digits) { return absl::StrFormat("%.*f %%", digits, 100.0 * share); }

std::string PercentWithError(int hits, int runs) {
  const double share = static_cast<double>(hits) / runs;
  return absl::StrFormat("%.2f %% (%.2f)", 100.0 * share, 100.0 * std::sqrt(share * (1.0 - share) / runs));
}

}  // namespace tierwise::bench
