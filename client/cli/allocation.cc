// SPDX-License-Identifier: Apache-2.0
#include <memory>

#include "client/cli/allocation_text.h"
#include "client/cli/command.h"
#include "client/cli/connection.h"
#include "client/cli/message_text.h"
#include "experiments/base/status_macros.h"
#include "tierwise/v1/tuning_service.pb.h"

namespace tierwise {
namespace {

constexpr char kExamples[] =
    "Examples:\n"
    "  tierwise allocation spring\n"
    "  tierwise allocation spring -v\n"
    "  tierwise allocation spring --json\n";

struct AllocationCommandOptions {
  std::string campaign;
  bool is_json = false;
  bool is_full = false;
};

absl::StatusOr<ExitCode> Allocation(const AllocationCommandOptions& options, const Invocation& invocation) {
  v1::GetAllocationRequest request;
  request.set_campaign(options.campaign);
  const Connection connection(invocation.connection);
  v1::GetAllocationResponse response;
  TIERWISE_RETURN_IF_ERROR(connection.Call(request, &response));
  Terminal& terminal = invocation.terminal;
  if (options.is_json) {
    terminal.out << ToReadableJson(response, Fields::kComplete).dump(2) << '\n';
  } else {
    terminal.out << RenderAllocation(response, options.is_full ? Detail::kFull : Detail::kCompact,
                                     PlotStyleOf(terminal));
  }
  return ExitCode::kOk;
}

}  // namespace

void AddAllocationCommand(CLI::App& app, Invocation& invocation) {
  auto options = std::make_shared<AllocationCommandOptions>();
  CLI::App* command = app.add_subcommand("allocation", "An adaptive campaign's weights, and its arms read out rightly");
  command->add_option("CAMPAIGN", options->campaign, "Id of an adaptive campaign")->required();
  command->add_flag("-v,--verbose", options->is_full, "Plain means, too, and every batch");
  command->add_flag("--json", options->is_json, "JSON, numbers in full precision");
  command->footer(kExamples);
  command->callback([options, &invocation] {
    invocation.action = [options, &invocation] { return Allocation(*options, invocation); };
  });
}

}  // namespace tierwise
