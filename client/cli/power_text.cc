// SPDX-License-Identifier: Apache-2.0
#include "client/cli/power_text.h"

#include <cmath>
#include <optional>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "client/cli/message_text.h"
#include "client/cli/progress.h"
#include "client/cli/terminal.h"
#include "client/cli/text_table.h"

namespace tierwise {
namespace {

using nlohmann::ordered_json;

constexpr int kBarCells = 30;

std::string Percent(double share) { return absl::StrFormat("%.3g%%", 100.0 * share); }
std::string Whole(double number) { return WithThousands(std::llround(std::ceil(number - 1e-9))); }
std::string Days(double days) { return absl::StrFormat("%s days", Whole(days)); }
std::string OrDash(const std::optional<double>& value, std::string (*text)(double)) {
  return value.has_value() ? text(*value) : "-";
}
std::string BaselineText(const PlanningDesign& design, double baseline) {
  return design.is_rate ? Percent(baseline) : absl::StrFormat("%.6g", baseline);
}
std::string SignedPercent(double lift) { return absl::StrCat(lift > 0.0 ? "+" : "", Percent(lift)); }

std::string RowTitle(const PlanRow& row) { return row.tier.empty() ? "all tiers" : row.tier; }

std::string RowsText(const PlanningDesign& design, const PowerPlan& plan, int width, bool has_color) {
  using Align = TextTable::Align;
  const bool has_pace = plan.days > 0.0;
  std::vector<TextTable::Column> columns = {{"tier"},
                                            {"share", Align::kRight, 2},
                                            {"baseline", Align::kRight},
                                            {"lift", Align::kRight},
                                            {"users needed", Align::kRight},
                                            {"days needed", Align::kRight}};
  if (has_pace) {
    columns.push_back({"users", Align::kRight, 1});
    columns.push_back({"power", Align::kRight});
    columns.push_back({"detectable lift", Align::kRight});
    if (plan.rows.size() > 1) columns.push_back({"differs: power", Align::kRight, 3});
  }
  TextTable table(columns);
  for (const PlanRow& row : plan.rows) {
    std::vector<TextTable::Cell> cells = {{RowTitle(row), {}},
                                          {Percent(row.share), {}},
                                          {BaselineText(design, row.baseline), {}},
                                          {SignedPercent(row.lift), {}},
                                          {OrDash(row.users_needed, Whole), {}},
                                          {OrDash(row.days_needed, Whole), {}}};
    if (has_pace) {
      const bool is_enough = row.power.has_value() && *row.power >= design.power - 5e-4;
      cells.push_back({OrDash(row.users, Whole), {}});
      cells.push_back({OrDash(row.power, PowerTitle), is_enough ? Style::kGreen : Style::kYellow});
      cells.push_back({OrDash(row.detectable_lift, SignedPercent), {}});
      if (plan.rows.size() > 1) cells.push_back({OrDash(row.interaction_power, PowerTitle), {}});
    }
    table.AddRow(std::move(cells));
  }
  return table.Render(width, has_color, 2);
}

std::string RemedyText(const PlanningDesign& design, const TierRemedy& remedy) {
  std::vector<std::string> ways;
  if (remedy.days.has_value()) ways.push_back(absl::StrCat("run ", Days(*remedy.days)));
  if (remedy.power_with_two_variants.has_value()) {
    ways.push_back(absl::StrCat("2 variants instead of ", design.variants, " (",
                                PowerTitle(*remedy.power_with_two_variants), ")"));
  }
  if (remedy.correlation.has_value()) {
    ways.push_back(absl::StrFormat("a covariate with correlation %.2f", *remedy.correlation));
  }
  if (remedy.users_factor > 1.0) {
    ways.push_back(absl::StrFormat("%.3g times the tier's users a day", remedy.users_factor));
  }
  if (ways.empty()) return absl::StrCat(remedy.tier, ": nothing within reach; look for a larger lift there");
  return absl::StrCat(remedy.tier, ": ", absl::StrJoin(ways, "; or "));
}

std::string CurveText(const PowerPlan& plan, int width, bool has_color) {
  using Align = TextTable::Align;
  std::vector<TextTable::Column> columns = {{"days", Align::kRight}, {"all tiers", Align::kRight}, {""}};
  for (size_t i = 1; i < plan.rows.size(); ++i) {
    columns.push_back({plan.rows[i].tier, Align::kRight, static_cast<int>(i)});
  }
  TextTable table(columns);
  for (const PowerPoint& point : plan.curve) {
    const auto filled = static_cast<size_t>(std::lround(kBarCells * point.power[0]));
    std::vector<TextTable::Cell> cells = {
        {absl::StrFormat("%.0f", point.days), {}},
        {PowerTitle(point.power[0]), {}},
        {absl::StrCat("[", std::string(filled, '#'), std::string(kBarCells - filled, '.'), "]"), Style::kCyan}};
    for (size_t i = 1; i < point.power.size(); ++i) cells.push_back({PowerTitle(point.power[i]), {}});
    table.AddRow(std::move(cells));
  }
  return table.Render(width, has_color, 2);
}

void Set(ordered_json& object, const char* name, const std::optional<double>& value) {
  if (value.has_value()) object[name] = *value;
}

}  // namespace

std::string PowerTitle(double power) {
  if (power > 0.995) return ">99%";
  if (power < 0.005) return "<1%";
  return absl::StrFormat("%.0f%%", 100.0 * power);
}

std::string DesignText(const PlanningDesign& design) {
  std::string out;
  if (!design.name.empty()) absl::StrAppend(&out, "From ", design.name, ". ");
  absl::StrAppend(&out, design.variants, " variants, ", design.is_rate ? "a rate" : "a mean",
                  absl::StrFormat(", alpha %g, power %s", design.alpha, Percent(design.power)), "; ",
                  RuleTitle(design.rule));
  if (design.ratio != 1.0) absl::StrAppend(&out, absl::StrFormat("; %g treated users for each control", design.ratio));
  if (design.correlation != 0.0)
    absl::StrAppend(&out, absl::StrFormat("; covariate correlation %.3g", design.correlation));
  if (design.users_per_day > 0.0) absl::StrAppend(&out, "; ", Whole(design.users_per_day), " users a day");
  if (design.window_days > 0.0) absl::StrAppend(&out, absl::StrFormat("; outcomes %g days after", design.window_days));
  return absl::StrCat(out, ".\n");
}

ordered_json DesignJson(const PlanningDesign& design) {
  ordered_json json;
  if (!design.name.empty()) json["from"] = design.name;
  json["kind"] = design.is_rate ? "rate" : "mean";
  json["variants"] = design.variants;
  json["ratio"] = design.ratio;
  json["alpha"] = design.alpha;
  json["power"] = design.power;
  json["rule"] = ShortName(design.rule);
  json["cuped_correlation"] = design.correlation;
  if (design.users_per_day > 0.0) json["users_per_day"] = design.users_per_day;
  json["window_days"] = design.window_days;
  json["tiers"] = ordered_json::array();
  for (const PlannedTier& tier : design.tiers) {
    ordered_json each;
    each["tier"] = tier.id;
    each["share"] = tier.share;
    each["baseline"] = tier.baseline;
    each["lift"] = tier.lift;
    if (!design.is_rate) each["sd"] = tier.sd;
    json["tiers"].push_back(std::move(each));
  }
  return json;
}

std::string PowerText(const PlanningDesign& design, const PowerPlan& plan, int width, bool has_color) {
  std::string out = DesignText(design);
  if (plan.days > 0.0) {
    absl::StrAppend(&out, plan.is_found ? "What it takes over all tiers: users enter for " : "Users enter for ",
                    Days(plan.days), ".\n");
  } else if (design.users_per_day > 0.0) {
    absl::StrAppend(&out, "More than ten years would be needed: look for a larger lift.\n");
  } else {
    absl::StrAppend(&out, "With --users-per-day: also days, power and detectable lifts.\n");
  }
  absl::StrAppend(&out, "\n", RowsText(design, plan, width, has_color));
  if (plan.rows.size() > 1) {
    absl::StrAppend(&out, "\n  A tier's own claim comes after that over all tiers and that tiers differ.\n");
    if (plan.days > 0.0) {
      absl::StrAppend(&out, "  differs: to show that the tier's effect is not the others', had they none.\n");
    }
  }
  if (plan.heterogeneity_power.has_value()) {
    absl::StrAppend(&out, "  Power to show that the tiers' differences are not all the same, as planned: ",
                    PowerTitle(*plan.heterogeneity_power), ".\n");
  }
  if (!plan.remedies.empty()) {
    absl::StrAppend(&out, "\n", Styled(has_color, Style::kYellow, "Underpowered after "),
                    Styled(has_color, Style::kYellow, Days(plan.days)), ". What would help, each by itself:\n");
    for (const TierRemedy& remedy : plan.remedies) absl::StrAppend(&out, "  ", RemedyText(design, remedy), "\n");
  }
  if (!plan.curve.empty()) {
    absl::StrAppend(&out, "\nPower, if users enter for so many days:\n", CurveText(plan, width, has_color));
  }
  return out;
}

ordered_json PowerJson(const PlanningDesign& design, const PowerPlan& plan) {
  ordered_json json;
  json["design"] = DesignJson(design);
  if (plan.days > 0.0) json["days"] = plan.days;
  json["rows"] = ordered_json::array();
  for (const PlanRow& row : plan.rows) {
    ordered_json each;
    each["tier"] = row.tier;
    each["share"] = row.share;
    each["baseline"] = row.baseline;
    each["difference"] = row.effect;
    each["lift"] = row.lift;
    Set(each, "users_needed", row.users_needed);
    Set(each, "days_needed", row.days_needed);
    Set(each, "users", row.users);
    Set(each, "power", row.power);
    Set(each, "detectable_lift", row.detectable_lift);
    Set(each, "interaction_power", row.interaction_power);
    json["rows"].push_back(std::move(each));
  }
  Set(json, "heterogeneity_power", plan.heterogeneity_power);
  json["underpowered"] = ordered_json::array();
  for (const TierRemedy& remedy : plan.remedies) {
    ordered_json each;
    each["tier"] = remedy.tier;
    Set(each, "days", remedy.days);
    Set(each, "power_with_two_variants", remedy.power_with_two_variants);
    Set(each, "correlation", remedy.correlation);
    each["users_factor"] = remedy.users_factor;
    json["underpowered"].push_back(std::move(each));
  }
  json["curve"] = ordered_json::array();
  for (const PowerPoint& point : plan.curve) json["curve"].push_back({{"days", point.days}, {"power", point.power}});
  return json;
}

}  // namespace tierwise
