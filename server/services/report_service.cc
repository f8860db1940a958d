// SPDX-License-Identifier: Apache-2.0
#include "server/services/report_service.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "experiments/analysis/report.h"
#include "experiments/audience/time_micros.h"
#include "experiments/base/problems.h"
#include "experiments/base/proto_time.h"
#include "experiments/base/status_macros.h"
#include "server/services/status.h"

namespace tierwise {
namespace {

constexpr double kDefaultConfidence = 0.95;
constexpr size_t kMaxGathered = 64;
// Windows that close change nothing but how many are open: a minute old is as good as new.
constexpr absl::Duration kMaxAge = absl::Minutes(1);

absl::StatusOr<absl::Time> AsOf(const v1::GetReportRequest& request, absl::Time now) {
  if (!request.has_as_of()) return now;
  const std::optional<int64_t> micros = MicrosOf(request.as_of());
  if (!micros.has_value()) return InvalidField("as_of", "is no moment between the years 1 and 9999");
  if (absl::FromUnixMicros(*micros) > now) return InvalidField("as_of", "is in the future");
  return absl::FromUnixMicros(*micros);
}

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

std::string InputsOf(const EvidenceRequest& request) {
  std::string inputs = request.campaign.SerializeAsString();
  for (const v1::Metric& metric : request.metrics) absl::StrAppend(&inputs, metric.SerializeAsString());
  return inputs;
}

bool HasOpenWindows(const CampaignData& data) {
  return std::any_of(data.metrics.begin(), data.metrics.end(),
                     [](const MetricData& metric) { return metric.users_with_open_window > 0; });
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
  TIERWISE_ASSIGN_OR_RETURN(const Question question, Resolve(request, absl::Now()));
  const std::lock_guard lock(gathering_);
  TIERWISE_ASSIGN_OR_RETURN(CampaignData data, Gather(question.evidence, !request.has_as_of()));
  TIERWISE_RETURN_IF_ERROR(past_.SetPriors(question.definitions, data));
  return BuildReport(data, request.confidence() == 0.0 ? kDefaultConfidence : request.confidence());
}

absl::StatusOr<ReportService::Question> ReportService::Resolve(const v1::GetReportRequest& request, absl::Time now) {
  if (request.campaign().empty()) return InvalidField("campaign", "is required");
  Question question;
  EvidenceRequest& resolved = question.evidence;
  resolved.threads = threads_;
  TIERWISE_ASSIGN_OR_RETURN(resolved.as_of, AsOf(request, now));
  if (request.has_as_of()) {
    TIERWISE_ASSIGN_OR_RETURN(const int64_t version, storage_.VersionAt(resolved.as_of));
    TIERWISE_ASSIGN_OR_RETURN(question.definitions, storage_.ReadAt(version));
  } else {
    question.definitions = *catalog_.view().definitions;
  }
  const v1::Campaign* campaign = question.definitions.FindCampaign(request.campaign());
  if (campaign == nullptr) {
    return absl::NotFoundError(absl::StrCat("there is no campaign \"", request.campaign(), "\"",
                                            request.has_as_of() ? " as of that time" : ""));
  }
  if (campaign->state() == v1::CAMPAIGN_STATE_DRAFT) {
    return absl::FailedPreconditionError(
        absl::StrCat("campaign \"", campaign->id(), "\" is a draft: it has a report once it is launched"));
  }
  resolved.campaign = *campaign;
  TIERWISE_ASSIGN_OR_RETURN(resolved.metrics, MetricsOf(request, *campaign, question.definitions));
  TIERWISE_ASSIGN_OR_RETURN(const Definitions pinned, storage_.ReadAt(campaign->pinned_version()));
  resolved.tiering = *pinned.FindTiering(campaign->tiering());
  return question;
}

absl::StatusOr<CampaignData> ReportService::Gather(const EvidenceRequest& request, bool is_present) {
  if (!is_present) return GatherEvidence(sources_, request);
  // Read before the facts: what comes in meanwhile makes the entry stale, never wrong.
  const EventLogSize size = sources_.events.Size();
  const int64_t last_refresh = sources_.moves == nullptr ? 0 : sources_.moves->last_refresh();
  std::string inputs = InputsOf(request);
  if (const auto it = gathered_.find(request.campaign.id()); it != gathered_.end() && it->second.size == size &&
                                                             it->second.last_refresh == last_refresh &&
                                                             it->second.inputs == inputs) {
    CampaignData& data = it->second.data;
    if (!HasOpenWindows(data)) data.as_of = request.as_of;
    if (request.as_of - data.as_of < kMaxAge) return data;
  }
  TIERWISE_ASSIGN_OR_RETURN(CampaignData data, GatherEvidence(sources_, request));
  if (gathered_.size() >= kMaxGathered) gathered_.clear();
  gathered_[request.campaign.id()] = {std::move(inputs), size, last_refresh, data};
  return data;
}

}  // namespace tierwise
