// SPDX-License-Identifier: Apache-2.0
#include "server/services/adaptive_allocation.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "experiments/base/proto_time.h"
#include "experiments/base/status_macros.h"
#include "server/log.h"
#include "server/services/allocation_readout.h"
#include "server/services/allocation_rule.h"
#include "server/services/definition_edits.h"

namespace tierwise {
namespace {

std::vector<v1::Campaign> RunningAdaptive(const Definitions& definitions) {
  std::vector<v1::Campaign> campaigns;
  for (const Definitions::Pointer& definition : definitions.InCollection("campaigns")) {
    const v1::Campaign& campaign = definition->campaign();
    if (campaign.state() == v1::CAMPAIGN_STATE_RUNNING && campaign.has_adaptive()) campaigns.push_back(campaign);
  }
  return campaigns;
}

}  // namespace

void AdaptiveAllocation::RunDue(absl::Time now) {
  for (const v1::Campaign& campaign : RunningAdaptive(*catalog_.view().definitions)) {
    if (const absl::Status status = RunIfDue(campaign, now); !status.ok()) {
      Log(LogLevel::kError,
          "the weights of an adaptive campaign could not be computed; they stay, and it is tried again",
          {{"campaign", campaign.id()}, {"error", std::string(status.message())}});
    }
  }
}

absl::Status AdaptiveAllocation::RunIfDue(const v1::Campaign& campaign, absl::Time now) {
  TIERWISE_ASSIGN_OR_RETURN(const bool is_due, IsDue(campaign, now));
  if (!is_due) return absl::OkStatus();
  TIERWISE_RETURN_IF_ERROR(Reallocate(campaign.id(), now).status());
  const std::lock_guard lock(mutex_);
  looked_at_[campaign.id()] = now;
  return absl::OkStatus();
}

absl::StatusOr<bool> AdaptiveAllocation::IsDue(const v1::Campaign& campaign, absl::Time now) {
  absl::Time last = absl::InfinitePast();
  {
    const std::lock_guard lock(mutex_);
    if (const auto found = looked_at_.find(campaign.id()); found != looked_at_.end()) last = found->second;
  }
  if (last == absl::InfinitePast()) {
    TIERWISE_ASSIGN_OR_RETURN(last, history_.LastChangeBy(kAllocationActor, campaign.id()));
    last = std::max(last, FromProto(campaign.launch_time()));
    const std::lock_guard lock(mutex_);
    looked_at_[campaign.id()] = last;
  }
  return now - last >= FromProto(campaign.adaptive().every());
}

absl::StatusOr<AllocationData> AdaptiveAllocation::Gather(const std::string& campaign, absl::Time now,
                                                          LaunchedCampaign& launched) {
  TIERWISE_ASSIGN_OR_RETURN(launched, FindLaunched(campaign, nullptr, "an allocation", now, catalog_, storage_));
  return GatherAllocation(launched, events_, evidence_, history_, threads_);
}

absl::StatusOr<bool> AdaptiveAllocation::Reallocate(const std::string& campaign, absl::Time now) {
  LaunchedCampaign launched;
  TIERWISE_ASSIGN_OR_RETURN(const AllocationData data, Gather(campaign, now, launched));
  if (!launched.campaign.has_adaptive() || launched.campaign.state() != v1::CAMPAIGN_STATE_RUNNING) {
    return absl::FailedPreconditionError(absl::StrCat("campaign \"", campaign, "\" is not adaptive and running"));
  }
  v1::Definition proposed;
  TIERWISE_ASSIGN_OR_RETURN(*proposed.mutable_campaign(), WithNextWeights(launched.campaign, data));
  bool is_changed = false;
  const auto edit = [&](const Definitions& present) -> absl::StatusOr<std::vector<Edit>> {
    const v1::Definition* now_stored = present.Find(absl::StrCat("campaigns/", campaign));
    if (now_stored == nullptr || now_stored->campaign().meta().revision() != launched.campaign.meta().revision()) {
      return absl::AbortedError(absl::StrCat("campaign \"", campaign, "\" was changed meanwhile"));
    }
    TIERWISE_ASSIGN_OR_RETURN(std::optional<Edit> update, UpdateEdit(present, *now_stored, proposed));
    is_changed = update.has_value();
    std::vector<Edit> edits;
    if (update.has_value()) edits.push_back(*std::move(update));
    return edits;
  };
  TIERWISE_RETURN_IF_ERROR(catalog_.Change({kAllocationActor, now, false}, edit).status());
  return is_changed;
}

absl::StatusOr<v1::GetAllocationResponse> AdaptiveAllocation::Read(const std::string& campaign, absl::Time now) {
  LaunchedCampaign launched;
  TIERWISE_ASSIGN_OR_RETURN(const AllocationData data, Gather(campaign, now, launched));
  TIERWISE_ASSIGN_OR_RETURN(const absl::Time last, history_.LastChangeBy(kAllocationActor, campaign));
  if (!launched.campaign.has_adaptive() && last == absl::InfinitePast()) {
    return absl::FailedPreconditionError(
        absl::StrCat("campaign \"", campaign,
                     "\" is not adaptive: its weights do not follow results, and `tierwise report` is right"));
  }
  return ReadAllocation(launched.campaign, data);
}

}  // namespace tierwise
