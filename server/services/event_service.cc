// SPDX-License-Identifier: Apache-2.0
#include "server/services/event_service.h"

#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "experiments/base/problems.h"
#include "experiments/base/status_macros.h"
#include "server/services/event_checks.h"
#include "server/services/exposure_completion.h"
#include "server/services/status.h"
#include "server/services/user_profile.h"

namespace tierwise {
namespace {

constexpr int kMaxBatch = 10000;

absl::Status CheckBatch(int size, const char* field) {
  if (size >= 1 && size <= kMaxBatch) return absl::OkStatus();
  return InvalidField(field, absl::StrCat("has ", size, " items; 1 to ", kMaxBatch, " are allowed"));
}

void AddError(int index, const Problem& problem, google::protobuf::RepeatedPtrField<v1::ItemError>* errors) {
  v1::ItemError* error = errors->Add();
  error->set_index(static_cast<uint32_t>(index));
  error->set_field(problem.field);
  error->set_description(problem.description);
}

// The items of a batch that `check` finds nothing wrong with; the others become errors.
template <typename Item, typename Check>
std::vector<Item> Accepted(const google::protobuf::RepeatedPtrField<Item>& items, Check check,
                           google::protobuf::RepeatedPtrField<v1::ItemError>* errors) {
  std::vector<Item> accepted;
  accepted.reserve(static_cast<size_t>(items.size()));
  for (int i = 0; i < items.size(); ++i) {
    if (const std::optional<Problem> problem = check(items.Get(i))) {
      AddError(i, *problem, errors);
    } else {
      accepted.push_back(items.Get(i));
    }
  }
  return accepted;
}

}  // namespace

grpc::Status EventService::RecordExposures(grpc::ServerContext*, const v1::RecordExposuresRequest* request,
                                           v1::RecordExposuresResponse* response) {
  if (absl::Status status = CheckBatch(request->exposures_size(), "exposures"); !status.ok())
    return ToGrpcStatus(status);
  const absl::Time now = absl::Now();
  std::vector<v1::Exposure> exposures(request->exposures().begin(), request->exposures().end());
  const std::vector<std::optional<Problem>> problems =
      CompleteExposures(*users_.PlanFor(catalog_.view().snapshot), now, exposures);
  size_t kept = 0;
  for (size_t i = 0; i < exposures.size(); ++i) {
    if (const std::optional<Problem>& problem = problems[i]; problem.has_value()) {
      AddError(static_cast<int>(i), *problem, response->mutable_errors());
    } else {
      if (kept != i) exposures[kept] = std::move(exposures[i]);
      ++kept;
    }
  }
  exposures.resize(kept);
  if (kept > 0) {
    if (absl::Status status = users_.AppendExposures(exposures, now); !status.ok()) return ToGrpcStatus(status);
  }
  response->set_accepted(static_cast<uint32_t>(kept));
  return grpc::Status::OK;
}

grpc::Status EventService::RecordEvents(grpc::ServerContext*, const v1::RecordEventsRequest* request,
                                        v1::RecordEventsResponse* response) {
  if (absl::Status status = CheckBatch(request->events_size(), "events"); !status.ok()) return ToGrpcStatus(status);
  const absl::Time now = absl::Now();
  const std::vector<v1::Event> events = Accepted(
      request->events(), [&](const v1::Event& event) { return CheckEvent(event, now); }, response->mutable_errors());
  if (!events.empty()) {
    if (absl::Status status = store_.events->AppendEvents(events, now); !status.ok()) return ToGrpcStatus(status);
  }
  response->set_accepted(static_cast<uint32_t>(events.size()));
  return grpc::Status::OK;
}

namespace {

// Takes in the profiles of a batch that are right. Response: UpsertProfilesResponse or StreamProfilesResponse.
template <typename Response>
absl::Status TakeProfiles(const google::protobuf::RepeatedPtrField<v1::Profile>& batch, const AttributeSchema& schema,
                          LiveUsers& users, Response& response) {
  TIERWISE_RETURN_IF_ERROR(CheckBatch(batch.size(), "profiles"));
  const std::vector<v1::Profile> profiles = Accepted(
      batch, [&](const v1::Profile& profile) { return CheckProfile(profile, schema); }, response.mutable_errors());
  if (!profiles.empty()) TIERWISE_RETURN_IF_ERROR(users.Upsert(profiles, absl::Now()));
  response.set_accepted(static_cast<uint32_t>(profiles.size()));
  return absl::OkStatus();
}

}  // namespace

grpc::Status EventService::UpsertProfiles(grpc::ServerContext*, const v1::UpsertProfilesRequest* request,
                                          v1::UpsertProfilesResponse* response) {
  return ToGrpcStatus(TakeProfiles(request->profiles(), catalog_.view().snapshot->schema(), users_, *response));
}

grpc::Status EventService::StreamProfiles(
    grpc::ServerContext*, grpc::ServerReaderWriter<v1::StreamProfilesResponse, v1::StreamProfilesRequest>* stream) {
  v1::StreamProfilesRequest request;
  while (stream->Read(&request)) {
    v1::StreamProfilesResponse response;
    const std::shared_ptr<const Snapshot> snapshot = catalog_.view().snapshot;
    if (absl::Status status = TakeProfiles(request.profiles(), snapshot->schema(), users_, response); !status.ok()) {
      return ToGrpcStatus(status);
    }
    if (!stream->Write(response)) return grpc::Status(grpc::StatusCode::UNAVAILABLE, "the stream broke");
  }
  return grpc::Status::OK;
}

grpc::Status EventService::GetProfile(grpc::ServerContext*, const v1::GetProfileRequest* request,
                                      v1::GetProfileResponse* response) {
  if (request->user_id().empty()) return ToGrpcStatus(InvalidField("user_id", "is required"));
  auto profile = request->has_as_of()
                     ? ProfileAsOf(*request, absl::Now(), *catalog_.view().definitions, store_)
                     : ProfileOfNow(request->user_id(), catalog_.view(), users_.table(), *store_.tiers);
  if (!profile.ok()) return ToGrpcStatus(profile.status());
  *response = *std::move(profile);
  return grpc::Status::OK;
}

grpc::Status EventService::EraseUser(grpc::ServerContext*, const v1::EraseUserRequest* request,
                                     v1::EraseUserResponse* response) {
  if (request->user_id().empty()) return ToGrpcStatus(InvalidField("user_id", "is required"));
  auto erased = users_.Erase(request->user_id());
  if (!erased.ok()) return ToGrpcStatus(erased.status());
  *response = *std::move(erased);
  return grpc::Status::OK;
}

}  // namespace tierwise
