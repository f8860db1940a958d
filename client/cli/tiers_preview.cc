// SPDX-License-Identifier: Apache-2.0
#include <memory>

#include "absl/strings/str_cat.h"
#include "client/cli/catalog.h"
#include "client/cli/command.h"
#include "client/cli/message_text.h"
#include "client/cli/tier_sizes_text.h"
#include "client/cli/tiers_verbs.h"
#include "client/cli/yaml_documents.h"
#include "experiments/base/status_macros.h"
#include "tierwise/v1/tier_service.pb.h"

namespace tierwise {
namespace {

struct PreviewOptions {
  std::string tiering;
  std::vector<std::string> files;
  bool is_json = false;
};

absl::StatusOr<std::vector<v1::Tiering>> TieringsOf(absl::Span<const DefinitionDocument> documents) {
  std::vector<v1::Tiering> tierings;
  for (const DefinitionDocument& document : documents) {
    if (document.definition.has_tiering()) tierings.push_back(document.definition.tiering());
  }
  if (tierings.empty()) return absl::InvalidArgumentError("the files hold no document of `kind: Tiering`");
  return tierings;
}

absl::StatusOr<ExitCode> Preview(const PreviewOptions& options, const Invocation& invocation) {
  if (options.tiering.empty() == options.files.empty()) {
    return absl::InvalidArgumentError("name either a stored tiering or files with -f");
  }
  const Connection connection(invocation.connection);
  std::vector<DefinitionDocument> documents;
  std::vector<v1::Tiering> tierings;
  if (options.files.empty()) {
    absl::StatusOr<v1::Definition> stored = FetchDefinition(connection, absl::StrCat("tierings/", options.tiering));
    if (!stored.ok()) return SuggestDefinition(connection, "tierings", options.tiering, stored.status());
    tierings.push_back(stored->tiering());
  } else {
    TIERWISE_ASSIGN_OR_RETURN(documents, ReadDefinitions(options.files, /*is_recursive=*/false));
    TIERWISE_ASSIGN_OR_RETURN(tierings, TieringsOf(documents));
  }
  Terminal& terminal = invocation.terminal;
  nlohmann::ordered_json list = nlohmann::ordered_json::array();
  for (size_t i = 0; i < tierings.size(); ++i) {
    v1::PreviewTieringRequest request;
    *request.mutable_tiering() = tierings[i];
    v1::PreviewTieringResponse response;
    TIERWISE_RETURN_IF_ERROR(WithPositions(connection.Call(request, &response), documents));
    if (options.is_json) {
      list.push_back(ToReadableJson(response, Fields::kComplete));
    } else {
      terminal.out << (i > 0 ? "\n" : "") << RenderPreview(response, PlotStyleOf(terminal));
    }
  }
  if (options.is_json) terminal.out << list.dump(2) << '\n';
  return ExitCode::kOk;
}

}  // namespace

void AddTiersPreview(CLI::App& tiers, Invocation& invocation) {
  auto options = std::make_shared<PreviewOptions>();
  CLI::App* command = tiers.add_subcommand("preview", "What a tiering would do with the users of now");
  command->add_option("TIERING", options->tiering, "Id of a stored tiering, with cuts found anew");
  command->add_option("-f,--file", options->files, "Files with tierings that need not be stored")
      ->type_name("FILE|DIR");
  command->add_flag("--json", options->is_json, "JSON, one element for each tiering");
  command->footer(
      "Examples:\n"
      "  tierwise tiers preview -f tiering.yaml    before `tierwise apply`\n"
      "  tierwise tiers preview value              before `tierwise tiers refresh`\n");
  command->callback(
      [options, &invocation] { invocation.action = [options, &invocation] { return Preview(*options, invocation); }; });
}

}  // namespace tierwise
