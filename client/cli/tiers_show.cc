// SPDX-License-Identifier: Apache-2.0
#include <memory>

#include "client/cli/attribute_values.h"
#include "client/cli/catalog.h"
#include "client/cli/command.h"
#include "client/cli/message_text.h"
#include "client/cli/tier_description_text.h"
#include "client/cli/tier_history_text.h"
#include "client/cli/tiers_verbs.h"
#include "client/cli/time_text.h"
#include "experiments/base/status_macros.h"
#include "tierwise/v1/tier_service.pb.h"

namespace tierwise {
namespace {

struct ShowOptions {
  std::string tiering, value, by;
  bool is_json = false;
};

absl::StatusOr<ExitCode> Show(const ShowOptions& options, const Invocation& invocation) {
  v1::DescribeTiersRequest request;
  request.set_tiering(options.tiering);
  request.set_value_attribute(options.value);
  request.set_attribute(options.by);
  const Connection connection(invocation.connection);
  v1::DescribeTiersResponse response;
  TIERWISE_RETURN_IF_ERROR(
      SuggestDefinition(connection, "tierings", options.tiering, connection.Call(request, &response)));
  Terminal& terminal = invocation.terminal;
  if (options.is_json) {
    terminal.out << ToReadableJson(response, Fields::kComplete).dump(2) << '\n';
    return ExitCode::kOk;
  }
  TierQuestion question = {options.tiering, options.value, options.by};
  if (!options.by.empty()) {
    TIERWISE_ASSIGN_OR_RETURN(const AttributeTypes types, FetchAttributeTypes(connection));
    if (const auto found = types.find(options.by); found != types.end()) question.attribute_type = found->second;
  }
  terminal.out << RenderTierDescription(response, question, PlotStyleOf(terminal));
  return ExitCode::kOk;
}

struct HistoryOptions {
  std::string tiering, from, to, event;
  bool is_full = false;
  bool is_json = false;
};

absl::StatusOr<ExitCode> History(const HistoryOptions& options, const Invocation& invocation) {
  v1::GetTierHistoryRequest request;
  request.set_tiering(options.tiering);
  request.set_value_event(options.event);
  if (!options.from.empty()) {
    TIERWISE_ASSIGN_OR_RETURN(const absl::Time begin, ParseTimeOption("--from", options.from));
    *request.mutable_begin() = ToProto(begin);
  }
  if (!options.to.empty()) {
    TIERWISE_ASSIGN_OR_RETURN(const absl::Time end, ParseTimeOption("--to", options.to));
    *request.mutable_end() = ToProto(end);
  }
  const Connection connection(invocation.connection);
  v1::GetTierHistoryResponse response;
  TIERWISE_RETURN_IF_ERROR(
      SuggestDefinition(connection, "tierings", options.tiering, connection.Call(request, &response)));
  Terminal& terminal = invocation.terminal;
  if (options.is_json) {
    terminal.out << ToReadableJson(response, Fields::kComplete).dump(2) << '\n';
  } else {
    terminal.out << RenderTierHistory(response, options.tiering, options.event, options.is_full, PlotStyleOf(terminal));
  }
  return ExitCode::kOk;
}

}  // namespace

void AddTiersShow(CLI::App& tiers, Invocation& invocation) {
  auto options = std::make_shared<ShowOptions>();
  CLI::App* command = tiers.add_subcommand("show", "Sizes of tiers, their value, what their users are like");
  command->add_option("TIERING", options->tiering, "Id of a refreshed tiering")->required();
  command->add_option("--value", options->value, "Number attribute whose sum the tiers share")->type_name("ATTRIBUTE");
  command->add_option("--by", options->by, "Attribute whose distribution in each tier is shown")
      ->type_name("ATTRIBUTE");
  command->add_flag("--json", options->is_json, "JSON, numbers in full precision");
  command->footer(
      "Examples:\n"
      "  tierwise tiers show value\n"
      "  tierwise tiers show value --value spend_365d --by country\n");
  command->callback(
      [options, &invocation] { invocation.action = [options, &invocation] { return Show(*options, invocation); }; });
}

void AddTiersHistory(CLI::App& tiers, Invocation& invocation) {
  auto options = std::make_shared<HistoryOptions>();
  CLI::App* command = tiers.add_subcommand("history", "Sizes of tiers and their value over time");
  command->add_option("TIERING", options->tiering, "Id of the tiering")->required();
  command->add_option("--event", options->event, "Event whose values the tiers share, e.g. purchase");
  command->add_option("--from", options->from, "Refreshes from then on")->type_name("TIME");
  command->add_option("--to", options->to, "Refreshes until then")->type_name("TIME");
  command->add_flag("-v,--verbose", options->is_full, "Every refresh in figures");
  command->add_flag("--json", options->is_json, "JSON, numbers in full precision");
  command->footer(
      "Examples:\n"
      "  tierwise tiers history value\n"
      "  tierwise tiers history value --event purchase --from 2026-01-01 -v\n");
  command->callback(
      [options, &invocation] { invocation.action = [options, &invocation] { return History(*options, invocation); }; });
}

}  // namespace tierwise
