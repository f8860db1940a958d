// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <grpcpp/grpcpp.h>

#include <atomic>
#include <mutex>
#include <string>
#include <vector>

#include "tierwise/v1/tier_service.grpc.pb.h"

namespace tierwise {

// Answers what a test put there, and keeps the last requests. Refreshes end after `polls_until_done` looks.
class FakeTiers final : public v1::TierService::Service {
 public:
  grpc::Status StartRefresh(grpc::ServerContext*, const v1::StartRefreshRequest* request,
                            v1::StartRefreshResponse* response) override {
    for (const std::string& tiering : request->tierings()) {
      if (tiering != "value")
        return grpc::Status(grpc::StatusCode::NOT_FOUND, "there is no tiering \"" + tiering + "\"");
    }
    start_refresh = *request;
    refresh.set_id(12);
    refresh.set_state(v1::REFRESH_STATE_RUNNING);
    refresh.set_step("reading events");
    *refresh.mutable_tierings() = request->tierings();
    *refresh.mutable_as_of() = request->as_of();
    *response->mutable_refresh() = refresh;
    return grpc::Status::OK;
  }

  grpc::Status GetRefresh(grpc::ServerContext*, const v1::GetRefreshRequest*,
                          v1::GetRefreshResponse* response) override {
    if (polls++ >= polls_until_done && refresh.state() == v1::REFRESH_STATE_RUNNING) {
      refresh.set_state(refresh.error().empty() ? v1::REFRESH_STATE_SUCCEEDED : v1::REFRESH_STATE_FAILED);
      refresh.set_progress(1);
    }
    *response->mutable_refresh() = refresh;
    return grpc::Status::OK;
  }

  grpc::Status CancelRefresh(grpc::ServerContext*, const v1::CancelRefreshRequest* request,
                             v1::CancelRefreshResponse* response) override {
    cancelled = request->id();
    if (refresh.state() != v1::REFRESH_STATE_RUNNING) {
      return grpc::Status(grpc::StatusCode::FAILED_PRECONDITION, "the refresh has ended");
    }
    refresh.set_state(v1::REFRESH_STATE_CANCELLED);
    *response->mutable_refresh() = refresh;
    return grpc::Status::OK;
  }

  // One refresh a page, ids from `refreshes` down to 1.
  grpc::Status ListRefreshes(grpc::ServerContext*, const v1::ListRefreshesRequest* request,
                             v1::ListRefreshesResponse* response) override {
    const int id = request->page_token().empty() ? refreshes : std::stoi(request->page_token());
    if (id < 1) return grpc::Status::OK;
    response->add_refreshes()->set_id(id);
    if (id > 1) response->set_next_page_token(std::to_string(id - 1));
    return grpc::Status::OK;
  }

  grpc::Status DescribeTiers(grpc::ServerContext*, const v1::DescribeTiersRequest* request,
                             v1::DescribeTiersResponse* response) override {
    describe = *request;
    if (request->tiering() != "value") return grpc::Status(grpc::StatusCode::NOT_FOUND, "there is no such tiering");
    *response = description;
    return grpc::Status::OK;
  }

  grpc::Status PreviewTiering(grpc::ServerContext*, const v1::PreviewTieringRequest* request,
                              v1::PreviewTieringResponse* response) override {
    if (!preview_error.empty()) return grpc::Status(grpc::StatusCode::INVALID_ARGUMENT, preview_error);
    *response = preview;
    *response->mutable_tiering() = request->tiering();
    return grpc::Status::OK;
  }

  grpc::Status GetTierHistory(grpc::ServerContext*, const v1::GetTierHistoryRequest* request,
                              v1::GetTierHistoryResponse* response) override {
    history_request = *request;
    *response = history;
    return grpc::Status::OK;
  }

  grpc::Status GetTransitions(grpc::ServerContext*, const v1::GetTransitionsRequest*,
                              v1::GetTransitionsResponse* response) override {
    *response = transitions;
    return grpc::Status::OK;
  }

  grpc::Status ListMoves(grpc::ServerContext*, const v1::ListMovesRequest* request,
                         v1::ListMovesResponse* response) override {
    const std::lock_guard lock(mutex_);
    for (const v1::Move& move : moves) {
      if (response->moves_size() == request->limit()) break;
      const bool is_wanted = move.sequence() > request->after_sequence() &&
                             !(request->changes_only() && move.from().empty()) &&
                             (request->user_id().empty() || request->user_id() == move.user_id());
      if (is_wanted) *response->add_moves() = move;
    }
    return grpc::Status::OK;
  }

  grpc::Status EstimateReach(grpc::ServerContext*, const v1::EstimateReachRequest* request,
                             v1::EstimateReachResponse* response) override {
    reach_request = *request;
    *response = reach;
    return grpc::Status::OK;
  }

  grpc::Status ExploreThresholds(grpc::ServerContext*, const v1::ExploreThresholdsRequest* request,
                                 v1::ExploreThresholdsResponse* response) override {
    thresholds_request = *request;
    *response = thresholds;
    return grpc::Status::OK;
  }

  grpc::Status ExploreClusters(grpc::ServerContext*, const v1::ExploreClustersRequest* request,
                               v1::ExploreClustersResponse* response) override {
    clusters_request = *request;
    *response = clusters;
    return grpc::Status::OK;
  }

  void AddMove(const v1::Move& move) {
    const std::lock_guard lock(mutex_);
    moves.push_back(move);
  }

  std::mutex mutex_;  // of `moves`
  v1::Refresh refresh;
  std::atomic<int> polls = 0;
  int polls_until_done = 0;
  int refreshes = 3;
  int64_t cancelled = 0;
  std::string preview_error;
  v1::PreviewTieringResponse preview;
  v1::DescribeTiersResponse description;
  v1::GetTierHistoryResponse history;
  v1::GetTransitionsResponse transitions;
  std::vector<v1::Move> moves;
  v1::EstimateReachResponse reach;
  v1::ExploreThresholdsResponse thresholds;
  v1::ExploreClustersResponse clusters;
  v1::StartRefreshRequest start_refresh;
  v1::DescribeTiersRequest describe;
  v1::GetTierHistoryRequest history_request;
  v1::EstimateReachRequest reach_request;
  v1::ExploreThresholdsRequest thresholds_request;
  v1::ExploreClustersRequest clusters_request;
};

}  // namespace tierwise
