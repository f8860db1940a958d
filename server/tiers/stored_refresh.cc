// SPDX-License-Identifier: Apache-2.0
#include "server/tiers/stored_refresh.h"

#include <memory>
#include <optional>
#include <vector>

#include "experiments/audience/derivations.h"
#include "experiments/audience/table_refresh.h"
#include "experiments/base/proto_time.h"
#include "experiments/base/status_macros.h"
#include "server/tiers/derive_users.h"

namespace tierwise {
namespace {

absl::Status RestoreTiers(Store& store, const TieringRefresh& of, int tiering, TableRefresh& refresh) {
  refresh.BeginTiering(tiering, of.revision, of.tiers);
  TIERWISE_RETURN_IF_ERROR(store.tiers->ScanTiers(of.tiering, of.tiers, [&](const StoredTier& stored) {
    const std::optional<UserRow> user = refresh.Add(stored.user_key);
    if (!user.has_value()) return;
    TierState state;
    state.tier = stored.tier;
    state.since_micros = stored.since_micros;
    state.has_moved = stored.has_moved;
    refresh.SetTier(*user, tiering, state);
  }));
  TIERWISE_ASSIGN_OR_RETURN(const std::vector<PendingTier> pending, store.tiers->Pending(of.tiering, of.tiers));
  for (const PendingTier& each : pending) {
    const std::optional<UserRow> user = refresh.Add(each.user_key);
    if (!user.has_value()) continue;
    TierState state = refresh.TierStateOf(*user, tiering);
    state.pending = each.tier;
    state.confirmations = each.confirmations;
    refresh.SetTier(*user, tiering, state);
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status RestoreLastRefresh(Store& store, const Definitions& definitions, int threads, UserTable& table) {
  TIERWISE_ASSIGN_OR_RETURN(const std::optional<RefreshRecord> last, store.tiers->LastSucceeded());
  if (!last.has_value()) return absl::OkStatus();
  DeriveTerms terms;
  terms.until = {FromProto(last->refresh.as_of()), FromProto(last->refresh.start_time())};
  // Attributes that were declared since have no values until the next refresh, as before.
  const Derivations derivations(definitions);
  terms.only = ComputedBy(*last, derivations, definitions);
  terms.threads = threads;
  TIERWISE_ASSIGN_OR_RETURN(
      const std::unique_ptr<TableRefresh> refresh,
      TableRefresh::Begin(table, absl::ToUnixMicros(terms.until.as_of), TableRefresh::Derived::kAnew));
  TIERWISE_RETURN_IF_ERROR(
      DeriveUsers(store, derivations, terms, table, *refresh, [](double) { return true; }).status());
  TIERWISE_ASSIGN_OR_RETURN(const std::vector<TieringRefresh> tierings, store.tiers->LastOfTierings());
  for (const TieringRefresh& tiering : tierings) {
    const v1::Tiering* definition = definitions.FindTiering(tiering.tiering);
    const std::optional<int> index = table.TieringOf(tiering.tiering);
    // One that was deleted, and declared anew after that refresh, is another one.
    if (definition == nullptr || !index.has_value()) continue;
    if (FromProto(definition->meta().create_time()) > tiering.end_time) continue;
    TIERWISE_RETURN_IF_ERROR(RestoreTiers(store, tiering, *index, *refresh));
  }
  refresh->Commit();
  return absl::OkStatus();
}

}  // namespace tierwise
