// SPDX-License-Identifier: Apache-2.0
#include "experiments/base/definitions.h"

#include <memory>

#include "absl/strings/str_cat.h"
#include "client/cli/catalog.h"
#include "client/cli/command.h"
#include "client/cli/message_text.h"
#include "client/cli/text_table.h"
#include "client/cli/time_text.h"
#include "experiments/base/status_macros.h"
#include "tierwise/v1/catalog_service.pb.h"

namespace tierwise {
namespace {

constexpr int32_t kPageSize = 500;

struct GetOptions {
  std::vector<std::string> name;
  int64_t catalog_version = 0;
  bool is_json = false;
};

absl::StatusOr<ExitCode> Get(const GetOptions& options, const Invocation& invocation) {
  TIERWISE_ASSIGN_OR_RETURN(const std::string name, NameFromWords(options.name));
  TIERWISE_ASSIGN_OR_RETURN(const v1::Definition definition,
                            FetchDefinition(Connection(invocation.connection), name, options.catalog_version));
  const nlohmann::ordered_json readable =
      ToReadableJson(definition, options.is_json ? Fields::kComplete : Fields::kSet);
  invocation.terminal.out << (options.is_json ? readable.dump(2) + "\n" : ToYaml(readable));
  return ExitCode::kOk;
}

struct ListOptions {
  std::string collection;
  bool is_json = false;
  bool is_names_only = false;
};

std::string StateOf(const v1::Definition& definition) {
  return definition.has_campaign() ? ShortName(definition.campaign().state()) : "";
}

absl::StatusOr<ExitCode> List(const ListOptions& options, const Invocation& invocation) {
  std::string collection;
  if (!options.collection.empty()) {
    TIERWISE_ASSIGN_OR_RETURN(collection, CollectionFromWord(options.collection));
  }
  TIERWISE_ASSIGN_OR_RETURN(const std::vector<v1::Definition> definitions,
                            FetchAll(Connection(invocation.connection), collection));
  Terminal& terminal = invocation.terminal;
  if (options.is_json) {
    nlohmann::ordered_json list = nlohmann::ordered_json::array();
    for (const v1::Definition& definition : definitions) list.push_back(ToReadableJson(definition, Fields::kComplete));
    terminal.out << list.dump(2) << '\n';
    return ExitCode::kOk;
  }
  if (options.is_names_only) {
    for (const v1::Definition& definition : definitions) terminal.out << NameOf(definition) << '\n';
    return ExitCode::kOk;
  }
  if (definitions.empty()) {
    terminal.err << "no definitions; `tierwise apply -f FILE` adds some\n";
    return ExitCode::kOk;
  }
  TextTable table({{"NAME"}, {"REVISION", TextTable::Align::kRight}, {"STATE"}, {"UPDATED"}, {"BY"}});
  for (const v1::Definition& definition : definitions) {
    const v1::DefinitionMeta& meta = MetaOf(definition);
    table.AddRow({{NameOf(definition), {}},
                  {absl::StrCat(meta.revision()), {}},
                  {StateOf(definition), {}},
                  {TimeTitle(FromProto(meta.update_time())), Style::kDim},
                  {meta.update_actor(), Style::kDim}});
  }
  terminal.out << table.Render(terminal.width, terminal.out_has_color);
  return ExitCode::kOk;
}

struct DeleteOptions {
  std::vector<std::string> name;
  bool is_dry_run = false;
};

absl::StatusOr<ExitCode> Delete(const DeleteOptions& options, const Invocation& invocation) {
  TIERWISE_ASSIGN_OR_RETURN(const std::string name, NameFromWords(options.name));
  const Connection connection(invocation.connection);
  TIERWISE_ASSIGN_OR_RETURN(const v1::Definition definition, FetchDefinition(connection, name));
  v1::DeleteDefinitionRequest request;
  request.set_name(name);
  request.set_expected_revision(MetaOf(definition).revision());
  request.set_validate_only(options.is_dry_run);
  v1::DeleteDefinitionResponse response;
  TIERWISE_RETURN_IF_ERROR(connection.Call(request, &response));
  invocation.terminal.out << (options.is_dry_run ? "dry run, nothing deleted: " : "deleted: ") << name << " (revision "
                          << MetaOf(definition).revision() << ")\n";
  return ExitCode::kOk;
}

struct HistoryOptions {
  std::vector<std::string> name;
  int limit = 50;
  bool is_json = false;
};

absl::StatusOr<std::vector<v1::Change>> FetchChanges(const Connection& connection, const std::string& name, int limit) {
  v1::ListChangesRequest request;
  request.set_name(name);
  std::vector<v1::Change> changes;
  do {
    request.set_page_size(std::min(kPageSize, limit - static_cast<int>(changes.size())));
    v1::ListChangesResponse response;
    TIERWISE_RETURN_IF_ERROR(connection.Call(request, &response));
    for (v1::Change& change : *response.mutable_changes()) changes.push_back(std::move(change));
    request.set_page_token(response.next_page_token());
  } while (!request.page_token().empty() && static_cast<int>(changes.size()) < limit);
  return changes;
}

absl::StatusOr<ExitCode> History(const HistoryOptions& options, const Invocation& invocation) {
  std::string name;
  if (!options.name.empty()) {
    TIERWISE_ASSIGN_OR_RETURN(name, NameFromWords(options.name));
  }
  TIERWISE_ASSIGN_OR_RETURN(const std::vector<v1::Change> changes,
                            FetchChanges(Connection(invocation.connection), name, options.limit));
  Terminal& terminal = invocation.terminal;
  if (options.is_json) {
    nlohmann::ordered_json list = nlohmann::ordered_json::array();
    for (const v1::Change& change : changes) list.push_back(ToReadableJson(change, Fields::kComplete));
    terminal.out << list.dump(2) << '\n';
    return ExitCode::kOk;
  }
  TextTable table({{"VERSION", TextTable::Align::kRight},
                   {"TIME"},
                   {"BY"},
                   {"WHAT"},
                   {"NAME"},
                   {"REVISION", TextTable::Align::kRight}});
  for (const v1::Change& change : changes) {
    table.AddRow({{absl::StrCat(change.catalog_version()), {}},
                  {TimeTitle(FromProto(change.time())), Style::kDim},
                  {change.actor(), {}},
                  {change.transition().empty() ? ShortName(change.verb()) : change.transition(), {}},
                  {change.name(), {}},
                  {absl::StrCat(change.revision()), {}}});
  }
  terminal.out << table.Render(terminal.width, terminal.out_has_color);
  return ExitCode::kOk;
}

}  // namespace

void AddGetCommand(CLI::App& app, Invocation& invocation) {
  auto options = std::make_shared<GetOptions>();
  CLI::App* command = app.add_subcommand("get", "Show one definition");
  command->add_option("NAME", options->name, "Collection and id: campaigns/spring, or campaign spring")
      ->required()
      ->expected(1, 2);
  command->add_option("--at-version", options->catalog_version, "As it was in this version of the catalog");
  command->add_flag("--json", options->is_json, "JSON, with defaults; else YAML");
  command->footer("Examples:\n  tierwise get campaigns/spring\n  tierwise get tiering value --at-version 12 --json\n");
  command->callback(
      [options, &invocation] { invocation.action = [options, &invocation] { return Get(*options, invocation); }; });
}

void AddListCommand(CLI::App& app, Invocation& invocation) {
  auto options = std::make_shared<ListOptions>();
  CLI::App* command = app.add_subcommand("list", "List definitions");
  command->add_option("COLLECTION", options->collection,
                      "attributes, segments, tierings, metrics, layers, holdouts or campaigns; none lists all");
  command->add_flag("--json", options->is_json, "JSON, each definition whole");
  command->add_flag("--names", options->is_names_only, "Names only, one a line");
  command->footer("Examples:\n  tierwise list\n  tierwise list campaigns --json\n");
  command->callback(
      [options, &invocation] { invocation.action = [options, &invocation] { return List(*options, invocation); }; });
}

void AddDeleteCommand(CLI::App& app, Invocation& invocation) {
  auto options = std::make_shared<DeleteOptions>();
  CLI::App* command = app.add_subcommand("delete", "Delete a definition that nothing uses");
  command->add_option("NAME", options->name, "Collection and id: segments/vip, or segment vip")
      ->required()
      ->expected(1, 2);
  command->add_flag("--dry-run", options->is_dry_run, "Check only, delete nothing");
  command->footer(
      "Its revisions stay readable: `tierwise get NAME --at-version N`.\n\nExamples:\n  tierwise delete "
      "segments/vip\n");
  command->callback(
      [options, &invocation] { invocation.action = [options, &invocation] { return Delete(*options, invocation); }; });
}

void AddHistoryCommand(CLI::App& app, Invocation& invocation) {
  auto options = std::make_shared<HistoryOptions>();
  CLI::App* command = app.add_subcommand("history", "Who changed what, when; newest first");
  command->add_option("NAME", options->name, "Collection and id; none shows every change")->expected(0, 2);
  command->add_option("--limit", options->limit, "At most this many changes")
      ->check(CLI::Range(1, 1'000'000))
      ->capture_default_str();
  command->add_flag("--json", options->is_json, "JSON");
  command->footer("Examples:\n  tierwise history\n  tierwise history campaigns/spring --json\n");
  command->callback(
      [options, &invocation] { invocation.action = [options, &invocation] { return History(*options, invocation); }; });
}

}  // namespace tierwise
