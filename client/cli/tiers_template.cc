// SPDX-License-Identifier: Apache-2.0
#include <memory>
#include <vector>

#include "absl/strings/str_join.h"
#include "client/cli/command.h"
#include "client/cli/definition_apply.h"
#include "client/cli/message_text.h"
#include "client/cli/suggestion.h"
#include "client/cli/tiers_verbs.h"
#include "experiments/audience/tier_templates.h"
#include "experiments/base/status_macros.h"

namespace tierwise {
namespace {

struct TemplateOptions {
  std::string name;
  std::string event = "purchase";
  bool is_applied = false;
  bool is_dry_run = false;
  bool is_json = false;
};

absl::StatusOr<std::vector<v1::Definition>> Definitions(const TemplateOptions& options) {
  const std::vector<std::string> known(std::begin(kTierTemplates), std::end(kTierTemplates));
  if (std::find(known.begin(), known.end(), options.name) == known.end()) {
    return absl::NotFoundError(
        absl::StrCat("there is no template `", options.name, "`", Suggestion(options.name, known)));
  }
  return TierTemplate(options.name, options.event);
}

absl::StatusOr<ExitCode> Template(const TemplateOptions& options, const Invocation& invocation) {
  TIERWISE_ASSIGN_OR_RETURN(const std::vector<v1::Definition> definitions, Definitions(options));
  Terminal& terminal = invocation.terminal;
  if (options.is_applied || options.is_dry_run) {
    TIERWISE_RETURN_IF_ERROR(ApplyDefinitions(Connection(invocation.connection), definitions,
                                              {.is_dry_run = options.is_dry_run, .is_json = options.is_json},
                                              terminal));
    return ExitCode::kOk;
  }
  nlohmann::ordered_json list = nlohmann::ordered_json::array();
  for (const v1::Definition& definition : definitions) list.push_back(ToReadableJson(definition, Fields::kInput));
  if (options.is_json) {
    terminal.out << list.dump(2) << '\n';
    return ExitCode::kOk;
  }
  for (size_t i = 0; i < list.size(); ++i) terminal.out << (i > 0 ? "---\n" : "") << ToYaml(list[i]);
  return ExitCode::kOk;
}

}  // namespace

void AddTiersTemplate(CLI::App& tiers, Invocation& invocation) {
  auto options = std::make_shared<TemplateOptions>();
  CLI::App* command = tiers.add_subcommand("template", "Ready-made tierings with the attributes they need, as YAML");
  command->add_option("NAME", options->name, absl::StrJoin(kTierTemplates, ", "))->required();
  command->add_option("--event", options->event, "Name of the events that are counted")->capture_default_str();
  CLI::Option* apply = command->add_flag("--apply", options->is_applied, "Apply it in place of printing it");
  command->add_flag("--dry-run", options->is_dry_run, "Show what applying it would change")->excludes(apply);
  command->add_flag("--json", options->is_json, "JSON in place of YAML");
  command->footer(
      "  value        head, waist, tail: the best tenth, the next 40 percent, the rest by 12 months' value\n"
      "  life-cycle   new, active, cooling, dormant, won back by when users were last seen\n"
      "  rfm          champions, loyal, at risk, ...: groups by recency, frequency and monetary value\n"
      "\n"
      "Examples:\n"
      "  tierwise tiers template value > value.yaml      to change it, then tierwise apply -f value.yaml\n"
      "  tierwise tiers template rfm --event order --apply\n");
  command->callback([options, &invocation] {
    invocation.action = [options, &invocation] { return Template(*options, invocation); };
  });
}

}  // namespace tierwise
