// SPDX-License-Identifier: Apache-2.0
#include "server/tiers/live_users.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "experiments/base/facts.h"
#include "experiments/base/status_macros.h"
#include "server/tiers/profile_filter.h"
#include "server/tiers/stored_refresh.h"

namespace tierwise {
absl::StatusOr<std::unique_ptr<LiveUsers>> LiveUsers::Open(LiveCatalog& catalog, Store& store, int threads) {
  std::unique_ptr<LiveUsers> users(new LiveUsers(catalog, store));
  users->table_.Declare(*catalog.view().definitions);
  TIERWISE_RETURN_IF_ERROR(users->LoadProfiles());
  TIERWISE_RETURN_IF_ERROR(RestoreLastRefresh(store, *catalog.view().definitions, threads, users->table_));
  TIERWISE_RETURN_IF_ERROR(users->LoadFirstExposures());
  catalog.Listen([self = users.get()](const CatalogView& view) { self->Follow(view); });
  return users;
}

absl::Status LiveUsers::LoadProfiles() {
  const CatalogView view = catalog_.view();
  ProfileFilter filter(*view.definitions, view.snapshot->schema());
  return store_.profiles->ScanChanges([&](const ProfileChange& change) {
    const uint64_t user = KeyOf(change.profile.user_id());
    if (change.is_whole) table_.Remove(user);
    table_.Upsert(user, filter.Kept(change).attributes());
  });
}

absl::Status LiveUsers::LoadFirstExposures() {
  const CatalogView view = catalog_.view();
  for (const CompiledCampaign& campaign : view.snapshot->campaigns()) {
    if (!IsLaunched(campaign)) continue;
    const std::shared_ptr<CampaignFirstExposures> first = exposures_.Of(campaign.id);
    const ExposureScan scan{campaign.id, {}, campaign.tiering->tiers(), absl::InfiniteFuture()};
    TIERWISE_RETURN_IF_ERROR(store_.events->ScanExposures(scan, [&](const ExposureColumns& columns) {
      for (size_t i = 0; i < columns.user.size(); ++i) {
        if (columns.forced[i] != 0 || columns.tier[i] == kOtherName) continue;
        first->Add(columns.user[i], columns.time_micros[i], columns.tier[i]);
      }
    }));
  }
  return absl::OkStatus();
}

void LiveUsers::Follow(const CatalogView& view) {
  table_.Declare(*view.definitions);
  exposures_.KeepLaunched(*view.snapshot);
  auto plan = std::make_shared<const ServingPlan>(view.snapshot, table_, exposures_);
  const std::lock_guard lock(plan_mutex_);
  plan_ = std::move(plan);
}

std::shared_ptr<const ServingPlan> LiveUsers::PlanFor(const std::shared_ptr<const Snapshot>& snapshot) {
  {
    const std::lock_guard lock(plan_mutex_);
    if (plan_->snapshot == snapshot) return plan_;
  }
  return std::make_shared<const ServingPlan>(snapshot, table_, exposures_);
}

absl::Status LiveUsers::Upsert(const std::vector<v1::Profile>& profiles, absl::Time received) {
  return store_.profiles->Upsert(profiles, received, [&] {
    for (const v1::Profile& profile : profiles) table_.Upsert(KeyOf(profile.user_id()), profile.attributes());
  });
}

absl::Status LiveUsers::AppendExposures(const std::vector<v1::Exposure>& exposures, absl::Time received) {
  return store_.events->AppendExposures(exposures, received,
                                        [&] { exposures_.Add(*catalog_.view().snapshot, exposures); });
}

absl::StatusOr<v1::EraseUserResponse> LiveUsers::Erase(const std::string& user_id) {
  const std::lock_guard lock(erasing_);
  const uint64_t user = KeyOf(user_id);
  return store_.profiles->Erase(user_id, [&] {
    table_.Remove(user);
    exposures_.Remove(user);
    erased_.insert(user);
  });
}

}  // namespace tierwise
