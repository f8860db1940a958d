// SPDX-License-Identifier: Apache-2.0
#include <filesystem>
#include <fstream>
#include <memory>
#include <set>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "client/cli/catalog.h"
#include "client/cli/command.h"
#include "client/cli/message_text.h"
#include "experiments/base/definitions.h"
#include "experiments/base/status_macros.h"

namespace tierwise {
namespace {

struct ExportOptions {
  std::vector<std::string> wanted;  // names and collections; empty for all
  std::string folder;
  bool is_json = false;
};

absl::StatusOr<std::vector<v1::Definition>> FetchWanted(const Connection& connection,
                                                        const std::vector<std::string>& wanted) {
  if (wanted.empty()) return FetchAll(connection, "");
  std::vector<v1::Definition> definitions;
  std::set<std::string> names;  // a definition may be named by itself and by its collection
  auto add = [&](v1::Definition definition) {
    if (names.insert(NameOf(definition)).second) definitions.push_back(std::move(definition));
  };
  for (const std::string& word : wanted) {
    if (word.find('/') != std::string::npos) {
      TIERWISE_ASSIGN_OR_RETURN(const std::string name, NameFromWords({word}));
      TIERWISE_ASSIGN_OR_RETURN(v1::Definition definition, FetchDefinition(connection, name));
      add(std::move(definition));
    } else {
      TIERWISE_ASSIGN_OR_RETURN(const std::string collection, CollectionFromWord(word));
      TIERWISE_ASSIGN_OR_RETURN(std::vector<v1::Definition> all, FetchAll(connection, collection));
      for (v1::Definition& definition : all) add(std::move(definition));
    }
  }
  return definitions;
}

absl::Status WriteFiles(const std::vector<v1::Definition>& definitions, const ExportOptions& options,
                        Terminal& terminal) {
  std::error_code error;
  std::filesystem::create_directories(options.folder, error);
  for (const v1::Definition& definition : definitions) {
    const nlohmann::ordered_json readable = ToReadableJson(definition, Fields::kInput);
    const std::string stem = absl::StrReplaceAll(NameOf(definition), {{"/", "."}});
    const std::string path = absl::StrCat(options.folder, "/", stem, options.is_json ? ".json" : ".yaml");
    std::ofstream file(path, std::ios::binary | std::ios::trunc);
    file << (options.is_json ? readable.dump(2) + "\n" : ToYaml(readable));
    file.close();
    if (!file) return absl::UnknownError(absl::StrCat("can't write ", path));
  }
  terminal.err << "wrote " << definitions.size() << " definitions to " << options.folder << "\n";
  return absl::OkStatus();
}

absl::StatusOr<ExitCode> Export(const ExportOptions& options, const Invocation& invocation) {
  TIERWISE_ASSIGN_OR_RETURN(const std::vector<v1::Definition> definitions,
                            FetchWanted(Connection(invocation.connection), options.wanted));
  if (!options.folder.empty()) {
    TIERWISE_RETURN_IF_ERROR(WriteFiles(definitions, options, invocation.terminal));
    return ExitCode::kOk;
  }
  std::ostream& out = invocation.terminal.out;
  const char* separator = "";
  for (const v1::Definition& definition : definitions) {
    const nlohmann::ordered_json readable = ToReadableJson(definition, Fields::kInput);
    out << separator << (options.is_json ? readable.dump(2) + "\n" : ToYaml(readable));
    separator = "---\n";
  }
  return ExitCode::kOk;
}

}  // namespace

void AddExportCommand(CLI::App& app, Invocation& invocation) {
  auto options = std::make_shared<ExportOptions>();
  CLI::App* command = app.add_subcommand("export", "Write definitions in the form that apply reads");
  command->add_option("WHAT", options->wanted, "Collections and names; none exports all")->type_name("COLLECTION|NAME");
  command->add_option("-o,--output", options->folder, "One file for each definition, in this folder")->type_name("DIR");
  command->add_flag("--json", options->is_json, "JSON documents; else YAML");
  command->footer(
      "Applying an export again changes nothing. State and history are not part of it.\n"
      "\n"
      "Examples:\n"
      "  tierwise export > catalog.yaml\n"
      "  tierwise export tierings campaigns/spring -o definitions/\n");
  command->callback(
      [options, &invocation] { invocation.action = [options, &invocation] { return Export(*options, invocation); }; });
}

}  // namespace tierwise
