// SPDX-License-Identifier: Apache-2.0
#include "server/storage/duckdb/profile_store.h"

namespace tierwise::duckdb {

absl::Status DuckDbProfileStore::Upsert(const std::vector<v1::Profile>& profiles, absl::Time received) {
  if (profiles.empty()) return absl::OkStatus();
  return engine_->Write(static_cast<int64_t>(profiles.size()),
                        [&](WriteSession& session) { return session.profiles.Merge(profiles, received); });
}

absl::StatusOr<std::vector<std::optional<v1::Profile>>> DuckDbProfileStore::Get(
    absl::Span<const std::string> user_ids) {
  return engine_->profiles().Get(user_ids);
}

}  // namespace tierwise::duckdb
