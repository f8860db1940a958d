// SPDX-License-Identifier: Apache-2.0
#include "server/services/tier_service.h"

#include <optional>
#include <utility>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "experiments/audience/time_micros.h"
#include "experiments/base/problems.h"
#include "experiments/base/status_macros.h"
#include "server/services/actor.h"
#include "server/services/paging.h"
#include "server/services/status.h"

namespace tierwise {
namespace {

constexpr int kMaxMoves = 10'000;
constexpr int kDefaultMoves = 1'000;

// Sets `response` to a value, or returns what is wrong.
template <typename Response>
grpc::Status Answer(absl::StatusOr<Response> answer, Response* response) {
  if (!answer.ok()) return ToGrpcStatus(answer.status());
  *response = *std::move(answer);
  return grpc::Status::OK;
}

// The same for responses that hold one refresh.
template <typename Response>
grpc::Status AnswerRefresh(absl::StatusOr<v1::Refresh> refresh, Response* response) {
  if (!refresh.ok()) return ToGrpcStatus(refresh.status());
  *response->mutable_refresh() = *std::move(refresh);
  return grpc::Status::OK;
}

absl::StatusOr<absl::Time> TimeOf(const google::protobuf::Timestamp& time, absl::string_view field) {
  const std::optional<int64_t> micros = MicrosOf(time);
  if (!micros.has_value()) return InvalidField(field, "is no moment between the years 1 and 9999");
  return absl::FromUnixMicros(*micros);
}

absl::StatusOr<v1::ListRefreshesResponse> ListOf(Refresher& refresher, const v1::ListRefreshesRequest& request) {
  TIERWISE_ASSIGN_OR_RETURN(const int size, PageSize(request.page_size()));
  int64_t before = 0;
  if (!request.page_token().empty() && (!absl::SimpleAtoi(request.page_token(), &before) || before < 1)) {
    return InvalidField("page_token", "is not one that ListRefreshes returned");
  }
  TIERWISE_ASSIGN_OR_RETURN(std::vector<v1::Refresh> refreshes, refresher.List(before, size + 1));
  v1::ListRefreshesResponse response;
  if (refreshes.size() > static_cast<size_t>(size)) {
    refreshes.resize(static_cast<size_t>(size));
    response.set_next_page_token(absl::StrCat(refreshes.back().id()));
  }
  for (v1::Refresh& refresh : refreshes) *response.add_refreshes() = std::move(refresh);
  return response;
}

absl::StatusOr<v1::GetTierHistoryResponse> HistoryOf(const CatalogView& view, TierHistory& tiers,
                                                     const v1::GetTierHistoryRequest& request) {
  TIERWISE_RETURN_IF_ERROR(RequiredTiering(*view.definitions, request.tiering(), "tiering").status());
  absl::Time begin = absl::InfinitePast();
  absl::Time end = absl::InfiniteFuture();
  if (request.has_begin()) {
    TIERWISE_ASSIGN_OR_RETURN(begin, TimeOf(request.begin(), "begin"));
  }
  if (request.has_end()) {
    TIERWISE_ASSIGN_OR_RETURN(end, TimeOf(request.end(), "end"));
  }
  if (end < begin) return InvalidField("end", "is before `begin`");
  TIERWISE_ASSIGN_OR_RETURN(const std::vector<v1::TierHistoryEntry> entries,
                            tiers.Sizes(request.tiering(), begin, end, request.value_event()));
  v1::GetTierHistoryResponse response;
  response.mutable_entries()->Assign(entries.begin(), entries.end());
  return response;
}

absl::StatusOr<v1::GetTransitionsResponse> TransitionsOf(const CatalogView& view, TierHistory& tiers,
                                                         const v1::GetTransitionsRequest& request) {
  TIERWISE_RETURN_IF_ERROR(RequiredTiering(*view.definitions, request.tiering(), "tiering").status());
  if (!request.has_from()) return InvalidField("from", "is required");
  TIERWISE_ASSIGN_OR_RETURN(const absl::Time from, TimeOf(request.from(), "from"));
  absl::Time to = absl::Now();
  if (request.has_to()) {
    TIERWISE_ASSIGN_OR_RETURN(to, TimeOf(request.to(), "to"));
  }
  if (to <= from) return InvalidField("to", "is not after `from`");
  TIERWISE_ASSIGN_OR_RETURN(const std::vector<v1::Transition> transitions,
                            tiers.Transitions(request.tiering(), from, to));
  v1::GetTransitionsResponse response;
  response.mutable_transitions()->Assign(transitions.begin(), transitions.end());
  return response;
}

absl::StatusOr<v1::ListMovesResponse> MovesOf(const CatalogView& view, TierHistory& tiers,
                                              const v1::ListMovesRequest& request) {
  TIERWISE_RETURN_IF_ERROR(RequiredTiering(*view.definitions, request.tiering(), "tiering").status());
  if (request.limit() < 0 || request.limit() > kMaxMoves) {
    return InvalidField("limit", absl::StrCat("is ", request.limit(), "; 1 to ", kMaxMoves, " are allowed"));
  }
  if (request.after_sequence() < 0) return InvalidField("after_sequence", "is negative");
  MoveQuery query;
  query.tiering = request.tiering();
  query.after_sequence = request.after_sequence();
  query.limit = request.limit() == 0 ? kDefaultMoves : request.limit();
  query.changes_only = request.changes_only();
  query.user_id = request.user_id();
  TIERWISE_ASSIGN_OR_RETURN(const std::vector<v1::Move> moves, tiers.ListMoves(query));
  v1::ListMovesResponse response;
  response.mutable_moves()->Assign(moves.begin(), moves.end());
  return response;
}

}  // namespace

TierQuestion TierService::Question(const CatalogView& view) const {
  return {view, users_.table(), store_, absl::ToUnixMicros(absl::Now()), threads_};
}

grpc::Status TierService::StartRefresh(grpc::ServerContext* context, const v1::StartRefreshRequest* request,
                                       v1::StartRefreshResponse* response) {
  return AnswerRefresh(refresher_.Begin(*request, ActorOf(*context)), response);
}

grpc::Status TierService::GetRefresh(grpc::ServerContext*, const v1::GetRefreshRequest* request,
                                     v1::GetRefreshResponse* response) {
  return AnswerRefresh(refresher_.Get(request->id()), response);
}

grpc::Status TierService::CancelRefresh(grpc::ServerContext*, const v1::CancelRefreshRequest* request,
                                        v1::CancelRefreshResponse* response) {
  return AnswerRefresh(refresher_.Cancel(request->id()), response);
}

grpc::Status TierService::ListRefreshes(grpc::ServerContext*, const v1::ListRefreshesRequest* request,
                                        v1::ListRefreshesResponse* response) {
  return Answer(ListOf(refresher_, *request), response);
}

grpc::Status TierService::DescribeTiers(grpc::ServerContext*, const v1::DescribeTiersRequest* request,
                                        v1::DescribeTiersResponse* response) {
  const std::lock_guard lock(exploring_);
  const CatalogView view = catalog_.view();
  return Answer(AnswerDescribeTiers(Question(view), *request), response);
}

grpc::Status TierService::PreviewTiering(grpc::ServerContext*, const v1::PreviewTieringRequest* request,
                                         v1::PreviewTieringResponse* response) {
  const std::lock_guard lock(exploring_);
  const CatalogView view = catalog_.view();
  return Answer(AnswerPreviewTiering(Question(view), *request), response);
}

grpc::Status TierService::GetTierHistory(grpc::ServerContext*, const v1::GetTierHistoryRequest* request,
                                         v1::GetTierHistoryResponse* response) {
  return Answer(HistoryOf(catalog_.view(), *store_.tiers, *request), response);
}

grpc::Status TierService::GetTransitions(grpc::ServerContext*, const v1::GetTransitionsRequest* request,
                                         v1::GetTransitionsResponse* response) {
  return Answer(TransitionsOf(catalog_.view(), *store_.tiers, *request), response);
}

grpc::Status TierService::ListMoves(grpc::ServerContext*, const v1::ListMovesRequest* request,
                                    v1::ListMovesResponse* response) {
  return Answer(MovesOf(catalog_.view(), *store_.tiers, *request), response);
}

grpc::Status TierService::EstimateReach(grpc::ServerContext*, const v1::EstimateReachRequest* request,
                                        v1::EstimateReachResponse* response) {
  const CatalogView view = catalog_.view();
  return Answer(AnswerEstimateReach(Question(view), *request), response);
}

grpc::Status TierService::ExploreThresholds(grpc::ServerContext*, const v1::ExploreThresholdsRequest* request,
                                            v1::ExploreThresholdsResponse* response) {
  const std::lock_guard lock(exploring_);
  const CatalogView view = catalog_.view();
  return Answer(AnswerExploreThresholds(Question(view), *request), response);
}

grpc::Status TierService::ExploreClusters(grpc::ServerContext*, const v1::ExploreClustersRequest* request,
                                          v1::ExploreClustersResponse* response) {
  const std::lock_guard lock(exploring_);
  const CatalogView view = catalog_.view();
  return Answer(AnswerExploreClusters(Question(view), *request), response);
}

}  // namespace tierwise
