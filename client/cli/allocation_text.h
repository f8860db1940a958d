// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "client/cli/report_text.h"
#include "client/cli/text_plot.h"
#include "tierwise/v1/tuning_service.pb.h"

namespace tierwise {

// For a terminal: each tier's arms read out rightly, and how their shares went over the batches. With kFull also the
// plain means, and every batch.
std::string RenderAllocation(const v1::GetAllocationResponse& allocation, Detail detail, const PlotStyle& style);

}  // namespace tierwise
