// SPDX-License-Identifier: Apache-2.0
#include <memory>
#include <string>

#include "absl/strings/ascii.h"
#include "client/cli/catalog.h"
#include "client/cli/command.h"
#include "client/cli/message_text.h"
#include "client/cli/profile_text.h"
#include "client/cli/time_text.h"
#include "experiments/base/status_macros.h"
#include "tierwise/v1/event_service.pb.h"

namespace tierwise {
namespace {

struct ProfileOptions {
  std::string user, as_of;
  bool is_json = false;
};

absl::StatusOr<ExitCode> ShowProfile(const ProfileOptions& options, const Invocation& invocation) {
  v1::GetProfileRequest request;
  request.set_user_id(options.user);
  if (!options.as_of.empty()) {
    TIERWISE_ASSIGN_OR_RETURN(const absl::Time as_of, ParseTimeOption("--as-of", options.as_of));
    *request.mutable_as_of() = ToProto(as_of);
  }
  const Connection connection(invocation.connection);
  v1::GetProfileResponse response;
  TIERWISE_RETURN_IF_ERROR(connection.Call(request, &response));
  Terminal& terminal = invocation.terminal;
  if (options.is_json) {
    terminal.out << ToReadableJson(response, Fields::kComplete).dump(2) << '\n';
    return ExitCode::kOk;
  }
  TIERWISE_ASSIGN_OR_RETURN(const std::vector<v1::Definition> attributes, FetchAll(connection, "attributes"));
  std::set<std::string> derived;
  for (const v1::Definition& definition : attributes) {
    if (definition.attribute().has_derivation()) derived.insert(definition.attribute().id());
  }
  terminal.out << RenderProfile(response, derived, PlotStyleOf(terminal));
  return ExitCode::kOk;
}

struct EraseOptions {
  std::string user;
  bool is_certain = false;
  bool is_json = false;
};

absl::StatusOr<ExitCode> Erase(const EraseOptions& options, const Invocation& invocation) {
  Terminal& terminal = invocation.terminal;
  if (!options.is_certain) {
    terminal.err << "Erase the profile of " << options.user
                 << " and its history, and make the user's exposures and events anonymous? It can't be undone. [y/N] "
                 << std::flush;
    std::string answer;
    std::getline(terminal.in, answer);
    answer = absl::AsciiStrToLower(absl::StripAsciiWhitespace(answer));
    if (answer != "y" && answer != "yes") {
      return absl::CancelledError("nothing was erased; --yes erases without asking");
    }
  }
  v1::EraseUserRequest request;
  request.set_user_id(options.user);
  v1::EraseUserResponse response;
  TIERWISE_RETURN_IF_ERROR(Connection(invocation.connection).Call(request, &response));
  terminal.out << (options.is_json ? ToReadableJson(response, Fields::kComplete).dump(2) + "\n"
                                   : RenderErasure(response, options.user));
  return ExitCode::kOk;
}

}  // namespace

void AddProfileCommand(CLI::App& app, Invocation& invocation) {
  auto options = std::make_shared<ProfileOptions>();
  CLI::App* command = app.add_subcommand("profile", "What is known of a user: attributes and tiers");
  command->add_option("USER", options->user, "The user's id")->required();
  command->add_option("--as-of", options->as_of, "As it was known at that time")->type_name("TIME");
  command->add_flag("--json", options->is_json, "JSON");
  command->footer("Examples:\n  tierwise profile 17850\n  tierwise profile 17850 --as-of 2026-03-01\n");
  command->callback([options, &invocation] {
    invocation.action = [options, &invocation] { return ShowProfile(*options, invocation); };
  });
}

void AddEraseCommand(CLI::App& app, Invocation& invocation) {
  auto options = std::make_shared<EraseOptions>();
  CLI::App* command = app.add_subcommand("erase", "Forget a user for good, and say what was done");
  command->add_option("USER", options->user, "The user's id")->required();
  command->add_flag("--yes", options->is_certain, "Do not ask");
  command->add_flag("--json", options->is_json, "Print what was done as JSON");
  command->footer(
      "The profile, its history and the history of tiers are removed. Exposures and events stay under a random name, "
      "so\n"
      "that reports keep their numbers.\n"
      "\n"
      "Examples:\n"
      "  tierwise erase 17850\n"
      "  tierwise erase 17850 --yes\n");
  command->callback(
      [options, &invocation] { invocation.action = [options, &invocation] { return Erase(*options, invocation); }; });
}

}  // namespace tierwise
