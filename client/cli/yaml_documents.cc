// SPDX-License-Identifier: Apache-2.0
#include "client/cli/yaml_documents.h"

#include <yaml-cpp/depthguard.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "client/cli/suggestion.h"
#include "client/cli/yaml_message.h"
#include "experiments/base/definitions.h"
#include "experiments/base/problems.h"
#include "experiments/base/status_macros.h"

namespace tierwise {
namespace {

using google::protobuf::FieldDescriptor;

constexpr std::uintmax_t kMaxFileBytes = 16 << 20;

// The member of Definition that holds this kind; null for an unknown one.
const FieldDescriptor* MemberOfKind(absl::string_view kind) {
  return v1::Definition::descriptor()->FindFieldByName(absl::AsciiStrToLower(kind));
}

std::vector<std::string> Kinds() {
  std::vector<std::string> kinds;
  const auto* type = v1::Definition::descriptor();
  for (int i = 0; i < type->field_count(); ++i) kinds.push_back(type->field(i)->message_type()->name());
  return kinds;
}

void ReadDocument(const YAML::Node& node, const std::string& file, Problems* problems,
                  std::vector<DefinitionDocument>* documents) {
  if (node.IsNull()) return;  // e.g. after a closing `---`
  YamlMessageReader reader(file, problems);
  if (!node.IsMap()) return reader.AddProblem(node, "", "a document must be a mapping with `kind`");
  const YAML::Node kind = node["kind"];
  if (!kind || !kind.IsScalar()) {
    return reader.AddProblem(node, "kind", absl::StrCat("is missing", Suggestion("", Kinds())));
  }
  const FieldDescriptor* member = MemberOfKind(kind.Scalar());
  if (member == nullptr) {
    return reader.AddProblem(kind, "kind",
                             absl::StrCat("unknown kind `", kind.Scalar(), "`", Suggestion(kind.Scalar(), Kinds())));
  }
  DefinitionDocument document{.definition = {}, .file = file, .line = node.Mark().line + 1, .lines = {}};
  auto* message = document.definition.GetReflection()->MutableMessage(&document.definition, member);
  reader.Read(node, "kind", message);
  document.lines = reader.lines();
  if (IdOf(document.definition).empty()) reader.AddProblem(node, "id", "is missing");
  documents->push_back(std::move(document));
}

void ReadText(const std::string& file, const std::string& text, Problems* problems,
              std::vector<DefinitionDocument>* documents) {
  try {  // yaml-cpp reports by exceptions
    for (const YAML::Node& node : YAML::LoadAll(text)) ReadDocument(node, file, problems, documents);
  } catch (const YAML::DeepRecursion&) {
    problems->Add(file, "is nested too deep");
  } catch (const YAML::Exception& error) {
    const std::string position = error.mark.is_null() ? file : absl::StrCat(file, ":", error.mark.line + 1);
    problems->Add(position, absl::StrCat("not YAML: ", error.msg));
  }
}

void CheckGivenOnce(absl::Span<const DefinitionDocument> documents, Problems* problems) {
  std::map<std::string, const DefinitionDocument*> first;
  for (const DefinitionDocument& document : documents) {
    const auto [known, is_new] = first.emplace(NameOf(document.definition), &document);
    if (is_new || IdOf(document.definition).empty()) continue;
    problems->Add(
        absl::StrCat(document.file, ":", document.line),
        absl::StrCat(known->first, " is given twice; first at ", known->second->file, ":", known->second->line));
  }
}

template <typename Iterator>
void AddFiles(const std::string& folder, std::vector<std::string>* files) {
  const size_t before = files->size();
  std::error_code error;
  for (Iterator entry(folder, error), end; !error && entry != end; entry.increment(error)) {
    const std::string extension = entry->path().extension().string();
    if (entry->is_regular_file() && (extension == ".yaml" || extension == ".yml" || extension == ".json")) {
      files->push_back(entry->path().string());
    }
  }
  std::sort(files->begin() + static_cast<std::ptrdiff_t>(before), files->end());
}

// `path` as it is for a file; the definition files in it for a folder.
absl::StatusOr<std::vector<std::string>> FilesOf(const std::string& path, bool is_recursive) {
  std::error_code error;
  if (!std::filesystem::is_directory(path, error)) return std::vector<std::string>{path};
  std::vector<std::string> files;
  if (is_recursive) {
    AddFiles<std::filesystem::recursive_directory_iterator>(path, &files);
  } else {
    AddFiles<std::filesystem::directory_iterator>(path, &files);
  }
  if (files.empty()) return absl::NotFoundError(absl::StrCat(path, " has no .yaml, .yml or .json file"));
  return files;
}

// The line of `path` or of the nearest field around it; 0 where there is none.
int LineOf(const DefinitionDocument& document, std::string path) {
  while (!path.empty()) {
    if (const auto line = document.lines.find(path); line != document.lines.end()) return line->second;
    const size_t cut = path.find_last_of(".[");
    path.resize(cut == std::string::npos ? 0 : cut);
  }
  return document.line;
}

// Takes "definitions[N]" and the kind's name, or the definition's own name, off the front of `field`; null where it
// starts with neither.
const DefinitionDocument* TakeDocument(absl::Span<const DefinitionDocument> documents, absl::string_view* field) {
  for (size_t i = 0; i < documents.size(); ++i) {
    const v1::Definition& definition = documents[i].definition;
    absl::string_view rest = *field;
    const bool is_numbered = absl::ConsumePrefix(&rest, absl::StrCat("definitions[", i, "]"));
    if (!is_numbered && !absl::ConsumePrefix(&rest, NameOf(definition))) continue;
    if (!rest.empty() && !absl::ConsumePrefix(&rest, ".")) continue;
    if (const auto* resource = ResourceOf(definition); is_numbered && resource != nullptr) {
      const std::string kind = absl::AsciiStrToLower(resource->GetDescriptor()->name());
      if (absl::ConsumePrefix(&rest, kind)) absl::ConsumePrefix(&rest, ".");
    }
    *field = rest;
    return &documents[i];
  }
  return nullptr;
}

}  // namespace

absl::StatusOr<std::string> ReadSmallFile(const std::string& path) {
  std::error_code error;
  const std::uintmax_t bytes = std::filesystem::file_size(path, error);
  if (!error && bytes > kMaxFileBytes) {
    return absl::InvalidArgumentError(
        absl::StrCat(path, " has ", bytes, " bytes; at most ", kMaxFileBytes, " are read"));
  }
  std::ifstream file(path, std::ios::binary);
  if (!file) return absl::NotFoundError(absl::StrCat("can't read the file ", path));
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

absl::StatusOr<std::vector<DefinitionDocument>> ParseDefinitions(const std::string& file, const std::string& text) {
  Problems problems;
  std::vector<DefinitionDocument> documents;
  ReadText(file, text, &problems, &documents);
  CheckGivenOnce(documents, &problems);
  TIERWISE_RETURN_IF_ERROR(problems.ToStatus());
  return documents;
}

absl::StatusOr<std::vector<DefinitionDocument>> ReadDefinitions(absl::Span<const std::string> paths,
                                                                bool is_recursive) {
  Problems problems;
  std::vector<DefinitionDocument> documents;
  for (const std::string& path : paths) {
    TIERWISE_ASSIGN_OR_RETURN(const std::vector<std::string> files, FilesOf(path, is_recursive));
    for (const std::string& file : files) {
      TIERWISE_ASSIGN_OR_RETURN(const std::string text, ReadSmallFile(file));
      ReadText(file, text, &problems, &documents);
    }
  }
  CheckGivenOnce(documents, &problems);
  TIERWISE_RETURN_IF_ERROR(problems.ToStatus());
  if (documents.empty()) return absl::InvalidArgumentError("the files hold no definition");
  return documents;
}

absl::Status WithPositions(const absl::Status& status, absl::Span<const DefinitionDocument> documents) {
  const std::vector<Problem> problems = ProblemsOf(status);
  if (problems.empty()) return status;
  Problems positioned;
  for (const Problem& problem : problems) {
    absl::string_view path = problem.field;
    const DefinitionDocument* document = TakeDocument(documents, &path);
    if (document == nullptr) {
      positioned.Add(problem.field, problem.description);
      continue;
    }
    const std::string position = absl::StrCat(document->file, ":", LineOf(*document, std::string(path)));
    positioned.Add(path.empty() ? position : absl::StrCat(position, ": ", path), problem.description);
  }
  absl::Status result(status.code(), positioned.ToStatus().message());
  result.SetPayload(kBadRequestPayloadUrl, *positioned.ToStatus().GetPayload(kBadRequestPayloadUrl));
  return result;
}

}  // namespace tierwise
