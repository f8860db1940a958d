// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "client/cli/report_text.h"
#include "client/cli/text_plot.h"
#include "client/cli/tuning_file_data.h"
#include "tierwise/v1/offer_plan.pb.h"

namespace tierwise {

// An offer plan and what its text speaks of.
struct OfferPlanView {
  v1::OfferPlan plan;
  v1::DoseUnit unit = v1::DOSE_UNIT_OTHER;
  double confidence = 0.95;
  double baseline_dose = 0.0;      // what the dose 0 stands for
  std::vector<TierTrend> trends;   // of a file's cells; empty for a server's campaign
  std::vector<std::string> notes;  // beside those of the plan
};

// What the objective counts: "profit", "conversions", "revenue".
std::string ObjectiveName(const v1::OfferPlan& plan);

// For a terminal: what is wrong with the data, the plan, each tier's offer in plain words, its curve, the frontier of
// budgets, the cautious plan, what to try next. With kFull also every dose's figures.
std::string RenderOfferPlan(const OfferPlanView& view, Detail detail, const PlotStyle& style);

}  // namespace tierwise
