// SPDX-License-Identifier: Apache-2.0
#include "client/cli/planning_design.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>
#include <set>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "client/cli/observed_design.h"
#include "client/cli/time_text.h"
#include "experiments/base/problems.h"
#include "experiments/base/status_macros.h"

namespace tierwise {
namespace {

constexpr double kUnknown = std::numeric_limits<double>::quiet_NaN();

std::optional<double> Number(absl::string_view text) {
  double value = 0.0;
  if (!absl::SimpleAtod(text, &value) || !std::isfinite(value)) return std::nullopt;
  return value;
}

// Sets `value` where `text` is given.
void ReadNumber(const char* flag, const std::string& text, double* value, Problems& problems) {
  if (text.empty()) return;
  const std::optional<double> number = Number(text);
  if (number.has_value()) {
    *value = *number;
  } else {
    problems.Add(flag, absl::StrCat("`", text, "` must be a finite number"));
  }
}

void ReadTiers(const PlanningOptions& options, PlanningDesign& design, Problems& problems) {
  if (options.tiers.empty()) return;
  design.tiers.clear();
  std::set<std::string> seen;
  double total = 0.0;
  for (const std::string& text : options.tiers) {
    const absl::StatusOr<PlannedTier> tier = ParseTier(text);
    if (!tier.ok()) {
      problems.Add(absl::StrCat("--tier ", text), tier.status().message());
      continue;
    }
    if (!seen.insert(tier->id).second) problems.Add(absl::StrCat("--tier ", text), "names a tier twice");
    total += tier->share;
    design.tiers.push_back(*tier);
  }
  constexpr double kRounding = 0.005;
  if (problems.empty() && std::abs(total - 1.0) > kRounding) {
    problems.Add("--tier", absl::StrCat("the shares add up to ", total, "; must be 1"));
  }
  for (PlannedTier& tier : design.tiers) tier.share /= total;
  if (!options.baseline.empty()) problems.Add("--baseline", "stands beside --tier, which has a baseline for each tier");
}

// What each tier leaves open, by the flags for all.
void FillTiers(const PlanningOptions& options, PlanningDesign& design, Problems& problems) {
  double lift = kUnknown, sd = kUnknown, baseline = kUnknown;
  ReadNumber("--lift", options.lift, &lift, problems);
  ReadNumber("--sd", options.sd, &sd, problems);
  ReadNumber("--baseline", options.baseline, &baseline, problems);
  if (design.tiers.empty()) {
    if (options.baseline.empty()) {
      problems.Add("--baseline",
                   "is missing: the outcome's mean under control, e.g. 0.05 for five percent; or --tier, "
                   "--from-campaign, --from-file");
      return;
    }
    design.tiers.push_back({"", 1.0, baseline, kUnknown, kUnknown});
  }
  // A tier's own part of --tier comes before the flag for all, that before what was observed.
  const auto fill = [&options](const std::string& flag, double given, double& value) {
    if (!flag.empty() && (options.tiers.empty() || std::isnan(value))) value = given;
  };
  for (PlannedTier& tier : design.tiers) {
    fill(options.lift, lift, tier.lift);
    fill(options.sd, sd, tier.sd);
    if (!std::isnan(tier.sd)) design.is_rate = false;
    if (std::isnan(tier.lift)) {
      problems.Add("--lift", "is missing: the lift to detect, e.g. 0.1 for ten percent more than the baseline");
      return;
    }
  }
}

void CheckTier(const PlanningDesign& design, const PlannedTier& tier, Problems& problems) {
  const std::string where = tier.id.empty() ? "--baseline" : absl::StrCat("tier ", tier.id);
  if (!(tier.share > 0.0 && tier.share <= 1.0)) problems.Add(where, "must have a share above 0 and at most 1");
  if (!(std::abs(tier.baseline) <= 1e100)) problems.Add(where, "must have a finite baseline");
  if (!(tier.lift > -1.0 && tier.lift <= 1000.0)) {
    problems.Add(where, absl::StrCat("has a lift of ", tier.lift, "; must be above -1 (0.1 is ten percent more)"));
  }
  if (design.is_rate) {
    const double treated = tier.baseline * (1.0 + tier.lift);
    if (!(tier.baseline > 0.0 && tier.baseline < 1.0)) {
      problems.Add(where, absl::StrCat("has a rate of ", tier.baseline,
                                       "; must be above 0 and below 1. For a mean, give --sd, too"));
    } else if (!(treated < 1.0)) {
      problems.Add(where, absl::StrCat("has a rate of ", treated, " with the lift; must be below 1"));
    }
  } else {
    if (tier.baseline == 0.0) problems.Add(where, "has a mean of 0, of which no lift can be stated");
    if (!(tier.sd > 0.0 && tier.sd <= 1e100)) {
      problems.Add(where, "must have a standard deviation above 0, by --sd or as the tier's fifth part");
    }
  }
}

void CheckDesign(const PlanningDesign& design, Problems& problems) {
  const auto check = [&problems](bool is_right, const char* flag, absl::string_view description) {
    if (!is_right) problems.Add(flag, description);
  };
  for (const PlannedTier& tier : design.tiers) CheckTier(design, tier, problems);
  check(design.tiers.size() <= 100, "--tier", "at most 100 tiers");
  check(design.variants >= 2 && design.variants <= 32, "--variants", "must be 2 to 32, the control included");
  check(design.alpha >= 0.001 && design.alpha <= 0.2, "--alpha", "must be 0.001 to 0.2");
  check(design.power > design.alpha && design.power <= 0.999, "--power", "must be above alpha and at most 0.999");
  check(std::abs(design.correlation) <= 0.99, "--cuped-correlation", "must be -0.99 to 0.99");
  check(design.ratio >= 0.001 && design.ratio <= 1000.0, "--ratio", "must be 0.001 to 1000");
  check(design.users_per_day >= 0.0 && design.users_per_day <= 1e10, "--users-per-day", "must be up to 10^10");
  check(design.days >= 0.0 && design.days <= 3650.0, "--days", "must be at most 3650");
  check(design.days == 0.0 || design.users_per_day > 0.0, "--days", "needs --users-per-day");
}

}  // namespace

double PlanningDesign::ControlVariance(const PlannedTier& tier) const {
  return is_rate ? tier.baseline * (1.0 - tier.baseline) : tier.sd * tier.sd;
}

double PlanningDesign::TreatmentVariance(const PlannedTier& tier) const {
  const double treated = tier.baseline * (1.0 + tier.lift);
  return is_rate ? treated * (1.0 - treated) : tier.sd * tier.sd;
}

absl::StatusOr<PlannedTier> ParseTier(const std::string& text) {
  const std::vector<std::string> parts = absl::StrSplit(text, ':');
  const absl::Status wrong =
      absl::InvalidArgumentError("must be NAME:SHARE:BASELINE[:LIFT[:SD]], e.g. head:0.1:0.12 or head:0.1:40:0.05:55");
  if (parts.size() < 3 || parts.size() > 5 || parts[0].empty()) return wrong;
  PlannedTier tier{parts[0], 0.0, 0.0, kUnknown, kUnknown};
  double* const numbers[] = {&tier.share, &tier.baseline, &tier.lift, &tier.sd};
  for (size_t i = 1; i < parts.size(); ++i) {
    if (parts[i].empty() && i >= 3) continue;
    const std::optional<double> number = Number(parts[i]);
    if (!number.has_value()) return wrong;
    *numbers[i - 1] = *number;
  }
  if (!(tier.share > 0.0 && tier.share <= 1.0)) {
    return absl::InvalidArgumentError(absl::StrCat("has a share of ", tier.share, "; must be above 0 and at most 1"));
  }
  return tier;
}

void AddPlanningOptions(CLI::App& command, PlanningOptions* options) {
  command.add_option("--baseline", options->baseline, "Mean outcome under control; 0.05 is a rate of five percent");
  command.add_option("--lift", options->lift, "The lift to detect; 0.1 is ten percent more than the baseline");
  command.add_option("--sd", options->sd, "Standard deviation between users: the outcome is a mean, not a rate");
  command.add_option("--tier", options->tiers, "NAME:SHARE:BASELINE[:LIFT[:SD]] for each tier, instead of --baseline")
      ->type_name("TIER")
      ->allow_extra_args(false);
  command.add_option("--users-per-day", options->users_per_day, "Users of all tiers and variants that enter a day");
  command.add_option("--days", options->days, "How long users enter; default: as long as it takes");
  command.add_option("--window", options->window, "From a user's exposure to the outcome, e.g. 14d; default 0d");
  command.add_option("--variants", options->variants, "How many, the control included; default 2");
  command.add_option("--ratio", options->ratio, "Users in each treatment for each in the control; default 1");
  command.add_option("--alpha", options->alpha, "Error rate of all claims together; default 0.05");
  command.add_option("--power", options->power, "Chance to show the lift; default 0.8");
  command.add_option("--rule", options->rule, "fixed, alpha-spending (default) or always-valid")
      ->check(CLI::IsMember({"fixed", "alpha-spending", "always-valid"}));
  command.add_option("--cuped-correlation", options->correlation,
                     "Of the outcome with a covariate from before the exposure; default 0");
  command.add_option("--from-campaign", options->campaign, "Take what is left out from this campaign's report")
      ->type_name("ID");
  command.add_option("--from-file", options->file, "Take what is left out from a JSON file as `analyze` reads it")
      ->type_name("FILE");
  command.add_option("--metric", options->metric, "Of that campaign or file; default: the primary one");
}

absl::StatusOr<PlanningDesign> ResolveDesign(const PlanningOptions& options, const Invocation& invocation) {
  PlanningDesign design;
  if (!options.campaign.empty() && !options.file.empty()) {
    return InvalidField("--from-file", "stands beside --from-campaign, but only one of the two may be given");
  }
  if (!options.campaign.empty() || !options.file.empty()) {
    TIERWISE_ASSIGN_OR_RETURN(design, ObservedDesign(options.campaign, options.file, options.metric, invocation));
  }
  Problems problems;
  if (!options.rule.empty()) {
    design.rule = options.rule == "fixed"            ? v1::SEQUENTIAL_RULE_FIXED_HORIZON
                  : options.rule == "alpha-spending" ? v1::SEQUENTIAL_RULE_ALPHA_SPENDING
                                                     : v1::SEQUENTIAL_RULE_ALWAYS_VALID;
  }
  if (!options.window.empty()) {
    const absl::StatusOr<absl::Duration> window = ParseDurationText(options.window);
    if (!window.ok()) problems.Add("--window", window.status().message());
    if (window.ok()) design.window_days = absl::FDivDuration(*window, absl::Hours(24));
  }
  if (options.alpha != 0.0) design.alpha = options.alpha;
  if (options.variants != 0) design.variants = options.variants;
  if (options.users_per_day != 0.0) design.users_per_day = options.users_per_day;
  if (options.correlation != 0.0) design.correlation = options.correlation;
  design.power = options.power;
  design.ratio = options.ratio;
  design.days = options.days;
  ReadTiers(options, design, problems);
  TIERWISE_RETURN_IF_ERROR(problems.ToStatus());
  FillTiers(options, design, problems);
  TIERWISE_RETURN_IF_ERROR(problems.ToStatus());
  CheckDesign(design, problems);
  TIERWISE_RETURN_IF_ERROR(problems.ToStatus());
  return design;
}

std::string RuleTitle(v1::SequentialRule rule) {
  switch (rule) {
    case v1::SEQUENTIAL_RULE_FIXED_HORIZON:
      return "fixed horizon, read once";
    case v1::SEQUENTIAL_RULE_ALWAYS_VALID:
      return "always valid, asymptotic confidence sequence";
    default:
      return "alpha spending, O'Brien-Fleming type";
  }
}

}  // namespace tierwise
