// SPDX-License-Identifier: Apache-2.0
#include "server/storage/duckdb/names.h"

#include <memory>

#include "absl/strings/str_cat.h"
#include "experiments/base/status_macros.h"

namespace tierwise::duckdb {

absl::StatusOr<Names> Names::Load(Connection& connection) {
  Names names;
  TIERWISE_ASSIGN_OR_RETURN(Statement statement, connection.Prepare("SELECT code, name FROM names"));
  TIERWISE_ASSIGN_OR_RETURN(Result result, statement.Execute());
  for (;;) {
    TIERWISE_ASSIGN_OR_RETURN(std::unique_ptr<Chunk> chunk, result.Next());
    if (chunk == nullptr) return names;
    for (size_t row = 0; row < chunk->size(); ++row) {
      names.codes_.emplace(chunk->TextAt(1, row), chunk->At<uint32_t>(0, row));
    }
  }
}

absl::StatusOr<uint32_t> Names::CodeOf(absl::string_view name) {
  auto found = codes_.find(name);
  if (found != codes_.end()) return found->second;
  if (codes_.size() >= kMaxNames) {
    return absl::ResourceExhaustedError(absl::StrCat(
        "the store holds ", kMaxNames, " names of campaigns, variants, tiers and events and takes no more; \"", name,
        "\" would be a new one"));
  }
  const auto code = static_cast<uint32_t>(codes_.size());
  codes_.emplace(name, code);
  new_names_.emplace_back(name);
  return code;
}

std::optional<uint32_t> Names::Find(absl::string_view name) const {
  auto found = codes_.find(name);
  if (found == codes_.end()) return std::nullopt;
  return found->second;
}

absl::Status Names::WriteNew(Connection& connection) {
  if (new_names_.empty()) return absl::OkStatus();
  TIERWISE_ASSIGN_OR_RETURN(Appender appender, Appender::Create(connection, "names"));
  auto code = static_cast<uint32_t>(codes_.size() - new_names_.size());
  for (const std::string& name : new_names_) {
    TIERWISE_RETURN_IF_ERROR(appender.BeginRow());
    appender.Set<uint32_t>(0, code++);
    appender.SetText(1, name);
  }
  return appender.Flush();
}

void Names::RolledBack() {
  for (const std::string& name : new_names_) codes_.erase(name);
  new_names_.clear();
}

}  // namespace tierwise::duckdb
