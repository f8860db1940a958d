// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "client/cli/connection.h"
#include "tierwise/v1/definition.pb.h"

namespace tierwise {

// "campaigns/spring", "campaign/spring" or the two words "campaign" "spring" -> "campaigns/spring".
// Errors: InvalidArgument naming the collections.
absl::StatusOr<std::string> NameFromWords(absl::Span<const std::string> words);

// "campaign", "campaigns" or "Campaign" -> "campaigns". Errors: InvalidArgument naming the collections.
absl::StatusOr<std::string> CollectionFromWord(absl::string_view word);

// `catalog_version` 0 reads the present one. Errors: NotFound; those of Connection.
absl::StatusOr<v1::Definition> FetchDefinition(const Connection& connection, const std::string& name,
                                               int64_t catalog_version = 0);

// NotFound with the name of the collection's definition that `id` was probably meant to be, where the server told
// none; any other status as it is.
absl::Status SuggestDefinition(const Connection& connection, const std::string& collection, const std::string& id,
                               absl::Status status);

// Every definition of a collection, of all for an empty one, over all pages.
absl::StatusOr<std::vector<v1::Definition>> FetchAll(const Connection& connection, const std::string& collection);

}  // namespace tierwise
