// SPDX-License-Identifier: Apache-2.0
#include <memory>
#include <optional>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "client/cli/assign_file.h"
#include "client/cli/attribute_values.h"
#include "client/cli/command.h"
#include "client/cli/message_text.h"
#include "client/cli/text_table.h"
#include "client/cli/time_text.h"
#include "experiments/base/status_macros.h"
#include "tierwise/v1/assignment_service.pb.h"

namespace tierwise {
namespace {

struct AssignOptions {
  std::string user, users_file, id_column = "user_id";
  std::vector<std::string> campaigns;
  std::vector<std::string> attributes;
  bool is_json = false;
};

// Types are fetched only where there is something to type.
absl::StatusOr<std::vector<v1::AttributeValue>> ParseAttributes(const Connection& connection,
                                                                const std::vector<std::string>& options) {
  std::vector<v1::AttributeValue> values;
  if (options.empty()) return values;
  TIERWISE_ASSIGN_OR_RETURN(const AttributeTypes types, FetchAttributeTypes(connection));
  for (const std::string& option : options) {
    TIERWISE_ASSIGN_OR_RETURN(v1::AttributeValue value, ParseAttributeOption(option, types));
    values.push_back(std::move(value));
  }
  return values;
}

nlohmann::ordered_json JsonOf(const v1::Assignment& assignment) {
  nlohmann::ordered_json json = ToReadableJson(assignment, Fields::kComplete);
  json.erase("parameters_json");
  json["parameters"] = nlohmann::ordered_json::parse(assignment.parameters_json(), nullptr, /*allow_exceptions=*/false);
  if (json["parameters"].is_discarded()) json["parameters"] = nullptr;
  return json;
}

void PrintAssignments(const v1::AssignResponse& response, Terminal& terminal) {
  TextTable table(
      {{"CAMPAIGN"}, {"VARIANT"}, {"TIER"}, {"REASON"}, {"SHARE", TextTable::Align::kRight}, {"PARAMETERS"}});
  for (const v1::Assignment& assignment : response.assignments()) {
    const bool has_variant = !assignment.variant().empty();
    table.AddRow({{assignment.campaign(), {}},
                  {has_variant ? assignment.variant() : "-", has_variant ? Style::kBold : Style::kDim},
                  {assignment.tier(), {}},
                  {ShortName(assignment.reason()), {}},
                  {assignment.propensity() > 0 ? absl::StrFormat("%.1f%%", 100 * assignment.propensity()) : "", {}},
                  {assignment.parameters_json(), Style::kDim}});
  }
  if (table.empty()) {
    terminal.err << "no campaign is running\n";
    return;
  }
  terminal.out << table.Render(terminal.width, terminal.out_has_color);
}

absl::StatusOr<ExitCode> AssignOne(const AssignOptions& options, const Connection& connection, Terminal& terminal) {
  v1::AssignRequest request;
  request.set_user_id(options.user);
  for (const std::string& campaign : options.campaigns) request.add_campaigns(campaign);
  TIERWISE_ASSIGN_OR_RETURN(const auto attributes, ParseAttributes(connection, options.attributes));
  for (const v1::AttributeValue& value : attributes) *request.add_attributes() = value;
  v1::AssignResponse response;
  TIERWISE_RETURN_IF_ERROR(connection.Call(request, &response));
  if (!options.is_json) {
    PrintAssignments(response, terminal);
    return ExitCode::kOk;
  }
  nlohmann::ordered_json list = nlohmann::ordered_json::array();
  for (const v1::Assignment& assignment : response.assignments()) list.push_back(JsonOf(assignment));
  terminal.out << nlohmann::ordered_json({{"user_id", options.user},
                                          {"catalog_version", response.catalog_version()},
                                          {"assignments", list}})
                      .dump(2)
               << '\n';
  return ExitCode::kOk;
}

absl::StatusOr<ExitCode> Assign(const AssignOptions& options, const Invocation& invocation) {
  const Connection connection(invocation.connection);
  if (!options.user.empty()) return AssignOne(options, connection, invocation.terminal);
  TIERWISE_RETURN_IF_ERROR(AssignFile({options.users_file, options.id_column, options.campaigns, options.is_json},
                                      connection, invocation.terminal));
  return ExitCode::kOk;
}

struct ExplainOptions {
  std::string user, campaign, time;
  std::vector<std::string> attributes;
  bool is_json = false;
};

void PrintSteps(const ExplainOptions& options, const v1::ExplainResponse& response, Terminal& terminal) {
  const bool color = terminal.out_has_color;
  const v1::Assignment& assignment = response.assignment();
  terminal.out << options.user << " in " << options.campaign << ": "
               << Styled(color, Style::kBold, assignment.variant().empty() ? "no variant" : assignment.variant())
               << " (" << ShortName(assignment.reason()) << ")\n";
  TextTable table({{""}, {""}, {""}});
  for (const v1::ExplainStep& step : response.steps()) {
    const bool decided = step.decided();
    table.AddRow({{decided ? "=>" : "", decided ? std::optional<Style>(Style::kGreen) : std::nullopt},
                  {ShortName(step.step()), decided ? std::optional<Style>(Style::kBold) : Style::kDim},
                  {step.detail(), {}}});
  }
  terminal.out << table.Render(1 << 20, color, 2);
  terminal.out << Styled(color, Style::kDim, absl::StrCat("catalog version ", response.catalog_version())) << '\n';
}

absl::StatusOr<ExitCode> Explain(const ExplainOptions& options, const Invocation& invocation) {
  const Connection connection(invocation.connection);
  v1::ExplainRequest request;
  request.set_user_id(options.user);
  request.set_campaign(options.campaign);
  if (!options.time.empty()) {
    TIERWISE_ASSIGN_OR_RETURN(const absl::Time time, ParseTimeText(options.time));
    *request.mutable_time() = ToProto(time);
  }
  TIERWISE_ASSIGN_OR_RETURN(const auto attributes, ParseAttributes(connection, options.attributes));
  for (const v1::AttributeValue& value : attributes) *request.add_attributes() = value;
  v1::ExplainResponse response;
  TIERWISE_RETURN_IF_ERROR(connection.Call(request, &response));
  if (!options.is_json) {
    PrintSteps(options, response, invocation.terminal);
    return ExitCode::kOk;
  }
  nlohmann::ordered_json json = ToReadableJson(response, Fields::kComplete);
  json["assignment"] = JsonOf(response.assignment());
  invocation.terminal.out << json.dump(2) << '\n';
  return ExitCode::kOk;
}

}  // namespace

void AddAssignCommand(CLI::App& app, Invocation& invocation) {
  auto options = std::make_shared<AssignOptions>();
  CLI::App* command = app.add_subcommand("assign", "Which arm, for this user, now");
  CLI::Option_group* who = command->add_option_group("who", "One user, or a file of users; exactly one");
  CLI::Option* user = who->add_option("--user", options->user, "Id of the user");
  who->add_option("--users", options->users_file,
                  "CSV or newline JSON of users, .gz too: the id, and a column for each attribute");
  who->require_option(1);
  command
      ->add_option("--campaign", options->campaigns,
                   "Id of a campaign; several may be given; none asks for all that run")
      ->allow_extra_args(false);
  CLI::Option* attributes = command->add_option("--attr", options->attributes, "What is known about the user");
  attributes->type_name("ATTRIBUTE=VALUE")->allow_extra_args(false)->needs(user);
  command->add_option("--id-column", options->id_column, "The column of ids in a file of users")->capture_default_str();
  command->add_flag("--json", options->is_json, "JSON; for a file of users one object a line");
  command->footer(
      "Nothing is recorded: report exposures when the user meets the treatment.\n"
      "\n"
      "Examples:\n"
      "  tierwise assign --user u42 --attr spend_90d=812.5 --attr country=SG\n"
      "  tierwise assign --users users.csv.gz --campaign spring > arms.csv\n");
  command->callback(
      [options, &invocation] { invocation.action = [options, &invocation] { return Assign(*options, invocation); }; });
}

void AddExplainCommand(CLI::App& app, Invocation& invocation) {
  auto options = std::make_shared<ExplainOptions>();
  CLI::App* command = app.add_subcommand("explain", "Why a user got an arm, or none, step by step");
  command->add_option("--user", options->user, "Id of the user")->required();
  command->add_option("--campaign", options->campaign, "Id of the campaign")->required();
  command->add_option("--attr", options->attributes, "What is known about the user")
      ->type_name("ATTRIBUTE=VALUE")
      ->allow_extra_args(false);
  command->add_option("--time", options->time, "Decide as of this time; default now");
  command->add_flag("--json", options->is_json, "JSON");
  command->footer("Examples:\n  tierwise explain --user u42 --campaign spring --attr spend_90d=812.5\n");
  command->callback(
      [options, &invocation] { invocation.action = [options, &invocation] { return Explain(*options, invocation); }; });
}

}  // namespace tierwise
