// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "client/cli/tuning_file_data.h"

namespace tierwise {

// The response of each of `tiers` over the doses of the file's cells. REQUIRES: every cell was checked.
std::vector<TierTrend> TrendsOf(const std::vector<std::string>& tiers, const tuning::TuningFile& file);

}  // namespace tierwise
