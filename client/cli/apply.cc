// SPDX-License-Identifier: Apache-2.0
#include <memory>

#include "client/cli/command.h"
#include "client/cli/definition_apply.h"
#include "client/cli/yaml_documents.h"
#include "experiments/base/status_macros.h"

namespace tierwise {
namespace {

constexpr char kExamples[] =
    "Files are YAML or JSON: documents parted by `---`, each with `kind: "
    "Campaign|Tiering|Segment|Metric|Attribute|Layer|Holdout`\n"
    "and that kind's fields. docs/cli.md has an example of each.\n"
    "\n"
    "Everything given is checked together and written together or not at all. What the catalog has besides stays.\n"
    "Of each tiering that is new or changed, its sizes and who would move are shown first.\n"
    "\n"
    "Examples:\n"
    "  tierwise apply -f campaign.yaml             show the difference and apply it\n"
    "  tierwise apply -f definitions/ --dry-run    show the difference only\n"
    "  tierwise apply -f a.yaml b.yaml --json      the difference for programs\n";

struct ApplyOptions {
  std::vector<std::string> files;
  bool is_recursive = false;
  bool is_dry_run = false;
  bool is_json = false;
};

absl::StatusOr<ExitCode> Apply(const ApplyOptions& options, const Invocation& invocation) {
  TIERWISE_ASSIGN_OR_RETURN(const std::vector<DefinitionDocument> documents,
                            ReadDefinitions(options.files, options.is_recursive));
  TIERWISE_RETURN_IF_ERROR(ApplyDocuments(Connection(invocation.connection), documents,
                                          {.is_dry_run = options.is_dry_run, .is_json = options.is_json},
                                          invocation.terminal));
  return ExitCode::kOk;
}

}  // namespace

void AddApplyCommand(CLI::App& app, Invocation& invocation) {
  auto options = std::make_shared<ApplyOptions>();
  CLI::App* command = app.add_subcommand("apply", "Make the catalog hold the definitions of files, all or nothing");
  command->add_option("-f,--file", options->files, "Files, or folders of .yaml, .yml and .json files")
      ->required()
      ->type_name("FILE|DIR");
  command->add_flag("-R,--recursive", options->is_recursive, "Read subfolders too");
  command->add_flag("--dry-run", options->is_dry_run, "Check and show the difference, write nothing");
  command->add_flag("--json", options->is_json, "Print the difference as JSON");
  command->footer(kExamples);
  command->callback(
      [options, &invocation] { invocation.action = [options, &invocation] { return Apply(*options, invocation); }; });
}

}  // namespace tierwise
