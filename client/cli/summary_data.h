// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "client/cli/report_text.h"
#include "client/cli/summary_source.h"
#include "experiments/analysis/campaign_data.h"

namespace tierwise {

// An experiment that a user brings, ready for BuildReport, with the definitions that its report speaks of.
struct SummaryData {
  CampaignData data;
  v1::Campaign campaign;
  std::map<std::string, v1::Metric> metrics;

  ReportView View(v1::Report report) const { return {std::move(report), campaign, metrics}; }
};

// What the command line says beside the file.
struct SummaryOverrides {
  std::string control;                 // empty: the file's
  std::optional<absl::Time> as_of;     // unset: the file's
  absl::Time now = absl::UnixEpoch();  // for files that have no time at all
};

// Days of a cell are added up by Chan's rule. InvalidArgument with every problem, each naming file, line and field.
absl::StatusOr<SummaryData> AssembleSummary(const SummarySource& source, const SummaryOverrides& overrides);

}  // namespace tierwise
