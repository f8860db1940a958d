// SPDX-License-Identifier: Apache-2.0
#include "server/services/event_service.h"

#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "experiments/base/problems.h"
#include "server/services/event_checks.h"
#include "server/services/exposure_completion.h"
#include "server/services/status.h"

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
  const auto problems = CompleteExposures(*catalog_.view().snapshot, profiles_, now, exposures);
  if (!problems.ok()) return ToGrpcStatus(problems.status());
  size_t kept = 0;
  for (size_t i = 0; i < exposures.size(); ++i) {
    if (const std::optional<Problem>& problem = (*problems)[i]; problem.has_value()) {
      AddError(static_cast<int>(i), *problem, response->mutable_errors());
    } else {
      if (kept != i) exposures[kept] = std::move(exposures[i]);
      ++kept;
    }
  }
  exposures.resize(kept);
  if (kept > 0) {
    if (absl::Status status = events_.AppendExposures(exposures, now); !status.ok()) return ToGrpcStatus(status);
    first_arms_.Add(exposures);
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
    if (absl::Status status = events_.AppendEvents(events, now); !status.ok()) return ToGrpcStatus(status);
  }
  response->set_accepted(static_cast<uint32_t>(events.size()));
  return grpc::Status::OK;
}

grpc::Status EventService::UpsertProfiles(grpc::ServerContext*, const v1::UpsertProfilesRequest* request,
                                          v1::UpsertProfilesResponse* response) {
  if (absl::Status status = CheckBatch(request->profiles_size(), "profiles"); !status.ok()) return ToGrpcStatus(status);
  const CatalogView view = catalog_.view();
  const std::vector<v1::Profile> profiles = Accepted(
      request->profiles(), [&](const v1::Profile& profile) { return CheckProfile(profile, view.snapshot->schema()); },
      response->mutable_errors());
  if (!profiles.empty()) {
    if (absl::Status status = profiles_.Upsert(profiles, absl::Now()); !status.ok()) return ToGrpcStatus(status);
  }
  response->set_accepted(static_cast<uint32_t>(profiles.size()));
  return grpc::Status::OK;
}

grpc::Status EventService::GetProfile(grpc::ServerContext*, const v1::GetProfileRequest* request,
                                      v1::GetProfileResponse* response) {
  if (request->user_id().empty()) return ToGrpcStatus(InvalidField("user_id", "is required"));
  auto found = profiles_.Get({&request->user_id(), 1});
  if (!found.ok()) return ToGrpcStatus(found.status());
  if (!found->front().has_value()) {
    return ToGrpcStatus(absl::NotFoundError(absl::StrCat("no profile of user \"", request->user_id(), "\" is stored")));
  }
  *response->mutable_profile() = *std::move(found->front());
  return grpc::Status::OK;
}

}  // namespace tierwise
