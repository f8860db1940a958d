// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "server/storage/duckdb/catalog.h"
#include "server/storage/duckdb/engine.h"
#include "server/storage/tier_history.h"

namespace tierwise::duckdb {

// Refreshes are written on a connection of their own: taking facts in does not wait for them.
class DuckDbTierHistory final : public TierHistory {
 public:
  // Refreshes that were under way when the process ended are cancelled from here on.
  // REQUIRES: `catalog` outlives it.
  static absl::StatusOr<std::unique_ptr<TierHistory>> Open(std::shared_ptr<Engine> engine, DuckDbCatalog& catalog);

  absl::StatusOr<int64_t> Begin(const v1::Refresh& refresh) override;
  absl::Status Commit(const RefreshRecord& record, absl::Span<const TieringOutcome> outcomes,
                      const CatalogCommit* definitions) override;
  absl::Status End(const v1::Refresh& refresh) override;
  absl::StatusOr<std::optional<v1::Refresh>> Find(int64_t id) override;
  absl::StatusOr<std::vector<v1::Refresh>> List(int64_t before, int limit) override;
  absl::StatusOr<std::optional<RefreshRecord>> LastSucceeded() override;
  absl::StatusOr<std::vector<TieringRefresh>> LastOfTierings() override;
  absl::Status ScanMoves(const MoveScan& scan, absl::FunctionRef<void(const MoveColumns&)> consume) override;
  absl::Status ScanTiers(const std::string& tiering, const std::vector<std::string>& tiers,
                         absl::FunctionRef<void(const StoredTier&)> consume) override;
  absl::StatusOr<std::vector<PendingTier>> Pending(const std::string& tiering,
                                                   const std::vector<std::string>& tiers) override;
  absl::StatusOr<std::vector<v1::Move>> ListMoves(const MoveQuery& query) override;
  absl::StatusOr<std::vector<v1::Transition>> Transitions(const std::string& tiering, absl::Time from,
                                                          absl::Time to) override;
  absl::StatusOr<std::vector<v1::TierHistoryEntry>> Sizes(const std::string& tiering, absl::Time begin, absl::Time end,
                                                          const std::string& value_event) override;
  absl::StatusOr<std::vector<v1::TierMembership>> TiersOf(const std::string& user_id, absl::Time as_of) override;
  int64_t last_refresh() const override { return last_refresh_.load(); }

 private:
  DuckDbTierHistory(std::shared_ptr<Engine> engine, DuckDbCatalog& catalog)
      : engine_(std::move(engine)), catalog_(catalog) {}

  const std::shared_ptr<Engine> engine_;
  DuckDbCatalog& catalog_;
  std::atomic<int64_t> last_refresh_ = 0;
};

}  // namespace tierwise::duckdb
