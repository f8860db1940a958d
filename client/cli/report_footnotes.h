// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "client/cli/report_numbers.h"
#include "tierwise/v1/report.pb.h"

namespace tierwise {

// What the numbers of a metric's block are: intervals, estimators, families. `is_full`: of all rows, not only of those
// that decide, and with tests and revision.
std::vector<std::string> Footnotes(const v1::MetricReport& metric, bool is_full);

// "asymptotic confidence sequence: look 3, ...": where the campaign stands by its sequential rule.
std::string SequentialText(const v1::SequentialState& state);

// What a claim made when the boundary was first crossed would have been right to say.
std::string StoppedText(const v1::StoppedEstimate& stopped, const NumberStyle& style);

// "between tiers: Q = 13.4 on 2 degrees of freedom, ...".
std::string HeterogeneityText(const v1::Heterogeneity& heterogeneity, const NumberStyle& style);

// What the marks and columns of all blocks mean; nothing about those that the report does not have.
std::vector<std::string> Legend(const v1::Report& report, bool is_full);

}  // namespace tierwise
