// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "server/services/first_arms.h"
#include "server/services/live_catalog.h"
#include "server/storage/event_log.h"
#include "server/storage/profile_store.h"
#include "tierwise/v1/event_service.grpc.pb.h"

namespace tierwise {

// tierwise.v1.EventService over the stores, which must outlive it: checks each item, fills in what may be left out,
// waits for the disk. Thread-safe.
class EventService final : public v1::EventService::Service {
 public:
  EventService(const LiveCatalog& catalog, EventLog& events, ProfileStore& profiles, FirstArms& first_arms)
      : catalog_(catalog), events_(events), profiles_(profiles), first_arms_(first_arms) {}

  grpc::Status RecordExposures(grpc::ServerContext* context, const v1::RecordExposuresRequest* request,
                               v1::RecordExposuresResponse* response) override;
  grpc::Status RecordEvents(grpc::ServerContext* context, const v1::RecordEventsRequest* request,
                            v1::RecordEventsResponse* response) override;
  grpc::Status UpsertProfiles(grpc::ServerContext* context, const v1::UpsertProfilesRequest* request,
                              v1::UpsertProfilesResponse* response) override;
  grpc::Status GetProfile(grpc::ServerContext* context, const v1::GetProfileRequest* request,
                          v1::GetProfileResponse* response) override;

 private:
  const LiveCatalog& catalog_;
  EventLog& events_;
  ProfileStore& profiles_;
  FirstArms& first_arms_;
};

}  // namespace tierwise
