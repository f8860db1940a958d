// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "client/cli/report_text.h"

namespace tierwise {

// One metric's block: what it is and what for, where its sequential rule stands, a table for each variant, and what
// kind of numbers these are. Where `detail` is kCompact a table has one row for each tier and one over all.
std::string RenderMetric(const ReportView& view, const v1::MetricReport& metric, int width, bool has_color,
                         Detail detail);

}  // namespace tierwise
