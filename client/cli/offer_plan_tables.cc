// SPDX-License-Identifier: Apache-2.0
#include "client/cli/offer_plan_tables.h"

#include <cmath>
#include <optional>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "client/cli/progress.h"
#include "client/cli/report_numbers.h"
#include "client/cli/text_table.h"
#include "experiments/tuning/offer_words.h"

namespace tierwise {
namespace {

using Align = TextTable::Align;
using Cell = TextTable::Cell;

std::string Signed(double number) { return absl::StrCat(number > 0.0 ? "+" : "", PlotNumber(number)); }

std::string Percent(double share) { return absl::StrFormat("%.0f%%", 100.0 * share); }

std::string IntervalOf(const v1::Interval& interval) {
  const std::string lower = interval.has_lower() ? PlotNumber(interval.lower()) : "..";
  const std::string upper = interval.has_upper() ? PlotNumber(interval.upper()) : "..";
  return absl::StrCat("[", lower, ", ", upper, "]");
}

template <typename Text>
std::string OrDash(bool is_set, double number, Text text) {
  return is_set ? text(number) : "-";
}

// "10 %", or "5 %: 20%, 10 %: 80%" for a plan in shares.
std::string OfferText(const v1::TierOffer& tier, v1::DoseUnit unit) {
  if (tier.shares().empty()) return DoseWords(unit, tier.dose());
  std::vector<std::string> shares;
  for (int i = 0; i < std::min(tier.shares_size(), tier.doses_size()); ++i) {
    if (tier.shares(i) < 5e-4) continue;
    shares.push_back(
        absl::StrCat(DoseWords(unit, tier.doses(i).dose()), ": ", absl::StrFormat("%.4g%%", 100.0 * tier.shares(i))));
  }
  return absl::StrJoin(shares, ", ");
}

std::string LikelyText(const v1::TierOffer& tier, v1::DoseUnit unit) {
  if (tier.verdict() == v1::OFFER_VERDICT_NOT_ENOUGH_EVIDENCE) return "not known yet";
  if (tier.lowest_likely_dose() == tier.highest_likely_dose()) return DoseWords(unit, tier.highest_likely_dose());
  return absl::StrCat(PlotNumber(tier.lowest_likely_dose()), " to ", DoseWords(unit, tier.highest_likely_dose()));
}

}  // namespace

std::string RenderOffers(const OfferPlanView& view, const PlotStyle& style) {
  TextTable table({{"tier"},
                   {"offer"},
                   {"best dose likely", Align::kLeft, 1},
                   {"users", Align::kRight, 2},
                   {ObjectiveName(view.plan), Align::kRight},
                   {"cost", Align::kRight}});
  for (const v1::TierOffer& tier : view.plan.tiers()) {
    const bool is_given = tier.dose() > 0.0 || !tier.shares().empty();
    const std::optional<Style> color = is_given ? std::optional(Style::kGreen) : std::nullopt;
    table.AddRow({{tier.tier(), Style::kBold},
                  {OfferText(tier, view.unit), color},
                  {LikelyText(tier, view.unit), {}},
                  {WithThousands(tier.users()), {}},
                  {Signed(tier.value()), {}},
                  {PlotNumber(tier.cost()), {}}});
  }
  return table.Render(style.width, style.has_color, 2);
}

std::string RenderDoses(const OfferPlanView& view, const v1::TierOffer& tier, const PlotStyle& style) {
  TextTable table({{"dose"},
                   {"users", Align::kRight, 3},
                   {"measured", Align::kRight, 2},
                   {"response", Align::kRight},
                   {"band", Align::kLeft, 4},
                   {"cost", Align::kRight, 1},
                   {"profit", Align::kRight},
                   {"interval", Align::kLeft},
                   {"best", Align::kRight},
                   {"regret", Align::kRight, 5},
                   {"cost/conversion", Align::kRight, 6},
                   {"return", Align::kRight, 7},
                   {"given anyway", Align::kRight, 8}});
  for (const v1::DoseResult& dose : tier.doses()) {
    const std::optional<Style> color = dose.dose() == tier.dose() ? std::optional(Style::kBold) : std::nullopt;
    table.AddRow(
        {{DoseWords(view.unit, dose.dose()), color},
         {WithThousands(dose.users()), {}},
         {PlotNumber(dose.measured_response()), {}},
         {PlotNumber(dose.response()), {}},
         {IntervalOf(dose.response_interval()), {}},
         {PlotNumber(dose.cost()), {}},
         {Signed(dose.incremental_profit()), {}},
         {dose.dose() == 0.0 ? "" : IntervalOf(dose.incremental_profit_interval()), {}},
         {Percent(dose.best_probability()), {}},
         {PlotNumber(dose.expected_regret()), {}},
         {OrDash(dose.has_cost_per_incremental_conversion(), dose.cost_per_incremental_conversion(), PlotNumber), {}},
         {OrDash(dose.has_return_on_spend(), dose.return_on_spend(), PlotNumber), {}},
         {OrDash(dose.has_given_anyway_share(), dose.given_anyway_share(), Percent), {}}});
  }
  return table.Render(style.width, style.has_color, 2);
}

std::string RenderFrontierTable(const OfferPlanView& view, const PlotStyle& style) {
  if (view.plan.frontier().empty()) return "";
  std::vector<TextTable::Column> columns = {
      {"budget", Align::kRight}, {ObjectiveName(view.plan), Align::kRight}, {"cost", Align::kRight}};
  for (int i = 0; i < view.plan.tiers_size(); ++i) {
    columns.push_back({view.plan.tiers(i).tier(), Align::kRight, view.plan.tiers_size() - i});
  }
  TextTable table(columns);
  for (const v1::FrontierPoint& point : view.plan.frontier()) {
    std::vector<Cell> row = {
        {PlotNumber(point.budget()), {}}, {Signed(point.value()), {}}, {PlotNumber(point.cost()), {}}};
    for (int i = 0; i < view.plan.tiers_size(); ++i) {
      row.push_back({i < point.doses_size() ? DoseWords(view.unit, point.doses(i)) : "", {}});
    }
    table.AddRow(std::move(row));
  }
  return table.Render(style.width, style.has_color, 2);
}

std::string RenderTrends(const OfferPlanView& view, const PlotStyle& style) {
  TextTable table({{"tier"},
                   {"slope", Align::kRight},
                   {"(se)", Align::kRight},
                   {"logit: intercept", Align::kRight},
                   {"(se)", Align::kRight},
                   {"slope", Align::kRight},
                   {"(se)", Align::kRight}});
  for (const TierTrend& trend : view.trends) {
    if (!trend.slope.has_value() && !trend.logit.has_value()) continue;
    const auto number = [](bool is_set, double value) {
      return Cell{is_set ? absl::StrFormat("%.6f", value) : "-", {}};
    };
    const StratifiedSlope slope = trend.slope.value_or(StratifiedSlope{});
    const LogitFit logit = trend.logit.value_or(LogitFit{});
    table.AddRow({{trend.tier, Style::kBold},
                  number(trend.slope.has_value(), slope.slope),
                  number(trend.slope.has_value(), slope.se),
                  number(trend.logit.has_value(), logit.intercept),
                  number(trend.logit.has_value(), logit.intercept_se),
                  number(trend.logit.has_value(), logit.slope),
                  number(trend.logit.has_value(), logit.slope_se)});
  }
  return table.empty() ? "" : table.Render(style.width, style.has_color, 2);
}

}  // namespace tierwise
