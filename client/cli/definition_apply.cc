// SPDX-License-Identifier: Apache-2.0
#include "client/cli/definition_apply.h"

#include <map>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "client/cli/line_diff.h"
#include "client/cli/message_text.h"
#include "client/cli/report_lines.h"
#include "client/cli/tier_sizes_text.h"
#include "experiments/base/definitions.h"
#include "experiments/base/status_macros.h"
#include "tierwise/v1/catalog_service.pb.h"
#include "tierwise/v1/tier_service.pb.h"

namespace tierwise {
namespace {

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

void PrintJson(const v1::ApplyDefinitionsResponse& response, absl::Span<const v1::PreviewTieringResponse> previews,
               bool was_applied, Terminal& terminal) {
  nlohmann::ordered_json diffs = nlohmann::ordered_json::array();
  for (const v1::DefinitionDiff& diff : response.diffs()) {
    diffs.push_back({{"name", diff.name()},
                     {"verb", ShortName(diff.verb())},
                     {"before", diff.has_before() ? ToReadableJson(diff.before(), Fields::kSet) : nullptr},
                     {"after", ToReadableJson(diff.after(), Fields::kSet)}});
  }
  nlohmann::ordered_json shown = nlohmann::ordered_json::array();
  for (const v1::PreviewTieringResponse& preview : previews) {
    shown.push_back(ToReadableJson(preview, Fields::kComplete));
  }
  const nlohmann::ordered_json result = {
      {"applied", was_applied}, {"catalog_version", response.catalog_version()}, {"diffs", diffs}, {"previews", shown}};
  terminal.out << result.dump(2) << '\n';
}

void PrintSummary(const v1::ApplyDefinitionsResponse& response, absl::string_view lead, Terminal& terminal) {
  std::map<v1::ChangeVerb, int> counts;
  for (const v1::DefinitionDiff& diff : response.diffs()) ++counts[diff.verb()];
  terminal.out << lead << counts[v1::CHANGE_VERB_CREATE] << " created, " << counts[v1::CHANGE_VERB_UPDATE]
               << " updated, " << counts[v1::CHANGE_VERB_UNCHANGED] << " unchanged; catalog version "
               << response.catalog_version() << '\n';
}

// What each new or changed tiering would do, a line each. One that the server can't preview is skipped, with the
// reason: its attributes may be declared by the same call, or no user be known.
std::vector<v1::PreviewTieringResponse> PreviewTierings(const Connection& connection,
                                                        const v1::ApplyDefinitionsResponse& checked, bool is_quiet,
                                                        Terminal& terminal) {
  std::vector<v1::PreviewTieringResponse> previews;
  for (const v1::DefinitionDiff& diff : checked.diffs()) {
    if (diff.verb() == v1::CHANGE_VERB_UNCHANGED || !diff.after().has_tiering()) continue;
    v1::PreviewTieringRequest request;
    *request.mutable_tiering() = diff.after().tiering();
    v1::PreviewTieringResponse response;
    const absl::Status status = connection.Call(request, &response);
    if (absl::IsUnimplemented(status)) return previews;
    if (!is_quiet) {
      const std::string line =
          status.ok()
              ? PreviewLine(response)
              : absl::StrCat(IdOf(diff.after()), ": sizes are known after the first refresh (", status.message(), ")");
      terminal.out << Paragraph(line, terminal.width, 0) << '\n';
    }
    if (status.ok()) previews.push_back(std::move(response));
  }
  return previews;
}

absl::Status Apply(const Connection& connection, v1::ApplyDefinitionsRequest request,
                   absl::Span<const DefinitionDocument> documents, const DefinitionApplyOptions& options,
                   Terminal& terminal) {
  request.set_validate_only(true);
  v1::ApplyDefinitionsResponse response;
  TIERWISE_RETURN_IF_ERROR(WithPositions(connection.Call(request, &response), documents));

  bool has_changes = false;
  for (const v1::DefinitionDiff& diff : response.diffs()) {
    if (diff.verb() == v1::CHANGE_VERB_UNCHANGED) continue;
    has_changes = true;
    if (!options.is_json) PrintDiff(diff, terminal);
  }
  const std::vector<v1::PreviewTieringResponse> previews =
      PreviewTierings(connection, response, options.is_json, terminal);
  const bool applies = has_changes && !options.is_dry_run;
  if (applies) {
    request.set_validate_only(false);
    request.set_expected_catalog_version(response.catalog_version());
    TIERWISE_RETURN_IF_ERROR(WithPositions(connection.Call(request, &response), documents));
  }
  if (options.is_json) {
    PrintJson(response, previews, applies, terminal);
  } else {
    PrintSummary(response,
                 applies       ? "applied: "
                 : has_changes ? "dry run, nothing written: "
                               : "nothing to change: ",
                 terminal);
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status ApplyDocuments(const Connection& connection, absl::Span<const DefinitionDocument> documents,
                            const DefinitionApplyOptions& options, Terminal& terminal) {
  v1::ApplyDefinitionsRequest request;
  for (const DefinitionDocument& document : documents) *request.add_definitions() = document.definition;
  return Apply(connection, std::move(request), documents, options, terminal);
}

absl::Status ApplyDefinitions(const Connection& connection, std::vector<v1::Definition> definitions,
                              const DefinitionApplyOptions& options, Terminal& terminal) {
  v1::ApplyDefinitionsRequest request;
  for (v1::Definition& definition : definitions) *request.add_definitions() = std::move(definition);
  return Apply(connection, std::move(request), {}, options, terminal);
}

}  // namespace tierwise
