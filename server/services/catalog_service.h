// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "server/services/live_catalog.h"
#include "tierwise/v1/catalog_service.grpc.pb.h"

namespace tierwise {

// tierwise.v1.CatalogService over a LiveCatalog, which must outlive it. Thread-safe.
class CatalogService final : public v1::CatalogService::Service {
 public:
  // `storage` is asked for what is no longer present: old versions and the audit trail.
  CatalogService(LiveCatalog& catalog, Catalog& storage) : catalog_(catalog), storage_(storage) {}

  grpc::Status CreateDefinition(grpc::ServerContext* context, const v1::CreateDefinitionRequest* request,
                                v1::CreateDefinitionResponse* response) override;
  grpc::Status GetDefinition(grpc::ServerContext* context, const v1::GetDefinitionRequest* request,
                             v1::GetDefinitionResponse* response) override;
  grpc::Status ListDefinitions(grpc::ServerContext* context, const v1::ListDefinitionsRequest* request,
                               v1::ListDefinitionsResponse* response) override;
  grpc::Status UpdateDefinition(grpc::ServerContext* context, const v1::UpdateDefinitionRequest* request,
                                v1::UpdateDefinitionResponse* response) override;
  grpc::Status DeleteDefinition(grpc::ServerContext* context, const v1::DeleteDefinitionRequest* request,
                                v1::DeleteDefinitionResponse* response) override;
  grpc::Status ApplyDefinitions(grpc::ServerContext* context, const v1::ApplyDefinitionsRequest* request,
                                v1::ApplyDefinitionsResponse* response) override;
  grpc::Status ListChanges(grpc::ServerContext* context, const v1::ListChangesRequest* request,
                           v1::ListChangesResponse* response) override;
  grpc::Status LaunchCampaign(grpc::ServerContext* context, const v1::LaunchCampaignRequest* request,
                              v1::LaunchCampaignResponse* response) override;
  grpc::Status PauseCampaign(grpc::ServerContext* context, const v1::PauseCampaignRequest* request,
                             v1::PauseCampaignResponse* response) override;
  grpc::Status ResumeCampaign(grpc::ServerContext* context, const v1::ResumeCampaignRequest* request,
                              v1::ResumeCampaignResponse* response) override;
  grpc::Status ConcludeCampaign(grpc::ServerContext* context, const v1::ConcludeCampaignRequest* request,
                                v1::ConcludeCampaignResponse* response) override;

 private:
  LiveCatalog& catalog_;
  Catalog& storage_;
};

}  // namespace tierwise
