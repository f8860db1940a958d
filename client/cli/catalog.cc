// SPDX-License-Identifier: Apache-2.0
#include "client/cli/catalog.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "client/cli/suggestion.h"
#include "experiments/base/definitions.h"
#include "experiments/base/status_macros.h"
#include "tierwise/v1/catalog_service.pb.h"

namespace tierwise {
namespace {

constexpr int32_t kPageSize = 500;

}  // namespace

absl::StatusOr<std::string> CollectionFromWord(absl::string_view word) {
  const std::string lower = absl::AsciiStrToLower(word);
  for (const absl::string_view collection : kCollections) {
    if (lower == collection || lower == absl::StripSuffix(collection, "s")) return std::string(collection);
  }
  return absl::InvalidArgumentError(
      absl::StrCat("`", word, "` is not a collection",
                   Suggestion(word, std::vector<std::string>(std::begin(kCollections), std::end(kCollections)))));
}

absl::StatusOr<std::string> NameFromWords(absl::Span<const std::string> words) {
  std::string collection, id;
  if (words.size() == 1) {
    const size_t slash = words[0].find('/');
    if (slash != std::string::npos) {
      collection = words[0].substr(0, slash);
      id = words[0].substr(slash + 1);
    }
  } else if (words.size() == 2) {
    collection = words[0];
    id = words[1];
  }
  if (collection.empty() || id.empty()) {
    return absl::InvalidArgumentError(
        "name one definition by collection and id, e.g. campaigns/spring or campaign spring");
  }
  TIERWISE_ASSIGN_OR_RETURN(collection, CollectionFromWord(collection));
  return absl::StrCat(collection, "/", id);
}

absl::StatusOr<v1::Definition> FetchDefinition(const Connection& connection, const std::string& name,
                                               int64_t catalog_version) {
  v1::GetDefinitionRequest request;
  request.set_name(name);
  request.set_catalog_version(catalog_version);
  v1::GetDefinitionResponse response;
  TIERWISE_RETURN_IF_ERROR(connection.Call(request, &response));
  return std::move(*response.mutable_definition());
}

absl::Status SuggestDefinition(const Connection& connection, const std::string& collection, const std::string& id,
                               absl::Status status) {
  if (!absl::IsNotFound(status) || absl::StrContains(status.message(), "did you mean")) return status;
  const absl::StatusOr<std::vector<v1::Definition>> definitions = FetchAll(connection, collection);
  if (!definitions.ok()) return status;
  std::vector<std::string> ids;
  for (const v1::Definition& definition : *definitions) ids.emplace_back(IdOf(definition));
  if (std::find(ids.begin(), ids.end(), id) != ids.end()) return status;  // something else is not there
  return absl::NotFoundError(absl::StrCat(status.message(), Suggestion(id, ids)));
}

absl::StatusOr<std::vector<v1::Definition>> FetchAll(const Connection& connection, const std::string& collection) {
  v1::ListDefinitionsRequest request;
  request.set_collection(collection);
  request.set_page_size(kPageSize);
  std::vector<v1::Definition> definitions;
  do {
    v1::ListDefinitionsResponse response;
    TIERWISE_RETURN_IF_ERROR(connection.Call(request, &response));
    for (v1::Definition& definition : *response.mutable_definitions()) definitions.push_back(std::move(definition));
    request.set_page_token(response.next_page_token());
  } while (!request.page_token().empty());
  return definitions;
}

}  // namespace tierwise
