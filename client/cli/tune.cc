// SPDX-License-Identifier: Apache-2.0
#include <filesystem>
#include <fstream>
#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "client/cli/catalog.h"
#include "client/cli/command.h"
#include "client/cli/message_text.h"
#include "client/cli/offer_plan_text.h"
#include "client/cli/time_text.h"
#include "client/cli/tune_options.h"
#include "client/cli/tuning_file_data.h"
#include "experiments/base/problems.h"
#include "experiments/base/status_macros.h"
#include "experiments/tuning/offer_tuning.h"
#include "tierwise/v1/tuning_service.pb.h"

namespace tierwise {
namespace {

using nlohmann::ordered_json;

constexpr char kExamples[] =
    "The best offer for each tier, from the results of a campaign whose variants have doses, or of a file. "
    "docs/tune.md\n"
    "says how it is found, and describes the file.\n"
    "\n"
    "Examples:\n"
    "  tierwise tune spring --budget 5000\n"
    "  tierwise tune spring --budget 5000 --users waist=200000 --max-dose head=10 --better-never-worse\n"
    "  tierwise tune spring --budget 5000 --apply spring-next.yaml\n"
    "  tierwise tune --input doses.csv --margin 12 --unit amount_off --budget 5000\n"
    "  tierwise tune --input doses.json -v\n"
    "\n"
    "doses.csv:\n"
    "  tier,dose,users,conversions\n"
    "  waist,0,2000,160\n"
    "  waist,2,2000,205\n"
    "  waist,4,2000,236\n";

ordered_json TrendsJson(const std::vector<TierTrend>& trends) {
  ordered_json out = ordered_json::array();
  for (const TierTrend& trend : trends) {
    ordered_json item = {{"tier", trend.tier}};
    if (trend.slope.has_value()) {
      item["slope"] = {{"value", trend.slope->slope}, {"standard_error", trend.slope->se}};
    }
    if (trend.logit.has_value()) {
      item["logit"] = {{"intercept", trend.logit->intercept},
                       {"intercept_standard_error", trend.logit->intercept_se},
                       {"slope", trend.logit->slope},
                       {"slope_standard_error", trend.logit->slope_se}};
    }
    out.push_back(std::move(item));
  }
  return out;
}

absl::Status CheckOptions(const TuneOptions& options) {
  const bool has_input = !options.input.path.empty();
  if (has_input == !options.campaign.empty()) {
    return InvalidField(has_input ? "CAMPAIGN" : "--input",
                        has_input ? "goes without --input: one of the two" : "is missing, or the id of a campaign");
  }
  const TuningOverrides& overrides = options.overrides;
  const bool has_overrides = overrides.margin_per_conversion.has_value() || overrides.margin_share.has_value() ||
                             overrides.basket_value.has_value() || overrides.dose_step.has_value() ||
                             !options.unit.empty() || !options.input.plan.empty();
  if (!has_input && has_overrides) {
    return InvalidField("--input",
                        "is missing: --margin, --margin-share, --basket, --unit, --dose-step and --plan are "
                        "about a file; a campaign has its own economics");
  }
  if (has_input && options.apply.has_value()) {
    return InvalidField("--apply", "needs a campaign, whose follow-up it writes; a file has none");
  }
  if (has_input && !options.as_of.empty()) return InvalidField("--as-of", "needs a campaign; a file says its own");
  if (options.apply == "-" && options.is_json) return InvalidField("--apply", "- and --json both write to the output");
  return absl::OkStatus();
}

absl::StatusOr<ExitCode> TuneFile(TuneOptions options, const v1::PlanConstraints& constraints, Terminal& terminal) {
  options.overrides.now = absl::Now();
  options.overrides.is_margin_needed = constraints.objective() == v1::PLAN_OBJECTIVE_PROFIT;
  TIERWISE_ASSIGN_OR_RETURN(const TuningSource source, ReadTuningFile(options.input, terminal));
  if (!options.unit.empty()) options.overrides.unit = UnitOf(options.unit);
  TIERWISE_ASSIGN_OR_RETURN(TuningFileData input, AssembleTuning(source, options.overrides));
  TuningOptions tuning;
  tuning.confidence = options.confidence;
  tuning.seed = options.seed;
  OfferPlanView view;
  TIERWISE_ASSIGN_OR_RETURN(view.plan, PlanOffers(input.data, constraints, tuning));
  if (options.is_json) {
    ordered_json out = {{"plan", ToReadableJson(view.plan, Fields::kSet)}, {"trends", TrendsJson(input.trends)}};
    if (!input.notes.empty()) out["notes"] = input.notes;
    terminal.out << out.dump(2) << '\n';
    return ExitCode::kOk;
  }
  view.unit = input.data.variants.front().offer().unit();
  view.confidence = options.confidence;
  view.baseline_dose = input.baseline_dose;
  view.trends = std::move(input.trends);
  view.notes = std::move(input.notes);
  terminal.out << RenderOfferPlan(view, options.is_full ? Detail::kFull : Detail::kCompact, PlotStyleOf(terminal));
  return ExitCode::kOk;
}

std::string FollowUpYaml(const v1::Campaign& campaign) {
  v1::Definition definition;
  *definition.mutable_campaign() = campaign;
  return ToYaml(ToReadableJson(definition, Fields::kInput));
}

absl::Status WriteFollowUp(const v1::PlanOffersResponse& response, const std::string& asked, Terminal& terminal) {
  if (!response.has_follow_up()) {
    return absl::FailedPreconditionError("the plan offers nothing to anybody, so there is no campaign to follow");
  }
  const std::string yaml = FollowUpYaml(response.follow_up());
  if (asked == "-") {
    terminal.out << yaml;
    return absl::OkStatus();
  }
  const std::string path = asked.empty() ? response.follow_up().id() + ".yaml" : asked;
  if (asked.empty() && std::filesystem::exists(path)) {
    return absl::AlreadyExistsError(absl::StrCat("there is a file ", path, " already; name one behind --apply"));
  }
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  file << yaml;
  file.close();
  if (!file) return absl::UnavailableError(absl::StrCat("could not write ", path));
  terminal.err << "wrote " << path << "; it is a draft: tierwise apply -f " << path << '\n';
  return absl::OkStatus();
}

absl::StatusOr<ExitCode> TuneCampaign(const TuneOptions& options, const v1::PlanConstraints& constraints,
                                      const Invocation& invocation) {
  v1::PlanOffersRequest request;
  request.set_campaign(options.campaign);
  *request.mutable_constraints() = constraints;
  request.set_confidence(options.confidence);
  request.set_seed(options.seed);
  if (options.control_share.has_value()) request.set_control_share(*options.control_share);
  if (!options.as_of.empty()) {
    TIERWISE_ASSIGN_OR_RETURN(const absl::Time as_of, ParseTimeText(options.as_of));
    *request.mutable_as_of() = ToProto(as_of);
  }
  const Connection connection(invocation.connection);
  v1::PlanOffersResponse response;
  TIERWISE_RETURN_IF_ERROR(connection.Call(request, &response));
  Terminal& terminal = invocation.terminal;
  if (options.is_json) {
    terminal.out << ToReadableJson(response, Fields::kSet).dump(2) << '\n';
  } else if (options.apply != "-") {
    TIERWISE_ASSIGN_OR_RETURN(const v1::Definition campaign,
                              FetchDefinition(connection, absl::StrCat("campaigns/", options.campaign)));
    OfferPlanView view;
    view.plan = response.plan();
    view.confidence = options.confidence;
    for (const v1::Variant& variant : campaign.campaign().variants()) {
      if (variant.has_offer()) view.unit = variant.offer().unit();
    }
    terminal.out << RenderOfferPlan(view, options.is_full ? Detail::kFull : Detail::kCompact, PlotStyleOf(terminal));
  }
  if (options.apply.has_value()) TIERWISE_RETURN_IF_ERROR(WriteFollowUp(response, *options.apply, terminal));
  return ExitCode::kOk;
}

absl::StatusOr<ExitCode> Tune(const TuneOptions& options, const Invocation& invocation) {
  TIERWISE_RETURN_IF_ERROR(CheckOptions(options));
  TIERWISE_ASSIGN_OR_RETURN(const v1::PlanConstraints constraints, ConstraintsOf(options));
  if (!options.input.path.empty()) return TuneFile(options, constraints, invocation.terminal);
  return TuneCampaign(options, constraints, invocation);
}

}  // namespace

void AddTuneCommand(CLI::App& app, Invocation& invocation) {
  auto options = std::make_shared<TuneOptions>();
  CLI::App* command = app.add_subcommand("tune", "The best offer for each tier under a budget");
  AddTuneOptions(*command, options.get());
  command->footer(kExamples);
  command->callback(
      [options, &invocation] { invocation.action = [options, &invocation] { return Tune(*options, invocation); }; });
}

}  // namespace tierwise
