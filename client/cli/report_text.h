// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>

#include "client/cli/terminal.h"
#include "tierwise/v1/campaign.pb.h"
#include "tierwise/v1/metric.pb.h"
#include "tierwise/v1/report.pb.h"

namespace tierwise {

// A report with the definitions that it speaks of.
struct ReportView {
  v1::Report report;
  v1::Campaign campaign;
  std::map<std::string, v1::Metric> metrics;  // by id; one that is missing is shown without its unit
};

// For people: checks (failures first), cohort, then one block for each metric. As wide as the terminal, where it can
// be: first the counts of users go, then the drawn intervals.
std::string RenderReport(const ReportView& view, int width, bool has_color);

// One line for each metric, variant, tier and estimator, numbers in full precision; after a header. An empty field is
// undefined.
std::string ReportCsv(const ReportView& view);

}  // namespace tierwise
