// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "absl/status/statusor.h"
#include "server/services/adaptive_allocation.h"
#include "server/services/evidence_cache.h"
#include "server/services/live_catalog.h"
#include "server/services/policy_values.h"
#include "server/storage/catalog.h"
#include "tierwise/v1/tuning_service.grpc.pb.h"

namespace tierwise {

// tierwise.v1.TuningService over what it is made of, which must outlive it. Thread-safe.
class TuningService final : public v1::TuningService::Service {
 public:
  // `threads` is how many a join may use.
  TuningService(const LiveCatalog& catalog, Catalog& storage, EvidenceCache& evidence, AdaptiveAllocation& allocation,
                PolicyValues& policies, int threads)
      : catalog_(catalog),
        storage_(storage),
        evidence_(evidence),
        allocation_(allocation),
        policies_(policies),
        threads_(threads) {}

  grpc::Status PlanOffers(grpc::ServerContext* context, const v1::PlanOffersRequest* request,
                          v1::PlanOffersResponse* response) override;
  grpc::Status EvaluatePolicy(grpc::ServerContext* context, const v1::EvaluatePolicyRequest* request,
                              v1::EvaluatePolicyResponse* response) override;
  grpc::Status LearnPolicy(grpc::ServerContext* context, const v1::LearnPolicyRequest* request,
                           v1::LearnPolicyResponse* response) override;
  grpc::Status GetAllocation(grpc::ServerContext* context, const v1::GetAllocationRequest* request,
                             v1::GetAllocationResponse* response) override;

 private:
  absl::StatusOr<v1::PlanOffersResponse> Plan(const v1::PlanOffersRequest& request);

  const LiveCatalog& catalog_;
  Catalog& storage_;
  EvidenceCache& evidence_;
  AdaptiveAllocation& allocation_;
  PolicyValues& policies_;
  const int threads_;
};

}  // namespace tierwise
