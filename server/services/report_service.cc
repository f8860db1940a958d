// SPDX-License-Identifier: Apache-2.0
#include "server/services/report_service.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "experiments/analysis/report.h"
#include "experiments/base/problems.h"
#include "experiments/base/status_macros.h"
#include "server/services/campaign_lookup.h"
#include "server/services/status.h"

namespace tierwise {
namespace {

constexpr double kDefaultConfidence = 0.95;

absl::StatusOr<std::vector<v1::Metric>> MetricsOf(const v1::GetReportRequest& request, const v1::Campaign& campaign,
                                                  const Definitions& definitions) {
  std::vector<v1::Metric> metrics;
  Problems problems;
  const auto& ids = request.metrics().empty() ? campaign.metrics() : request.metrics();
  for (int i = 0; i < ids.size(); ++i) {
    const v1::Metric* metric = definitions.FindMetric(ids.Get(i));
    if (metric == nullptr) {
      problems.Add(absl::StrCat("metrics[", i, "]"), absl::StrCat("there is no metric \"", ids.Get(i), "\""));
    } else if (std::find(ids.begin(), ids.begin() + i, ids.Get(i)) != ids.begin() + i) {
      problems.Add(absl::StrCat("metrics[", i, "]"), absl::StrCat("\"", ids.Get(i), "\" is given twice"));
    } else {
      metrics.push_back(*metric);
    }
  }
  TIERWISE_RETURN_IF_ERROR(problems.ToStatus());
  return metrics;
}

// Weights that change are not a mistake of an adaptive campaign, and its earlier users are not lost.
void SayThatItIsAdaptive(const v1::Campaign& campaign, v1::Report& report) {
  for (v1::HealthCheck& check : *report.mutable_checks()) {
    if (check.check() != "weights_changed" || check.status() == v1::HEALTH_STATUS_OK) continue;
    check.set_message(
        absl::StrCat("The campaign is adaptive: its weights follow the results, and this report is of users first "
                     "exposed since they "
                     "changed last. All users are read out rightly by: tierwise allocation ",
                     campaign.id()));
  }
}

}  // namespace

grpc::Status ReportService::GetReport(grpc::ServerContext*, const v1::GetReportRequest* request,
                                      v1::GetReportResponse* response) {
  auto report = Report(*request);
  if (!report.ok()) return ToGrpcStatus(report.status());
  *response->mutable_report() = *std::move(report);
  return grpc::Status::OK;
}

absl::StatusOr<v1::Report> ReportService::Report(const v1::GetReportRequest& request) {
  const absl::Time now = absl::Now();
  TIERWISE_ASSIGN_OR_RETURN(LaunchedCampaign launched,
                            FindLaunched(request.campaign(), request.has_as_of() ? &request.as_of() : nullptr,
                                         "a report", now, catalog_, storage_));
  EvidenceRequest question;
  question.threads = threads_;
  question.as_of = launched.as_of;
  TIERWISE_ASSIGN_OR_RETURN(question.metrics, MetricsOf(request, launched.campaign, *launched.definitions));
  question.campaign = std::move(launched.campaign);
  question.tiering = std::move(launched.tiering);
  TIERWISE_ASSIGN_OR_RETURN(CampaignData data, evidence_.Gather(question, launched.is_present));
  {
    const auto alone = evidence_.GatherAlone();
    TIERWISE_RETURN_IF_ERROR(past_.SetPriors(*launched.definitions, data));
  }
  TIERWISE_ASSIGN_OR_RETURN(v1::Report report,
                            BuildReport(data, request.confidence() == 0.0 ? kDefaultConfidence : request.confidence()));
  if (question.campaign.has_adaptive()) SayThatItIsAdaptive(question.campaign, report);
  return report;
}

}  // namespace tierwise
