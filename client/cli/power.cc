// SPDX-License-Identifier: Apache-2.0
#include <memory>

#include "client/cli/command.h"
#include "client/cli/planning_design.h"
#include "client/cli/power_plan.h"
#include "client/cli/power_text.h"
#include "experiments/base/status_macros.h"

namespace tierwise {
namespace {

constexpr char kExamples[] =
    "Examples:\n"
    "  tierwise power --baseline 0.05 --lift 0.1\n"
    "  tierwise power --baseline 0.05 --lift 0.1 --users-per-day 5000 --days 14 --variants 3\n"
    "  tierwise power --tier head:0.1:0.12 --tier waist:0.3:0.06 --tier tail:0.6:0.03 --lift 0.1 --users-per-day 5000\n"
    "  tierwise power --baseline 40 --sd 95 --lift 0.05 --cuped-correlation 0.6 --rule always-valid\n"
    "  tierwise power --from-campaign spring --lift 0.05 --days 28\n"
    "  tierwise power --from-file examples/analyze/hillstrom.json --metric conversion --lift 0.5 --users-per-day "
    "4000\n";

absl::StatusOr<ExitCode> Power(const PlanningOptions& options, bool is_json, const Invocation& invocation) {
  TIERWISE_ASSIGN_OR_RETURN(const PlanningDesign design, ResolveDesign(options, invocation));
  TIERWISE_ASSIGN_OR_RETURN(const PowerPlan plan, PlanPower(design));
  Terminal& terminal = invocation.terminal;
  if (is_json) {
    terminal.out << PowerJson(design, plan).dump(2) << '\n';
  } else {
    terminal.out << PowerText(design, plan, terminal.width, terminal.out_has_color);
  }
  return ExitCode::kOk;
}

}  // namespace

void AddPowerCommand(CLI::App& app, Invocation& invocation) {
  auto options = std::make_shared<PlanningOptions>();
  auto is_json = std::make_shared<bool>(false);
  CLI::App* command = app.add_subcommand("power", "How many users and days a campaign needs, per tier");
  AddPlanningOptions(*command, options.get());
  command->add_flag("--json", *is_json, "JSON, numbers in full precision");
  command->footer(kExamples);
  command->callback([options, is_json, &invocation] {
    invocation.action = [options, is_json, &invocation] { return Power(*options, *is_json, invocation); };
  });
}

}  // namespace tierwise
