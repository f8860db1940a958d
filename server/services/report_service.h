// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "experiments/analysis/campaign_data.h"
#include "server/services/campaign_evidence.h"
#include "server/services/live_catalog.h"
#include "server/services/past_campaigns.h"
#include "server/storage/event_log.h"
#include "tierwise/v1/report_service.grpc.pb.h"

namespace tierwise {

// tierwise.v1.ReportService over the catalog and the facts, which must outlive it. One report is gathered at a
// time, so that memory stays bounded; where no fact came in since, what was gathered is used again. Thread-safe.
class ReportService final : public v1::ReportService::Service {
 public:
  // `threads` is how many a join may use.
  ReportService(const LiveCatalog& catalog, Catalog& storage, const FactSources& sources, int threads)
      : catalog_(catalog), storage_(storage), sources_(sources), threads_(threads), past_(storage, sources, threads) {}

  grpc::Status GetReport(grpc::ServerContext* context, const v1::GetReportRequest* request,
                         v1::GetReportResponse* response) override;

 private:
  // What was gathered last for a campaign, and from what.
  struct Gathered {
    std::string inputs;  // definitions, serialized
    EventLogSize size;
    int64_t last_refresh = 0;
    CampaignData data;
  };

  absl::StatusOr<v1::Report> Report(const v1::GetReportRequest& request);
  // What a report asks for, and all that it asks it of.
  struct Question {
    EvidenceRequest evidence;
    Definitions definitions;
  };

  absl::StatusOr<Question> Resolve(const v1::GetReportRequest& request, absl::Time now);
  // REQUIRES: `gathering_` is held.
  absl::StatusOr<CampaignData> Gather(const EvidenceRequest& request, bool is_present);

  const LiveCatalog& catalog_;
  Catalog& storage_;
  const FactSources sources_;
  const int threads_;
  std::mutex gathering_;                      // held through a join; guards gathered_ and past_
  std::map<std::string, Gathered> gathered_;  // by campaign
  PastCampaigns past_;
};

}  // namespace tierwise
