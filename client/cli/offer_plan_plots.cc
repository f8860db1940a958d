// SPDX-License-Identifier: Apache-2.0
#include "client/cli/offer_plan_plots.h"

#include <cmath>

#include "absl/strings/str_cat.h"
#include "client/cli/curve_plot.h"

namespace tierwise {
namespace {

constexpr int kIndent = 2;

std::string DoseTitle(v1::DoseUnit unit) {
  switch (unit) {
    case v1::DOSE_UNIT_PERCENT_OFF:
      return "percent off";
    case v1::DOSE_UNIT_AMOUNT_OFF:
      return "amount off";
    case v1::DOSE_UNIT_POINTS:
      return "points";
    case v1::DOSE_UNIT_FREE_MONTHS:
      return "free months";
    default:
      return "dose";
  }
}

}  // namespace

std::string PlotProfit(const OfferPlanView& view, const v1::TierOffer& tier, const PlotStyle& style) {
  PlotCurve curve;
  std::vector<PlotMark> marks;
  for (const v1::DoseResult& dose : tier.doses()) {
    curve.x.push_back(dose.dose());
    curve.y.push_back(dose.incremental_profit());
    const v1::Interval& band = dose.incremental_profit_interval();
    curve.lower.push_back(band.has_lower() ? band.lower() : dose.incremental_profit());
    curve.upper.push_back(band.has_upper() ? band.upper() : dose.incremental_profit());
    if (dose.dose() == tier.dose()) marks.push_back({dose.dose(), dose.incremental_profit()});
  }
  if (curve.x.size() < 2) return "";
  CurvePlotOptions options;
  options.height = 7;
  options.x_title = DoseTitle(view.unit);
  options.y_title = absl::StrCat(tier.tier(), ": profit per user beyond no offer");
  return RenderCurve(curve, marks, options, style, kIndent);
}

std::string PlotFrontier(const OfferPlanView& view, const PlotStyle& style) {
  PlotCurve curve;
  for (const v1::FrontierPoint& point : view.plan.frontier()) {
    curve.x.push_back(point.budget());
    curve.y.push_back(point.value());
  }
  if (curve.x.size() < 2) return "";
  std::vector<PlotMark> marks;
  if (view.plan.constraints().has_budget()) {
    marks.push_back({view.plan.constraints().budget(), view.plan.expected().value()});
  } else {
    marks.push_back({view.plan.expected().cost(), view.plan.expected().value()});
  }
  if (marks[0].x < curve.x.front() || marks[0].x > curve.x.back()) marks.clear();
  CurvePlotOptions options;
  options.height = 7;
  options.x_title = "budget";
  options.y_title = absl::StrCat(ObjectiveName(view.plan), " of the best plan at each budget");
  return RenderCurve(curve, marks, options, style, kIndent);
}

}  // namespace tierwise
