// SPDX-License-Identifier: Apache-2.0
#include <memory>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "client/cli/catalog.h"
#include "client/cli/command.h"
#include "client/cli/message_text.h"
#include "client/cli/time_text.h"
#include "experiments/base/definitions.h"
#include "experiments/base/status_macros.h"
#include "tierwise/v1/catalog_service.pb.h"

namespace tierwise {
namespace {

struct TransitionOptions {
  std::string campaign;
  bool is_dry_run = false;
  bool is_json = false;
  // For conclude only.
  std::string shipped;
  bool is_rolled_back = false;
  bool is_inconclusive = false;
  std::string note;
};

void AddToRequest(const TransitionOptions& options, v1::ConcludeCampaignRequest* request) {
  v1::Conclusion& conclusion = *request->mutable_conclusion();
  conclusion.set_outcome(options.is_rolled_back    ? v1::OUTCOME_ROLLED_BACK
                         : options.is_inconclusive ? v1::OUTCOME_INCONCLUSIVE
                                                   : v1::OUTCOME_SHIPPED);
  conclusion.set_variant(options.shipped);
  conclusion.set_note(options.note);
}
void AddToRequest(const TransitionOptions&, google::protobuf::Message*) {}

void PrintCampaign(const v1::Campaign& campaign, const TransitionOptions& options, Terminal& terminal) {
  if (options.is_json) {
    terminal.out << ToReadableJson(campaign, Fields::kComplete).dump(2) << '\n';
    return;
  }
  terminal.out << (options.is_dry_run ? "dry run, nothing changed; would be: " : "") << campaign.id() << " is "
               << Styled(terminal.out_has_color, Style::kBold, ShortName(campaign.state())) << " (revision "
               << campaign.meta().revision() << ", launched " << TimeTitle(FromProto(campaign.launch_time())) << ")\n";
  if (campaign.has_conclusion()) {
    terminal.out << "outcome: " << ShortName(campaign.conclusion().outcome())
                 << (campaign.conclusion().variant().empty() ? "" : " " + campaign.conclusion().variant()) << '\n';
  }
}

// The revision that is passed is the one just read: a change by someone else in between is a conflict.
template <typename Request, typename Response>
absl::StatusOr<ExitCode> Change(const TransitionOptions& options, const Invocation& invocation) {
  const Connection connection(invocation.connection);
  TIERWISE_ASSIGN_OR_RETURN(const v1::Definition present,
                            FetchDefinition(connection, absl::StrCat("campaigns/", options.campaign)));
  Request request;
  request.set_campaign(options.campaign);
  request.set_expected_revision(MetaOf(present).revision());
  request.set_validate_only(options.is_dry_run);
  AddToRequest(options, &request);
  Response response;
  TIERWISE_RETURN_IF_ERROR(connection.Call(request, &response));
  PrintCampaign(response.campaign(), options, invocation.terminal);
  return ExitCode::kOk;
}

template <typename Request, typename Response>
CLI::App* AddTransition(CLI::App& app, Invocation& invocation, const char* verb, const char* description,
                        const std::shared_ptr<TransitionOptions>& options) {
  CLI::App* command = app.add_subcommand(verb, description);
  command->add_option("CAMPAIGN", options->campaign, "Id of the campaign")->required();
  command->add_flag("--dry-run", options->is_dry_run, "Check only, change nothing");
  command->add_flag("--json", options->is_json, "Print the campaign as JSON");
  command->footer(absl::StrCat("Examples:\n  tierwise ", verb, " spring\n"));
  command->callback([options, &invocation] {
    invocation.action = [options, &invocation] { return Change<Request, Response>(*options, invocation); };
  });
  return command;
}

}  // namespace

void AddCampaignStateCommands(CLI::App& app, Invocation& invocation) {
  AddTransition<v1::LaunchCampaignRequest, v1::LaunchCampaignResponse>(
      app, invocation, "launch", "Start a draft campaign", std::make_shared<TransitionOptions>());
  AddTransition<v1::PauseCampaignRequest, v1::PauseCampaignResponse>(
      app, invocation, "pause", "Stop assigning users for now", std::make_shared<TransitionOptions>());
  AddTransition<v1::ResumeCampaignRequest, v1::ResumeCampaignResponse>(app, invocation, "resume", "Go on after a pause",
                                                                       std::make_shared<TransitionOptions>());
  auto options = std::make_shared<TransitionOptions>();
  CLI::App* conclude = AddTransition<v1::ConcludeCampaignRequest, v1::ConcludeCampaignResponse>(
      app, invocation, "conclude", "End a campaign for good", options);
  CLI::Option_group* outcome = conclude->add_option_group("outcome", "How it ended; exactly one");
  outcome->add_option("--shipped", options->shipped, "This variant is what everyone gets from now on")
      ->type_name("VARIANT");
  outcome->add_flag("--rolled-back", options->is_rolled_back, "Back to how it was before");
  outcome->add_flag("--inconclusive", options->is_inconclusive, "Ended without a decision");
  outcome->require_option(1);
  conclude->add_option("--note", options->note, "For people: why");
  conclude->footer(
      "Examples:\n"
      "  tierwise conclude spring --shipped fifteen_percent --note \"lift in every tier\"\n"
      "  tierwise conclude spring --rolled-back\n");
}

}  // namespace tierwise
