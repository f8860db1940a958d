// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "experiments/audience/user_table.h"
#include "server/services/live_catalog.h"
#include "server/storage/store.h"
#include "tierwise/v1/event_service.pb.h"

namespace tierwise {

// What is known of a user now, from memory; since when the user is in each tier from `tiers`. NotFound where nothing
// is.
absl::StatusOr<v1::GetProfileResponse> ProfileOfNow(const std::string& user_id, const CatalogView& view,
                                                    const UserTable& table, TierHistory& tiers);

// What was known of a user by `request.as_of`, in the attributes that are declared now: supplied ones as they had come
// in, derived ones from the events that had happened. InvalidArgument for a time after `now`; NotFound.
absl::StatusOr<v1::GetProfileResponse> ProfileAsOf(const v1::GetProfileRequest& request, absl::Time now,
                                                   const Definitions& definitions, Store& store);

}  // namespace tierwise
