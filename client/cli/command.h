// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <CLI/CLI.hpp>
#include <functional>

#include "absl/status/statusor.h"
#include "client/cli/connection.h"
#include "client/cli/exit_status.h"
#include "client/cli/terminal.h"

namespace tierwise {

// One run of the `tierwise` command. Each verb's Add...Command declares its options and, once chosen, leaves in
// `action` what to do after the command line was read.
struct Invocation {
  Terminal& terminal;
  ConnectionOptions connection;
  std::function<absl::StatusOr<ExitCode>()> action;
};

void AddApplyCommand(CLI::App& app, Invocation& invocation);
void AddGetCommand(CLI::App& app, Invocation& invocation);
void AddListCommand(CLI::App& app, Invocation& invocation);
void AddExportCommand(CLI::App& app, Invocation& invocation);
void AddDeleteCommand(CLI::App& app, Invocation& invocation);
void AddHistoryCommand(CLI::App& app, Invocation& invocation);
void AddCampaignStateCommands(CLI::App& app, Invocation& invocation);
void AddAssignCommand(CLI::App& app, Invocation& invocation);
void AddExplainCommand(CLI::App& app, Invocation& invocation);
void AddImportCommand(CLI::App& app, Invocation& invocation);
void AddTiersCommand(CLI::App& app, Invocation& invocation);
void AddReachCommand(CLI::App& app, Invocation& invocation);
void AddProfileCommand(CLI::App& app, Invocation& invocation);
void AddEraseCommand(CLI::App& app, Invocation& invocation);
void AddReportCommand(CLI::App& app, Invocation& invocation);
void AddAnalyzeCommand(CLI::App& app, Invocation& invocation);
void AddPowerCommand(CLI::App& app, Invocation& invocation);
void AddSimulateCommand(CLI::App& app, Invocation& invocation);
void AddTuneCommand(CLI::App& app, Invocation& invocation);
void AddAllocationCommand(CLI::App& app, Invocation& invocation);
void AddPolicyCommand(CLI::App& app, Invocation& invocation);
void AddCallCommand(CLI::App& app, Invocation& invocation);
void AddVersionCommand(CLI::App& app, Invocation& invocation);
void AddHealthCommand(CLI::App& app, Invocation& invocation);
void AddCompletionCommand(CLI::App& app, Invocation& invocation);

}  // namespace tierwise
