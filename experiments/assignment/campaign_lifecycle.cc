// SPDX-License-Identifier: Apache-2.0
#include "experiments/assignment/campaign_lifecycle.h"

#include <algorithm>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "experiments/assignment/field_checks.h"
#include "experiments/assignment/layer_allocation.h"
#include "experiments/audience/tiering_rules.h"
#include "experiments/audience/time_micros.h"
#include "experiments/base/definition_rules.h"
#include "experiments/base/problems.h"
#include "experiments/base/status_macros.h"
#include "google/protobuf/util/time_util.h"

namespace tierwise {
namespace {

using google::protobuf::util::TimeUtil;

constexpr size_t kMaxNoteBytes = 4000;

absl::Status WrongState(const v1::Campaign& campaign, absl::string_view action, absl::string_view needed) {
  return absl::FailedPreconditionError(absl::StrCat("campaign \"", campaign.id(), "\" is ", StateName(campaign.state()),
                                                    "; ", action, " needs one that is ", needed));
}

absl::Status CheckConclusion(const v1::Campaign& campaign, const v1::Conclusion& conclusion) {
  Problems problems;
  if (conclusion.outcome() == v1::OUTCOME_UNSPECIFIED || !v1::Outcome_IsValid(conclusion.outcome())) {
    problems.Add("conclusion.outcome", "is required: SHIPPED, ROLLED_BACK or INCONCLUSIVE");
  } else if (conclusion.outcome() == v1::OUTCOME_SHIPPED) {
    std::vector<absl::string_view> variants;
    for (const v1::Variant& variant : campaign.variants()) variants.push_back(variant.id());
    CheckKnown(conclusion.variant(), variants, "variant", "conclusion.variant", problems);
  } else if (!conclusion.variant().empty()) {
    problems.Add("conclusion.variant", "is for the outcome SHIPPED only");
  }
  CheckText(conclusion.note(), kMaxNoteBytes, "conclusion.note", problems);
  return problems.ToStatus();
}

}  // namespace

bool IsLaunched(const v1::Campaign& campaign) {
  return campaign.state() == v1::CAMPAIGN_STATE_RUNNING || campaign.state() == v1::CAMPAIGN_STATE_PAUSED;
}

absl::string_view StateName(v1::CampaignState state) {
  constexpr absl::string_view kPrefix = "CAMPAIGN_STATE_";
  const absl::string_view name = v1::CampaignState_Name(state);
  return name.substr(std::min(kPrefix.size(), name.size()));
}

absl::StatusOr<v1::Campaign> Launch(const v1::Campaign& current, const Definitions& definitions, int64_t now_micros,
                                    int64_t catalog_version) {
  if (current.state() != v1::CAMPAIGN_STATE_DRAFT) return WrongState(current, "launch", "DRAFT");
  if (current.schedule().has_end_time() && MicrosOf(current.schedule().end_time()) <= now_micros) {
    return absl::FailedPreconditionError(
        absl::StrCat("campaign \"", current.id(), "\" ended at ", TimeUtil::ToString(current.schedule().end_time()),
                     " by its schedule; launch needs a schedule.end_time that is still to come"));
  }
  if (const v1::Tiering* tiering = definitions.FindTiering(current.tiering());
      tiering != nullptr && LacksCuts(*tiering)) {
    return absl::FailedPreconditionError(
        absl::StrCat("tiering \"", tiering->id(),
                     "\" has no cuts yet, so that everyone would be in one tier; launch "
                     "needs one that was refreshed (TierService.StartRefresh)"));
  }
  v1::Campaign next = current;
  next.set_state(v1::CAMPAIGN_STATE_RUNNING);
  next.set_pinned_version(catalog_version);
  *next.mutable_launch_time() = TimeUtil::MicrosecondsToTimestamp(now_micros);
  for (v1::TierPlan& plan : *next.mutable_tier_plans()) plan.set_phase(1);
  if (next.has_layer()) {
    next.mutable_layer()->clear_ranges();
    TIERWISE_ASSIGN_OR_RETURN(const std::vector<v1::BucketRange> ranges, AllocateBuckets(next, definitions));
    next.mutable_layer()->mutable_ranges()->Assign(ranges.begin(), ranges.end());
  }
  return next;
}

absl::StatusOr<v1::Campaign> Pause(const v1::Campaign& current) {
  if (current.state() != v1::CAMPAIGN_STATE_RUNNING) return WrongState(current, "pause", "RUNNING");
  v1::Campaign next = current;
  next.set_state(v1::CAMPAIGN_STATE_PAUSED);
  return next;
}

absl::StatusOr<v1::Campaign> Resume(const v1::Campaign& current) {
  if (current.state() != v1::CAMPAIGN_STATE_PAUSED) return WrongState(current, "resume", "PAUSED");
  v1::Campaign next = current;
  next.set_state(v1::CAMPAIGN_STATE_RUNNING);
  return next;
}

absl::StatusOr<v1::Campaign> Conclude(const v1::Campaign& current, const v1::Conclusion& conclusion,
                                      int64_t now_micros) {
  if (!IsLaunched(current)) return WrongState(current, "conclude", "RUNNING or PAUSED");
  TIERWISE_RETURN_IF_ERROR(CheckConclusion(current, conclusion));
  v1::Campaign next = current;
  next.set_state(v1::CAMPAIGN_STATE_CONCLUDED);
  *next.mutable_conclusion() = conclusion;
  *next.mutable_conclusion()->mutable_time() = TimeUtil::MicrosecondsToTimestamp(now_micros);
  if (next.has_layer()) next.mutable_layer()->clear_ranges();
  return next;
}

}  // namespace tierwise
