// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "absl/status/statusor.h"
#include "server/services/campaign_evidence.h"
#include "server/services/evidence_cache.h"
#include "server/services/live_catalog.h"
#include "server/services/past_campaigns.h"
#include "server/storage/catalog.h"
#include "tierwise/v1/report_service.grpc.pb.h"

namespace tierwise {

// tierwise.v1.ReportService over the catalog and the evidence, which must outlive it. Thread-safe.
class ReportService final : public v1::ReportService::Service {
 public:
  // `threads` is how many a join may use.
  ReportService(const LiveCatalog& catalog, Catalog& storage, EvidenceCache& evidence, int threads)
      : catalog_(catalog),
        storage_(storage),
        evidence_(evidence),
        threads_(threads),
        past_(storage, evidence.sources(), threads) {}

  grpc::Status GetReport(grpc::ServerContext* context, const v1::GetReportRequest* request,
                         v1::GetReportResponse* response) override;

 private:
  absl::StatusOr<v1::Report> Report(const v1::GetReportRequest& request);

  const LiveCatalog& catalog_;
  Catalog& storage_;
  EvidenceCache& evidence_;
  const int threads_;
  PastCampaigns past_;  // used by whoever gathers alone
};

}  // namespace tierwise
