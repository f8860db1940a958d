// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "server/services/live_catalog.h"
#include "server/storage/store.h"
#include "server/tiers/live_users.h"
#include "tierwise/v1/event_service.grpc.pb.h"

namespace tierwise {

// tierwise.v1.EventService over the store and what is known of users, which must outlive it: checks each item, fills in
// what may be left out, waits for the disk. Thread-safe.
class EventService final : public v1::EventService::Service {
 public:
  EventService(const LiveCatalog& catalog, Store& store, LiveUsers& users)
      : catalog_(catalog), store_(store), users_(users) {}

  grpc::Status RecordExposures(grpc::ServerContext* context, const v1::RecordExposuresRequest* request,
                               v1::RecordExposuresResponse* response) override;
  grpc::Status RecordEvents(grpc::ServerContext* context, const v1::RecordEventsRequest* request,
                            v1::RecordEventsResponse* response) override;
  grpc::Status UpsertProfiles(grpc::ServerContext* context, const v1::UpsertProfilesRequest* request,
                              v1::UpsertProfilesResponse* response) override;
  grpc::Status StreamProfiles(
      grpc::ServerContext* context,
      grpc::ServerReaderWriter<v1::StreamProfilesResponse, v1::StreamProfilesRequest>* stream) override;
  grpc::Status GetProfile(grpc::ServerContext* context, const v1::GetProfileRequest* request,
                          v1::GetProfileResponse* response) override;
  grpc::Status EraseUser(grpc::ServerContext* context, const v1::EraseUserRequest* request,
                         v1::EraseUserResponse* response) override;

 private:
  const LiveCatalog& catalog_;
  Store& store_;
  LiveUsers& users_;
};

}  // namespace tierwise
