// SPDX-License-Identifier: Apache-2.0
#include "server/services/tuning_service.h"

#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "experiments/base/problems.h"
#include "experiments/base/status_macros.h"
#include "experiments/tuning/follow_up.h"
#include "experiments/tuning/offer_tuning.h"
#include "server/services/campaign_lookup.h"
#include "server/services/status.h"
#include "server/services/tuning_data.h"

namespace tierwise {
namespace {

constexpr double kDefaultConfidence = 0.95;
constexpr double kDefaultControlShare = 0.1;
constexpr char kAdaptive[] =
    "The campaign is adaptive: the plan rests on users first exposed since its weights changed last. Clear `adaptive` "
    "some "
    "time before planning.";

// `value`, or `fallback` for 0, which is unset. InvalidArgument outside [least, most]; NaN is outside.
absl::StatusOr<double> InRange(const char* field, double value, double fallback, double least, double most) {
  if (value == 0.0) return fallback;
  if (value >= least && value <= most) return value;
  return InvalidField(field, absl::StrCat("is ", value, ", allowed is ", least, " to ", most));
}

template <typename Response>
grpc::Status Answer(absl::StatusOr<Response> answer, Response* response) {
  if (!answer.ok()) return ToGrpcStatus(answer.status());
  *response = *std::move(answer);
  return grpc::Status::OK;
}

}  // namespace

grpc::Status TuningService::PlanOffers(grpc::ServerContext*, const v1::PlanOffersRequest* request,
                                       v1::PlanOffersResponse* response) {
  return Answer(Plan(*request), response);
}

grpc::Status TuningService::EvaluatePolicy(grpc::ServerContext*, const v1::EvaluatePolicyRequest* request,
                                           v1::EvaluatePolicyResponse* response) {
  return Answer(policies_.Evaluate(*request, absl::Now()), response);
}

grpc::Status TuningService::LearnPolicy(grpc::ServerContext*, const v1::LearnPolicyRequest* request,
                                        v1::LearnPolicyResponse* response) {
  return Answer(policies_.Learn(*request, absl::Now()), response);
}

grpc::Status TuningService::GetAllocation(grpc::ServerContext*, const v1::GetAllocationRequest* request,
                                          v1::GetAllocationResponse* response) {
  return Answer(allocation_.Read(request->campaign(), absl::Now()), response);
}

absl::StatusOr<v1::PlanOffersResponse> TuningService::Plan(const v1::PlanOffersRequest& request) {
  TuningOptions options;
  options.seed = request.seed();
  TIERWISE_ASSIGN_OR_RETURN(options.confidence,
                            InRange("confidence", request.confidence(), kDefaultConfidence, 0.5, 0.9999));
  TIERWISE_ASSIGN_OR_RETURN(const double control_share,
                            InRange("control_share", request.control_share(), kDefaultControlShare, 0.01, 0.5));
  TIERWISE_ASSIGN_OR_RETURN(const LaunchedCampaign launched,
                            FindLaunched(request.campaign(), request.has_as_of() ? &request.as_of() : nullptr,
                                         "an offer plan", absl::Now(), catalog_, storage_));
  TIERWISE_ASSIGN_OR_RETURN(TuningEvidence gathered, GatherTuning(launched, evidence_, threads_));
  v1::PlanOffersResponse response;
  TIERWISE_ASSIGN_OR_RETURN(*response.mutable_plan(),
                            tierwise::PlanOffers(gathered.data, request.constraints(), options));
  for (v1::HealthCheck& check : gathered.failed_checks) *response.mutable_plan()->add_checks() = std::move(check);
  if (launched.campaign.has_adaptive()) response.mutable_plan()->add_notes(kAdaptive);
  const std::shared_ptr<const Definitions> present = catalog_.view().definitions;
  std::optional<v1::Campaign> next =
      FollowUpCampaign(launched.campaign, response.plan(), control_share,
                       [&present](absl::string_view id) { return present->FindCampaign(id) != nullptr; });
  if (next.has_value()) *response.mutable_follow_up() = *std::move(next);
  return response;
}

}  // namespace tierwise
