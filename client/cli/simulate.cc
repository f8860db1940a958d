// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <memory>
#include <optional>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "client/cli/command.h"
#include "client/cli/planning_design.h"
#include "client/cli/power_plan.h"
#include "client/cli/power_text.h"
#include "client/cli/progress.h"
#include "client/cli/simulation.h"
#include "client/cli/text_table.h"
#include "experiments/base/problems.h"
#include "experiments/base/status_macros.h"

namespace tierwise {
namespace {

using nlohmann::ordered_json;

constexpr char kExamples[] =
    "Runs the campaign many times, once with no effect and once with the lift, and analyses each run every day as a\n"
    "report does. \"+-\" is one Monte-Carlo standard error.\n"
    "\n"
    "Examples:\n"
    "  tierwise simulate --baseline 0.05 --lift 0.1 --users-per-day 5000\n"
    "  tierwise simulate --tier head:0.1:0.12 --tier tail:0.9:0.03:0 --lift 0.2 --users-per-day 5000 --days 14\n"
    "  tierwise simulate --baseline 40 --sd 95 --lift 0.05 --users-per-day 900 --cuped-correlation 0.6 --runs 10000\n"
    "  tierwise simulate --from-file examples/analyze/hillstrom.json --lift 0.1 --users-per-day 4000 --days 16\n";

struct SimulateOptions {
  PlanningOptions planning;
  int64_t runs = 2000;
  uint64_t seed = 1;
  bool is_json = false;
};

// The same campaign without any effect.
PlanningDesign WithoutEffect(PlanningDesign design) {
  for (PlannedTier& tier : design.tiers) tier.lift = 0.0;
  return design;
}

bool HasEffect(const PlanningDesign& design) {
  for (const PlannedTier& tier : design.tiers) {
    if (tier.lift != 0.0) return true;
  }
  return false;
}

std::string Text(const Frequency& frequency) {
  if (frequency.runs == 0) return "-";
  return absl::StrFormat("%.1f%% +- %.1f", 100.0 * frequency.share(), 100.0 * frequency.Error());
}

std::string RowsText(const Simulation& simulation, bool has_effect, const Terminal& terminal) {
  using Align = TextTable::Align;
  std::vector<TextTable::Column> columns = {{"tier"}, {has_effect ? "any claim" : "false claims", Align::kRight}};
  if (has_effect) columns.push_back({"power", Align::kRight});
  const std::string level = absl::StrFormat("%.4g%%", 100.0 * (1.0 - simulation.level));
  columns.push_back({absl::StrCat("coverage at all looks (", level, ")"), Align::kRight});
  columns.push_back({"of the lift", Align::kRight});
  columns.push_back({"coverage at the end, read once (95%)", Align::kRight, 1});
  TextTable table(columns);
  for (const SimulatedRow& row : simulation.rows) {
    std::vector<TextTable::Cell> cells = {{row.tier.empty() ? "all tiers" : row.tier, {}}, {Text(row.claimed), {}}};
    if (has_effect) cells.push_back({Text(row.shown), {}});
    for (const Frequency* frequency : {&row.covered, &row.covered_lift, &row.covered_once}) {
      cells.push_back({Text(*frequency), {}});
    }
    table.AddRow(std::move(cells));
  }
  return table.Render(terminal.width, terminal.out_has_color, 2);
}

std::string SimulationText(const Simulation& simulation, bool has_effect, double alpha, const Terminal& terminal) {
  std::string out =
      Styled(terminal.out_has_color, Style::kBold, has_effect ? "With the lift" : "Without any effect (A/A)");
  absl::StrAppend(&out, "\n", RowsText(simulation, has_effect, terminal));
  if (simulation.rows.size() > 1)
    absl::StrAppend(&out, "  tiers shown to differ: ", Text(simulation.tiers_differ), "\n");
  absl::StrAppend(&out, "  health check failed: ", Text(simulation.unhealthy), "\n",
                  absl::StrFormat("  until the first claim, or the end: %.2f +- %.2f days\n", simulation.mean_days,
                                  simulation.mean_days_error));
  if (!has_effect) {
    const bool is_too_often = simulation.IsTooOften(alpha);
    const std::string verdict = absl::StrFormat("False claims over all tiers are %s alpha, %g%%%s.",
                                                is_too_often ? "MORE often than" : "not more often than", 100.0 * alpha,
                                                is_too_often ? "" : ", within three standard errors");
    absl::StrAppend(&out, "  ", Styled(terminal.out_has_color, is_too_often ? Style::kRed : Style::kGreen, verdict),
                    "\n");
  }
  return out;
}

ordered_json Json(const Frequency& frequency) {
  return {
      {"share", frequency.share()}, {"error", frequency.Error()}, {"hits", frequency.hits}, {"runs", frequency.runs}};
}

ordered_json Json(const Simulation& simulation) {
  ordered_json json;
  json["looks"] = simulation.looks;
  json["interval_level"] = 1.0 - simulation.level;
  json["rows"] = ordered_json::array();
  for (const SimulatedRow& row : simulation.rows) {
    ordered_json each = {{"tier", row.tier}, {"difference", row.effect}, {"claimed", Json(row.claimed)}};
    if (row.shown.runs > 0) each["power"] = Json(row.shown);
    each["coverage"] = Json(row.covered);
    each["lift_coverage"] = Json(row.covered_lift);
    each["fixed_horizon_coverage"] = Json(row.covered_once);
    json["rows"].push_back(std::move(each));
  }
  json["tiers_differ"] = Json(simulation.tiers_differ);
  json["unhealthy"] = Json(simulation.unhealthy);
  json["mean_days"] = {{"value", simulation.mean_days}, {"error", simulation.mean_days_error}};
  return json;
}

// Whole days: the design's, or what a plan takes.
absl::StatusOr<double> DaysOf(const PlanningDesign& design) {
  if (!(design.users_per_day > 0.0)) return InvalidField("--users-per-day", "is missing: how many users enter a day");
  if (design.days > 0.0) return std::ceil(design.days);
  TIERWISE_ASSIGN_OR_RETURN(const PowerPlan plan, PlanPower(design));
  if (plan.days > 0.0) return plan.days;
  return InvalidField("--days", "is missing, and no time up to ten years gives the power: name the days to simulate");
}

absl::StatusOr<ExitCode> RunSimulations(const SimulateOptions& options, const Invocation& invocation) {
  TIERWISE_ASSIGN_OR_RETURN(PlanningDesign design, ResolveDesign(options.planning, invocation));
  TIERWISE_ASSIGN_OR_RETURN(design.days, DaysOf(design));
  const SimulationPlan plan{options.runs, options.seed, design.days};
  Terminal& terminal = invocation.terminal;
  std::optional<Simulation> without, with;
  {
    const int64_t total = options.runs * (HasEffect(design) ? 2 : 1);
    Progress progress("simulating", total, terminal, "runs");
    TIERWISE_ASSIGN_OR_RETURN(
        without, Simulate(WithoutEffect(design), plan, [&progress](int64_t run) { progress.Update(run, run); }));
    if (HasEffect(design)) {
      TIERWISE_ASSIGN_OR_RETURN(
          with, Simulate(design, plan, [&](int64_t run) { progress.Update(options.runs + run, options.runs + run); }));
    }
  }
  if (options.is_json) {
    ordered_json json = {{"design", DesignJson(design)},
                         {"days", design.days},
                         {"runs", options.runs},
                         {"seed", options.seed},
                         {"without_effect", Json(*without)}};
    if (with.has_value()) json["with_lift"] = Json(*with);
    terminal.out << json.dump(2) << '\n';
    return ExitCode::kOk;
  }
  terminal.out << DesignText(design)
               << absl::StrFormat("%s runs of %.0f days, %d looks each, seed %d.\n\n", WithThousands(options.runs),
                                  design.days, without->looks, options.seed)
               << SimulationText(*without, false, design.alpha, terminal);
  if (with.has_value()) terminal.out << '\n' << SimulationText(*with, true, design.alpha, terminal);
  return ExitCode::kOk;
}

}  // namespace

void AddSimulateCommand(CLI::App& app, Invocation& invocation) {
  auto options = std::make_shared<SimulateOptions>();
  CLI::App* command = app.add_subcommand("simulate", "Size, coverage and power of your own design, by simulation");
  AddPlanningOptions(*command, &options->planning);
  command->add_option("--runs", options->runs, "How many campaigns")
      ->check(CLI::Range(int64_t{1}, int64_t{1'000'000}))
      ->capture_default_str();
  command->add_option("--seed", options->seed, "Equal seeds give equal results")->capture_default_str();
  command->add_flag("--json", options->is_json, "JSON, numbers in full precision");
  command->footer(kExamples);
  command->callback([options, &invocation] {
    invocation.action = [options, &invocation] { return RunSimulations(*options, invocation); };
  });
}

}  // namespace tierwise
