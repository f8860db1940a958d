// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "absl/status/statusor.h"
#include "experiments/audience/user_table.h"
#include "server/services/live_catalog.h"
#include "server/storage/store.h"
#include "tierwise/v1/tier_service.pb.h"

namespace tierwise {

// What is asked: one catalog version, and the users in memory.
struct TierQuestion {
  const CatalogView& view;
  const UserTable& table;
  Store& store;
  int64_t now_micros;
  int threads;
};

// What the methods of TierService answer that look at the users in memory, without gRPC. InvalidArgument names the
// field; NotFound for a tiering or campaign that is not there, FailedPrecondition for a tiering that was never
// refreshed.
absl::StatusOr<v1::DescribeTiersResponse> AnswerDescribeTiers(const TierQuestion& question,
                                                              const v1::DescribeTiersRequest& request);
absl::StatusOr<v1::PreviewTieringResponse> AnswerPreviewTiering(const TierQuestion& question,
                                                                const v1::PreviewTieringRequest& request);
absl::StatusOr<v1::ExploreThresholdsResponse> AnswerExploreThresholds(const TierQuestion& question,
                                                                      const v1::ExploreThresholdsRequest& request);
absl::StatusOr<v1::ExploreClustersResponse> AnswerExploreClusters(const TierQuestion& question,
                                                                  const v1::ExploreClustersRequest& request);
absl::StatusOr<v1::EstimateReachResponse> AnswerEstimateReach(const TierQuestion& question,
                                                              const v1::EstimateReachRequest& request);

// The slot of an attribute that a request names in `field`. InvalidArgument where it is not declared.
absl::StatusOr<int> SlotOfAttribute(const AttributeSchema& schema, const std::string& attribute,
                                    absl::string_view field);

// The tiering that a request names. InvalidArgument without an id, NotFound where there is none.
absl::StatusOr<const v1::Tiering*> RequiredTiering(const Definitions& definitions, const std::string& id,
                                                   absl::string_view field);

}  // namespace tierwise
