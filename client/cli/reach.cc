// SPDX-License-Identifier: Apache-2.0
#include <memory>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "client/cli/catalog.h"
#include "client/cli/command.h"
#include "client/cli/message_text.h"
#include "client/cli/tier_exploration_text.h"
#include "experiments/base/status_macros.h"
#include "tierwise/v1/tier_service.pb.h"

namespace tierwise {
namespace {

struct ReachOptions {
  std::string condition, campaign, tier, by_attribute, by_tiering;
  int samples = 0;
  bool is_json = false;
};

absl::Status SetTarget(const ReachOptions& options, v1::EstimateReachRequest* request) {
  if (!options.campaign.empty()) {
    request->set_campaign(options.campaign);
  } else if (!options.tier.empty()) {
    const std::vector<std::string> parts = absl::StrSplit(options.tier, '/');
    if (parts.size() != 2 || parts[0].empty() || parts[1].empty()) {
      return absl::InvalidArgumentError(
          absl::StrCat("--tier: `", options.tier, "` must be a tiering and a tier, e.g. value/head"));
    }
    request->mutable_tier()->set_tiering(parts[0]);
    request->mutable_tier()->set_tier(parts[1]);
  } else {
    request->mutable_condition()->set_text(options.condition);
  }
  return absl::OkStatus();
}

absl::StatusOr<ExitCode> Reach(const ReachOptions& options, const Invocation& invocation) {
  v1::EstimateReachRequest request;
  TIERWISE_RETURN_IF_ERROR(SetTarget(options, &request));
  request.set_by_attribute(options.by_attribute);
  request.set_by_tiering(options.by_tiering);
  request.set_samples(options.samples);
  const Connection connection(invocation.connection);
  v1::EstimateReachResponse response;
  absl::Status status = connection.Call(request, &response);
  if (!options.campaign.empty()) {
    status = SuggestDefinition(connection, "campaigns", options.campaign, std::move(status));
  } else if (!options.tier.empty()) {
    status = SuggestDefinition(connection, "tierings", request.tier().tiering(), std::move(status));
  }
  TIERWISE_RETURN_IF_ERROR(status);
  Terminal& terminal = invocation.terminal;
  if (options.is_json) {
    terminal.out << ToReadableJson(response, Fields::kComplete).dump(2) << '\n';
    return ExitCode::kOk;
  }
  const std::string target = !options.campaign.empty() ? absl::StrCat("campaign ", options.campaign)
                             : !options.tier.empty()   ? absl::StrCat("tier ", options.tier)
                                                       : options.condition;
  terminal.out << RenderReach(response, target, options.by_attribute, PlotStyleOf(terminal));
  return ExitCode::kOk;
}

}  // namespace

void AddReachCommand(CLI::App& app, Invocation& invocation) {
  auto options = std::make_shared<ReachOptions>();
  CLI::App* command = app.add_subcommand("reach", "How many users a condition, a tier or a campaign reaches");
  CLI::Option_group* target = command->add_option_group("target", "Whose reach; exactly one");
  target->add_option("CONDITION", options->condition, "In the language of docs/conditions.md, in quotes");
  target->add_option("--campaign", options->campaign, "A campaign, draft or launched: its audience and tier plans");
  target->add_option("--tier", options->tier, "A tier")->type_name("TIERING/TIER");
  target->require_option(1);
  command->add_option("--by", options->by_attribute, "Count by the values of this attribute")->type_name("ATTRIBUTE");
  command->add_option("--by-tiering", options->by_tiering, "Count by the tiers of this tiering")->type_name("TIERING");
  command->add_option("--samples", options->samples, "Show so many of the users, 0 to 100")->check(CLI::Range(0, 100));
  command->add_flag("--json", options->is_json, "JSON");
  command->footer(
      "Examples:\n"
      "  tierwise reach 'spend_90d >= 500 and country in [\"CN\", \"SG\"]' --by-tiering value\n"
      "  tierwise reach --tier value/head --by country --samples 5\n"
      "  tierwise reach --campaign spring\n");
  command->callback(
      [options, &invocation] { invocation.action = [options, &invocation] { return Reach(*options, invocation); }; });
}

}  // namespace tierwise
