// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "absl/functional/function_ref.h"
#include "absl/strings/string_view.h"
#include "client/cli/summary_file.pb.h"
#include "experiments/stats/moments.h"

namespace tierwise {

// What the cells of one metric hold: the same in all of them.
struct SummaryVariables {
  summary::MetricKind kind = summary::METRIC_KIND_MEAN;  // never UNSPECIFIED
  int covariates = 0;
  bool has_covariate_list = false;  // they are given by SummaryCell.covariates

  int outcomes() const { return kind == summary::METRIC_KIND_RATIO ? 2 : 1; }
  int count() const { return outcomes() + covariates; }
};

inline constexpr int kMostSummaryCovariates = 8;

// More users than these in one cell can't be right, and sums of them would lose digits.
inline constexpr int64_t kMostSummaryUsers = 1'000'000'000'000;

// The moments that `cell` states: outcome, then a ratio's denominator, then the covariates. Whatever can't be moments
// of any users goes to `add_problem` (field, what to do); the result is then of no use.
JointMoments MomentsOf(const summary::SummaryCell& cell, const SummaryVariables& variables,
                       absl::FunctionRef<void(absl::string_view, absl::string_view)> add_problem);

}  // namespace tierwise
