// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "server/storage/duckdb/engine.h"
#include "tierwise/v1/event_service.pb.h"

namespace tierwise::duckdb {

// Within the writer's transaction: removes the user's profile, name and tiers, and gives the user's facts one random
// key and no ids, so that they still join with each other and copies of an event are still copies. NotFound where
// nothing is known of the user.
absl::StatusOr<v1::EraseUserResponse> EraseUser(WriteSession& session, const std::string& user_id);

}  // namespace tierwise::duckdb
