// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <mutex>

#include "server/services/live_catalog.h"
#include "server/services/tier_answers.h"
#include "server/storage/store.h"
#include "server/tiers/live_users.h"
#include "server/tiers/refresher.h"
#include "tierwise/v1/tier_service.grpc.pb.h"

namespace tierwise {

// tierwise.v1.TierService over the catalog, the store, the users in memory and the refresher, which must outlive it. Of
// the answers that hold numbers of all users, one is made at a time, so that memory stays bounded. Thread-safe.
class TierService final : public v1::TierService::Service {
 public:
  // `threads` is how many a scan of the users may use.
  TierService(const LiveCatalog& catalog, Store& store, LiveUsers& users, Refresher& refresher, int threads)
      : catalog_(catalog), store_(store), users_(users), refresher_(refresher), threads_(threads) {}

  grpc::Status StartRefresh(grpc::ServerContext* context, const v1::StartRefreshRequest* request,
                            v1::StartRefreshResponse* response) override;
  grpc::Status GetRefresh(grpc::ServerContext* context, const v1::GetRefreshRequest* request,
                          v1::GetRefreshResponse* response) override;
  grpc::Status CancelRefresh(grpc::ServerContext* context, const v1::CancelRefreshRequest* request,
                             v1::CancelRefreshResponse* response) override;
  grpc::Status ListRefreshes(grpc::ServerContext* context, const v1::ListRefreshesRequest* request,
                             v1::ListRefreshesResponse* response) override;
  grpc::Status DescribeTiers(grpc::ServerContext* context, const v1::DescribeTiersRequest* request,
                             v1::DescribeTiersResponse* response) override;
  grpc::Status PreviewTiering(grpc::ServerContext* context, const v1::PreviewTieringRequest* request,
                              v1::PreviewTieringResponse* response) override;
  grpc::Status GetTierHistory(grpc::ServerContext* context, const v1::GetTierHistoryRequest* request,
                              v1::GetTierHistoryResponse* response) override;
  grpc::Status GetTransitions(grpc::ServerContext* context, const v1::GetTransitionsRequest* request,
                              v1::GetTransitionsResponse* response) override;
  grpc::Status ListMoves(grpc::ServerContext* context, const v1::ListMovesRequest* request,
                         v1::ListMovesResponse* response) override;
  grpc::Status EstimateReach(grpc::ServerContext* context, const v1::EstimateReachRequest* request,
                             v1::EstimateReachResponse* response) override;
  grpc::Status ExploreThresholds(grpc::ServerContext* context, const v1::ExploreThresholdsRequest* request,
                                 v1::ExploreThresholdsResponse* response) override;
  grpc::Status ExploreClusters(grpc::ServerContext* context, const v1::ExploreClustersRequest* request,
                               v1::ExploreClustersResponse* response) override;

 private:
  TierQuestion Question(const CatalogView& view) const;

  const LiveCatalog& catalog_;
  Store& store_;
  LiveUsers& users_;
  Refresher& refresher_;
  const int threads_;
  std::mutex exploring_;  // held while numbers of all users are
};

}  // namespace tierwise
