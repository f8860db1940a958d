// SPDX-License-Identifier: Apache-2.0
#include <map>
#include <memory>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "client/cli/command.h"
#include "client/cli/line_diff.h"
#include "client/cli/message_text.h"
#include "client/cli/yaml_documents.h"
#include "experiments/base/status_macros.h"
#include "tierwise/v1/catalog_service.pb.h"

namespace tierwise {
namespace {

constexpr char kExamples[] =
    "Files are YAML or JSON: documents parted by `---`, each with `kind: "
    "Campaign|Tiering|Segment|Metric|Attribute|Layer|Holdout`\n"
    "and that kind's fields. docs/cli.md has an example of each.\n"
    "\n"
    "Everything given is checked together and written together or not at all. What the catalog has besides stays.\n"
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

std::string YamlOf(const v1::Definition& definition) {
  return definition.kind_case() == v1::Definition::KIND_NOT_SET ? ""
                                                                : ToYaml(ToReadableJson(definition, Fields::kInput));
}

void PrintDiff(const v1::DefinitionDiff& diff, Terminal& terminal) {
  const bool color = terminal.out_has_color;
  terminal.out << Styled(color, Style::kBold, absl::StrCat(ShortName(diff.verb()), " ", diff.name())) << '\n';
  const std::string text = UnifiedDiff(YamlOf(diff.before()), YamlOf(diff.after()));
  for (const absl::string_view line : absl::StrSplit(text, '\n', absl::SkipEmpty())) {
    const auto style = line[0] == '+' ? Style::kGreen : line[0] == '-' ? Style::kRed : Style::kCyan;
    terminal.out << (line[0] == ' ' ? std::string(line) : Styled(color, style, line)) << '\n';
  }
}

void PrintJson(const v1::ApplyDefinitionsResponse& response, bool was_applied, Terminal& terminal) {
  nlohmann::ordered_json diffs = nlohmann::ordered_json::array();
  for (const v1::DefinitionDiff& diff : response.diffs()) {
    diffs.push_back({{"name", diff.name()},
                     {"verb", ShortName(diff.verb())},
                     {"before", diff.has_before() ? ToReadableJson(diff.before(), Fields::kSet) : nullptr},
                     {"after", ToReadableJson(diff.after(), Fields::kSet)}});
  }
  const nlohmann::ordered_json result = {
      {"applied", was_applied}, {"catalog_version", response.catalog_version()}, {"diffs", diffs}};
  terminal.out << result.dump(2) << '\n';
}

void PrintSummary(const v1::ApplyDefinitionsResponse& response, absl::string_view lead, Terminal& terminal) {
  std::map<v1::ChangeVerb, int> counts;
  for (const v1::DefinitionDiff& diff : response.diffs()) ++counts[diff.verb()];
  terminal.out << lead << counts[v1::CHANGE_VERB_CREATE] << " created, " << counts[v1::CHANGE_VERB_UPDATE]
               << " updated, " << counts[v1::CHANGE_VERB_UNCHANGED] << " unchanged; catalog version "
               << response.catalog_version() << '\n';
}

absl::StatusOr<ExitCode> Apply(const ApplyOptions& options, const Invocation& invocation) {
  TIERWISE_ASSIGN_OR_RETURN(const std::vector<DefinitionDocument> documents,
                            ReadDefinitions(options.files, options.is_recursive));
  const Connection connection(invocation.connection);
  v1::ApplyDefinitionsRequest request;
  for (const DefinitionDocument& document : documents) *request.add_definitions() = document.definition;
  request.set_validate_only(true);
  v1::ApplyDefinitionsResponse response;
  TIERWISE_RETURN_IF_ERROR(WithPositions(connection.Call(request, &response), documents));

  bool has_changes = false;
  for (const v1::DefinitionDiff& diff : response.diffs()) {
    if (diff.verb() == v1::CHANGE_VERB_UNCHANGED) continue;
    has_changes = true;
    if (!options.is_json) PrintDiff(diff, invocation.terminal);
  }
  const bool applies = has_changes && !options.is_dry_run;
  if (applies) {
    request.set_validate_only(false);
    request.set_expected_catalog_version(response.catalog_version());
    TIERWISE_RETURN_IF_ERROR(WithPositions(connection.Call(request, &response), documents));
  }
  if (options.is_json) {
    PrintJson(response, applies, invocation.terminal);
  } else {
    PrintSummary(response,
                 applies       ? "applied: "
                 : has_changes ? "dry run, nothing written: "
                               : "nothing to change: ",
                 invocation.terminal);
  }
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
