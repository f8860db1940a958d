// SPDX-License-Identifier: Apache-2.0
#include "client/cli/tune_options.h"

#include <cmath>
#include <limits>
#include <map>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "experiments/base/problems.h"
#include "experiments/base/status_macros.h"

namespace tierwise {
namespace {

const std::map<std::string, v1::PlanObjective> kObjectives = {{"profit", v1::PLAN_OBJECTIVE_PROFIT},
                                                              {"conversions", v1::PLAN_OBJECTIVE_CONVERSIONS},
                                                              {"revenue", v1::PLAN_OBJECTIVE_REVENUE}};

const std::map<std::string, v1::DoseUnit> kUnits = {{"percent_off", v1::DOSE_UNIT_PERCENT_OFF},
                                                    {"amount_off", v1::DOSE_UNIT_AMOUNT_OFF},
                                                    {"points", v1::DOSE_UNIT_POINTS},
                                                    {"free_months", v1::DOSE_UNIT_FREE_MONTHS},
                                                    {"other", v1::DOSE_UNIT_OTHER}};

template <typename Value>
std::vector<std::string> NamesOf(const std::map<std::string, Value>& values) {
  std::vector<std::string> names;
  for (const auto& [name, value] : values) names.push_back(name);
  return names;
}

void AddConstraintOptions(CLI::App& command, TuneOptions* options) {
  command
      .add_option("--budget", options->budget, "Money that all offers together may cost, expected; default: no limit")
      ->check(CLI::NonNegativeNumber);
  command.add_option("--objective", options->objective, "What to make large")
      ->check(CLI::IsMember(NamesOf(kObjectives)))
      ->capture_default_str();
  const auto add_tier_option = [&](const char* name, std::vector<std::string>& values, const char* what) {
    command.add_option(name, values, what)->type_name("TIER=N")->allow_extra_args(false);
  };
  add_tier_option("--min-dose", options->min_doses, "The tier's smallest dose allowed; several may be given");
  add_tier_option("--max-dose", options->max_doses, "The tier's largest dose allowed");
  add_tier_option("--tier-budget", options->tier_budgets, "Money that the tier's offers may cost, expected");
  add_tier_option("--users", options->users, "Users of the tier to plan for; default: those in the experiment");
  command.add_flag("--better-never-worse", options->is_better_never_worse,
                   "A better tier never gets a smaller dose than a worse one");
  command.add_option("--min-share", options->min_share, "Share of each tier that every dose keeps; plans in shares")
      ->check(CLI::Range(0.0, 1.0));
  command.add_flag("--shares", options->is_in_shares, "Plan in shares of doses");
}

void AddInputOptions(CLI::App& command, TuneOptions* options) {
  command.add_option("--input", options->input.path,
                     "JSON, YAML or CSV of what users did at each dose; no server needed; - is standard input");
  command
      .add_option_function<std::string>(
          "--format",
          [options](const std::string& format) {
            options->input.format = format == "csv" ? CellFormat::kCsv : CellFormat::kJson;
          },
          "Of the input, json or csv; default: by the file's name")
      ->check(CLI::IsMember({"json", "csv"}));
  command.add_option("--plan", options->input.plan, "JSON with all but the cells of a CSV input");
  command.add_option("--margin", options->overrides.margin_per_conversion, "Of an input: money earned by a conversion");
  command.add_option("--margin-share", options->overrides.margin_share, "Of an input: money earned by unit of revenue");
  command.add_option("--basket", options->overrides.basket_value, "Of an input: money in an average basket");
  command.add_option("--unit", options->unit, "Of an input: what a dose counts")->check(CLI::IsMember(NamesOf(kUnits)));
  command.add_option("--dose-step", options->overrides.dose_step,
                     "Of an input: doses within half of it are taken for one");
}

// Calls `set` with the number of each "TIER=N".
template <typename Set>
absl::Status ForEachTier(const char* option, const std::vector<std::string>& values, Set set) {
  for (const std::string& value : values) {
    const size_t equals = value.rfind('=');
    double number = 0.0;
    if (equals == std::string::npos || equals == 0 || !absl::SimpleAtod(value.substr(equals + 1), &number) ||
        !std::isfinite(number) || number < 0.0) {
      return InvalidField(option,
                          absl::StrCat("`", value, "` is not TIER=N with a number of 0 or more, e.g. waist=10"));
    }
    TIERWISE_RETURN_IF_ERROR(set(value.substr(0, equals), number));
  }
  return absl::OkStatus();
}

v1::TierLimit& LimitOf(const std::string& tier, v1::PlanConstraints& constraints) {
  for (v1::TierLimit& limit : *constraints.mutable_tiers()) {
    if (limit.tier() == tier) return limit;
  }
  v1::TierLimit& limit = *constraints.add_tiers();
  limit.set_tier(tier);
  return limit;
}

}  // namespace

v1::DoseUnit UnitOf(const std::string& name) { return kUnits.at(name); }

void AddTuneOptions(CLI::App& command, TuneOptions* options) {
  command.add_option("CAMPAIGN", options->campaign, "Id of a launched campaign; not with --input");
  AddConstraintOptions(command, options);
  AddInputOptions(command, options);
  command.add_option("--confidence", options->confidence, "Of intervals")
      ->check(CLI::Range(0.5, 0.9999))
      ->capture_default_str();
  command
      .add_option("--control-share", options->control_share,
                  "Share of each tier that stays without an offer in the follow-up campaign; default 0.1")
      ->check(CLI::Range(0.01, 0.5));
  command.add_option("--as-of", options->as_of, "The plan as it was at that time")->type_name("TIME");
  command.add_option("--seed", options->seed, "Of the draws; the same seed gives the same plan");
  command.add_flag("-v,--verbose", options->is_full, "Every dose's figures");
  command.add_flag("--json", options->is_json, "JSON, numbers in full precision");
  command
      .add_option_function<std::vector<std::string>>(
          "--apply",
          [options](const std::vector<std::string>& files) { options->apply = files.empty() ? "" : files.front(); },
          "Write the follow-up campaign as YAML to FILE, - for standard output; default: a file by its id")
      ->type_name("[FILE]")
      ->expected(0, 1);
}

absl::StatusOr<v1::PlanConstraints> ConstraintsOf(const TuneOptions& options) {
  v1::PlanConstraints constraints;
  if (options.budget.has_value()) constraints.set_budget(*options.budget);
  constraints.set_objective(kObjectives.at(options.objective));
  constraints.set_better_tier_never_worse(options.is_better_never_worse);
  constraints.set_min_share(options.min_share);
  constraints.set_allow_shares(options.is_in_shares);
  TIERWISE_RETURN_IF_ERROR(ForEachTier("--min-dose", options.min_doses, [&](const std::string& tier, double dose) {
    LimitOf(tier, constraints).set_min_dose(dose);
    return absl::OkStatus();
  }));
  TIERWISE_RETURN_IF_ERROR(ForEachTier("--max-dose", options.max_doses, [&](const std::string& tier, double dose) {
    LimitOf(tier, constraints).set_max_dose(dose);
    return absl::OkStatus();
  }));
  TIERWISE_RETURN_IF_ERROR(ForEachTier("--tier-budget", options.tier_budgets, [&](const std::string& tier, double n) {
    LimitOf(tier, constraints).set_budget(n);
    return absl::OkStatus();
  }));
  TIERWISE_RETURN_IF_ERROR(ForEachTier("--users", options.users, [&](const std::string& tier, double n) {
    if (n != std::floor(n) || n > 1e12) {
      return InvalidField("--users", absl::StrCat("`", tier, "=", n, "` is no number of users, 0 to 1e12"));
    }
    LimitOf(tier, constraints).set_users(static_cast<int64_t>(n));
    return absl::OkStatus();
  }));
  return constraints;
}

}  // namespace tierwise
