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

// How much of a report is shown.
enum class Detail {
  kCompact,  // one row for each tier: the one that decides
  kFull,     // every check and estimator
};

// For people: checks (failures first), decisions, cohort, then one block for each metric, then what the marks mean. As
// wide as the terminal, where it can be: the counts of users go first, then chances, drawn intervals and the control's
// means; of kFull the drawing goes before the chances.
std::string RenderReport(const ReportView& view, int width, bool has_color, Detail detail = Detail::kCompact);

// One line for each metric, variant, tier and estimator, numbers in full precision; after a header. Intervals are the
// first of their effects. An empty field is undefined.
std::string ReportCsv(const ReportView& view);

}  // namespace tierwise
