// SPDX-License-Identifier: Apache-2.0
#include "client/cli/command_line.h"

#include <cstdlib>

#include "absl/strings/str_cat.h"
#include "absl/types/span.h"
#include "client/cli/command.h"
#include "client/cli/suggestion.h"
#include "client/cli/time_text.h"

namespace tierwise {
namespace {

constexpr char kFooter[] =
    "Environment:\n"
    "  TIERWISE_SERVER  the server, where --server names none\n"
    "  NO_COLOR         set to anything: no colours\n"
    "\n"
    "First steps:\n"
    "  tierwise health\n"
    "  tierwise apply -f examples/hillstrom\n"
    "  tierwise report hillstrom\n"
    "\n";

void AddConnectionOptions(CLI::App& app, ConnectionOptions* connection) {
  app.add_option("--server", connection->server, "The server, host:port")
      ->envname("TIERWISE_SERVER")
      ->capture_default_str();
  app.add_option_function<std::string>(
         "--timeout",
         [connection](const std::string& text) {
           const absl::StatusOr<absl::Duration> timeout = ParseDurationText(text);
           if (!timeout.ok()) throw CLI::ValidationError("--timeout", std::string(timeout.status().message()));
           if (*timeout <= absl::ZeroDuration()) throw CLI::ValidationError("--timeout", "must be above 0");
           connection->timeout = *timeout;
         },
         "How long to wait for each answer")
      ->type_name("DURATION")
      ->default_str("60s");
  app.add_option("--actor", connection->actor, "Who acts, for the audit trail")->envname("USER");
}

void AddCommands(CLI::App& app, Invocation& invocation) {
  AddApplyCommand(app, invocation);
  AddGetCommand(app, invocation);
  AddListCommand(app, invocation);
  AddExportCommand(app, invocation);
  AddDeleteCommand(app, invocation);
  AddHistoryCommand(app, invocation);
  AddCampaignStateCommands(app, invocation);
  AddAssignCommand(app, invocation);
  AddExplainCommand(app, invocation);
  AddImportCommand(app, invocation);
  AddTiersCommand(app, invocation);
  AddReachCommand(app, invocation);
  AddProfileCommand(app, invocation);
  AddEraseCommand(app, invocation);
  AddReportCommand(app, invocation);
  AddAnalyzeCommand(app, invocation);
  AddPowerCommand(app, invocation);
  AddSimulateCommand(app, invocation);
  AddTuneCommand(app, invocation);
  AddAllocationCommand(app, invocation);
  AddPolicyCommand(app, invocation);
  AddCallCommand(app, invocation);
  AddHealthCommand(app, invocation);
  AddVersionCommand(app, invocation);
  AddCompletionCommand(app, invocation);
}

// CLI11 does not say of an unknown verb that it is one. Looks at the verbs of `app`, then at those of the verb chosen.
std::string UnknownVerb(const CLI::App& app, absl::Span<const std::string> arguments) {
  std::vector<std::string> verbs;
  for (const CLI::App* command : app.get_subcommands([](const CLI::App*) { return true; })) {
    if (command->get_name().empty()) continue;  // a group of options
    if (!arguments.empty() && command->check_name(arguments[0])) return UnknownVerb(*command, arguments.subspan(1));
    verbs.push_back(command->get_name());
  }
  if (verbs.empty() || arguments.empty() || arguments[0].empty() || arguments[0][0] == '-') return "";
  return absl::StrCat("there is no command `", app.get_parent() == nullptr ? "" : app.get_name() + " ", arguments[0],
                      "`", Suggestion(arguments[0], verbs));
}

ExitCode PrintUsageError(const CLI::App& app, const CLI::ParseError& error, const std::vector<std::string>& arguments,
                         Terminal& terminal) {
  if (error.get_exit_code() == 0) {  // --help
    app.exit(error, terminal.out, terminal.err);
    return ExitCode::kOk;
  }
  const std::string unknown = UnknownVerb(app, arguments);
  PrintError(absl::InvalidArgumentError(unknown.empty() ? error.what() : unknown), terminal);
  terminal.err << "`tierwise --help` and `tierwise COMMAND --help` show what is possible\n";
  return ExitCode::kInvalid;
}

}  // namespace

ExitCode RunCommandLine(const std::vector<std::string>& arguments, Terminal& terminal) {
  Invocation invocation{.terminal = terminal, .connection = {}, .action = nullptr};
  CLI::App app("Campaigns and A/B tests over tiers of users.", "tierwise");
  app.require_subcommand(1);
  app.fallthrough();
  app.get_formatter()->column_width(36);
  AddConnectionOptions(app, &invocation.connection);
  AddCommands(app, invocation);
  app.footer(absl::StrCat(kFooter, kExitCodeHelp));
  try {  // CLI11 reports by exceptions
    app.parse(std::vector<std::string>(arguments.rbegin(), arguments.rend()));
  } catch (const CLI::ParseError& error) {
    return PrintUsageError(app, error, arguments, terminal);
  }
  const absl::StatusOr<ExitCode> result = invocation.action();
  terminal.out.flush();
  if (result.ok()) return *result;
  PrintError(result.status(), terminal);
  return ExitCodeOf(result.status());
}

}  // namespace tierwise
