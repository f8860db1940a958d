// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <limits>
#include <optional>
#include <vector>

#include "absl/status/statusor.h"
#include "experiments/analysis/campaign_data.h"
#include "experiments/analysis/comparison.h"
#include "experiments/analysis/sequential_test.h"
#include "experiments/stats/noninferiority.h"
#include "tierwise/v1/report.pb.h"

namespace tierwise {

// What claims about one variant rest on, in one tier or over all.
struct DecidingEvidence {
  int row = -1;  // into MetricReport.comparisons; -1 for the control
  std::optional<ArmMeans> means;
  std::optional<Contrast> contrast;
  double users = 0.0;   // of both arms
  double events = 0.0;  // of the arm that has fewer
  bool has_started = false;
  double critical = std::numeric_limits<double>::infinity();  // at the variant's level, in standard errors
  ContrastIntervals intervals;                                // of that many
  double p = 1.0;                                             // valid at every look; SequentialTest::PValue

  // Standard errors away from no effect; 0 without an error.
  double Z() const;
};

// One metric, estimated in every way that a report shows.
struct MetricAnalysis {
  const MetricData* metric = nullptr;
  v1::MetricReport report;                // claims left out
  std::vector<DecidingEvidence> overall;  // per variant
  std::vector<DecidingEvidence> tiers;    // per cell
  std::vector<double> heterogeneity_p;    // per variant, valid at every look
  // What claims come to, per variant: filled in by MakeClaims.
  std::vector<bool> tiers_differ;
  std::vector<GuardrailVerdict> guardrails;
};

// How estimates are to be made.
struct AnalysisLevels {
  double confidence = 0.95;     // of fixed-horizon and credible intervals
  double variant_level = 0.05;  // of each variant's claims about the primary metric: alpha divided by the variants
};

// InvalidArgument names the cell whose moments are impossible.
absl::StatusOr<MetricAnalysis> AnalyzeMetric(const CampaignData& data, const MetricData& metric,
                                             const SequentialTest& test, const AnalysisLevels& levels);

}  // namespace tierwise
