// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "experiments/base/definitions.h"
#include "google/protobuf/timestamp.pb.h"
#include "server/services/live_catalog.h"
#include "server/storage/catalog.h"
#include "tierwise/v1/campaign.pb.h"
#include "tierwise/v1/tiering.pb.h"

namespace tierwise {

// A launched campaign as of a time, with what it refers to.
struct LaunchedCampaign {
  v1::Campaign campaign;
  v1::Tiering tiering;                             // of the version that the campaign pinned
  std::shared_ptr<const Definitions> definitions;  // as of that time: metrics are read from them
  absl::Time as_of;
  bool is_present = true;  // no time was asked for
};

// Finds the campaign that a request names in its fields `campaign` and `as_of` (null: as of `now`). Errors:
// InvalidArgument naming the field; NotFound; FailedPrecondition for a draft, which has not `what` (e.g. "a report").
absl::StatusOr<LaunchedCampaign> FindLaunched(const std::string& id, const google::protobuf::Timestamp* as_of,
                                              absl::string_view what, absl::Time now, const LiveCatalog& catalog,
                                              Catalog& storage);

}  // namespace tierwise
