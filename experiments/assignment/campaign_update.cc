// SPDX-License-Identifier: Apache-2.0
#include "experiments/assignment/campaign_update.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/cord.h"
#include "absl/strings/str_cat.h"
#include "experiments/assignment/campaign_check.h"
#include "experiments/assignment/campaign_lifecycle.h"
#include "experiments/assignment/layer_allocation.h"
#include "experiments/assignment/salts.h"
#include "experiments/base/definition_rules.h"
#include "experiments/base/problems.h"
#include "experiments/base/status_macros.h"
#include "google/protobuf/util/message_differencer.h"

namespace tierwise {
namespace {

using google::protobuf::util::MessageDifferencer;

const v1::TierPlan* FindPlan(const v1::Campaign& campaign, absl::string_view tier) {
  for (const v1::TierPlan& plan : campaign.tier_plans()) {
    if (plan.tier() == tier) return &plan;
  }
  return nullptr;
}

const v1::Variant* FindVariant(const v1::Campaign& campaign, absl::string_view id) {
  for (const v1::Variant& variant : campaign.variants()) {
    if (variant.id() == id) return &variant;
  }
  return nullptr;
}

std::vector<const v1::Arm*> WeightedArms(const v1::TierPlan& plan) {
  std::vector<const v1::Arm*> arms;
  for (const v1::Arm& arm : plan.arms()) {
    if (arm.weight() > 0) arms.push_back(&arm);
  }
  return arms;
}

uint64_t TotalWeight(const v1::TierPlan& plan) {
  uint64_t total = 0;
  for (const v1::Arm& arm : plan.arms()) total += arm.weight();
  return total;
}

void CheckVariantsKept(const v1::Campaign& current, const v1::Campaign& proposed, const std::string& name,
                       Problems& fixed) {
  const std::string field = FieldPath(name, "variants");
  for (const v1::Variant& variant : current.variants()) {
    const v1::Variant* kept = FindVariant(proposed, variant.id());
    if (kept == nullptr) {
      fixed.Add(field, absl::StrCat("variant \"", variant.id(), "\" cannot be removed; give it the weight 0 instead"));
    } else if (kept->control() != variant.control()) {
      fixed.Add(field, absl::StrCat("variant \"", variant.id(), "\" must ", variant.control() ? "stay" : "not become",
                                    " the control"));
    } else if (variant.has_offer() &&
               (kept->offer().dose() != variant.offer().dose() || kept->offer().unit() != variant.offer().unit())) {
      fixed.Add(field, absl::StrCat("variant \"", variant.id(),
                                    "\" must keep its dose, which users had already; add a variant instead"));
    }
  }
}

void CheckLayerKept(const v1::Campaign& current, const v1::Campaign& proposed, const std::string& name,
                    Problems& fixed) {
  if (current.has_layer() != proposed.has_layer() || current.layer().layer() != proposed.layer().layer()) {
    fixed.Add(FieldPath(name, "layer.layer"), "cannot change");
  } else if (proposed.layer().share_bp() < current.layer().share_bp()) {
    fixed.Add(FieldPath(name, "layer.share_bp"), absl::StrCat("is ", current.layer().share_bp(), " and can only grow"));
  }
}

// How results are judged stays as it was before anybody saw them, but for guardrails that come on top.
void CheckAnalysisKept(const v1::Campaign& current, const v1::Campaign& proposed, const std::string& name,
                       Problems& fixed) {
  const std::string field = FieldPath(name, "analysis");
  v1::AnalysisPlan before = current.analysis();
  v1::AnalysisPlan after = proposed.analysis();
  for (const v1::Guardrail& guardrail : before.guardrails()) {
    const bool is_kept =
        std::any_of(after.guardrails().begin(), after.guardrails().end(),
                    [&](const v1::Guardrail& other) { return MessageDifferencer::Equals(guardrail, other); });
    if (!is_kept) {
      fixed.Add(FieldPath(field, "guardrails"),
                absl::StrCat("the one on \"", guardrail.metric(), "\" can neither be removed nor change"));
    }
  }
  before.clear_guardrails();
  after.clear_guardrails();
  if (!MessageDifferencer::Equals(before, after)) fixed.Add(field, "cannot change, but guardrails can be added");
}

// What conversions are worth is settled before anybody sees what would pay; where nothing was said, it can still be.
// Weights that followed results cannot be made to look as if they had not, but they can stop to follow them.
void CheckTuningKept(const v1::Campaign& current, const v1::Campaign& proposed, const std::string& name,
                     Problems& fixed) {
  if (current.has_economics() && !MessageDifferencer::Equals(current.economics(), proposed.economics())) {
    fixed.Add(FieldPath(name, "economics"), "cannot change");
  }
  if (!proposed.has_adaptive()) return;
  if (!current.has_adaptive() || !MessageDifferencer::Equals(current.adaptive(), proposed.adaptive())) {
    fixed.Add(FieldPath(name, "adaptive"), "cannot change, but it can be cleared");
  }
}

// Adds what a launched campaign may not change any more.
void CheckKept(const v1::Campaign& current, const v1::Campaign& proposed, Problems& fixed) {
  const std::string name = absl::StrCat("campaigns/", current.id());
  if (proposed.tiering() != current.tiering()) fixed.Add(FieldPath(name, "tiering"), "cannot change");
  if (proposed.salt() != current.salt()) fixed.Add(FieldPath(name, "salt"), "cannot change");
  if (proposed.has_audience() != current.has_audience() ||
      !MessageDifferencer::Equals(proposed.audience(), current.audience())) {
    fixed.Add(FieldPath(name, "audience"), "cannot change");
  }
  if (proposed.schedule().has_start_time() != current.schedule().has_start_time() ||
      !MessageDifferencer::Equals(proposed.schedule().start_time(), current.schedule().start_time())) {
    fixed.Add(FieldPath(name, "schedule.start_time"), "cannot change");
  }
  if (proposed.metrics_size() == 0 || proposed.metrics(0) != current.metrics(0)) {
    fixed.Add(FieldPath(name, "metrics"),
              absl::StrCat("the first one, on which decisions rest, stays \"", current.metrics(0), "\""));
  }
  CheckVariantsKept(current, proposed, name, fixed);
  CheckLayerKept(current, proposed, name, fixed);
  CheckAnalysisKept(current, proposed, name, fixed);
  CheckTuningKept(current, proposed, name, fixed);
  for (const v1::TierPlan& plan : current.tier_plans()) {
    if (FindPlan(proposed, plan.tier()) != nullptr) continue;
    fixed.Add(FieldPath(name, "tier_plans"),
              absl::StrCat("the plan of tier \"", plan.tier(),
                           "\" cannot be removed; give its control all the weight instead"));
  }
}

// FailedPrecondition that carries the fields.
absl::Status Fixed(const v1::Campaign& current, const Problems& fixed) {
  const absl::Status fields = fixed.ToStatus();
  absl::Status status =
      absl::FailedPreconditionError(absl::StrCat("campaign \"", current.id(), "\" is ", StateName(current.state()),
                                                 ", which fixes a part of it: ", fields.message()));
  if (const auto payload = fields.GetPayload(kBadRequestPayloadUrl); payload.has_value()) {
    status.SetPayload(kBadRequestPayloadUrl, *payload);
  }
  return status;
}

void SetPhases(const v1::Campaign& current, v1::Campaign& proposed) {
  for (v1::TierPlan& plan : *proposed.mutable_tier_plans()) {
    const v1::TierPlan* before = FindPlan(current, plan.tier());
    if (before == nullptr) before = FindPlan(current, kEveryOtherTier);
    plan.set_phase(before == nullptr ? 1 : before->phase() + (IsSameSplit(*before, plan) ? 0 : 1));
  }
}

absl::StatusOr<v1::Campaign> UpdateLaunched(const v1::Campaign& current, v1::Campaign proposed,
                                            const Definitions& definitions) {
  Problems fixed;
  CheckKept(current, proposed, fixed);
  if (!fixed.empty()) return Fixed(current, fixed);
  SetPhases(current, proposed);
  // A share over the whole layer is a bad value, which CheckCampaign names, not a lack of buckets.
  const uint32_t share_bp = proposed.layer().share_bp();
  if (share_bp > current.layer().share_bp() && share_bp <= kBasisPoints) {
    TIERWISE_ASSIGN_OR_RETURN(const std::vector<v1::BucketRange> ranges, AllocateBuckets(proposed, definitions));
    proposed.mutable_layer()->mutable_ranges()->Assign(ranges.begin(), ranges.end());
  }
  return proposed;
}

absl::StatusOr<v1::Campaign> UpdateConcluded(const v1::Campaign& current, v1::Campaign proposed) {
  v1::Campaign allowed = current;
  allowed.set_display_name(proposed.display_name());
  allowed.set_description(proposed.description());
  if (MessageDifferencer::Equals(allowed, proposed)) return proposed;
  return absl::FailedPreconditionError(
      absl::StrCat("campaign \"", current.id(), "\" is CONCLUDED; only its display_name and description can change"));
}

}  // namespace

void TakeOutputOnly(const v1::Campaign& current, v1::Campaign& proposed) {
  proposed.clear_meta();
  if (current.has_meta()) *proposed.mutable_meta() = current.meta();
  proposed.set_state(current.state());
  proposed.set_pinned_version(current.pinned_version());
  proposed.clear_launch_time();
  if (current.has_launch_time()) *proposed.mutable_launch_time() = current.launch_time();
  proposed.clear_conclusion();
  if (current.has_conclusion()) *proposed.mutable_conclusion() = current.conclusion();
  if (proposed.has_layer()) *proposed.mutable_layer()->mutable_ranges() = current.layer().ranges();
  for (v1::TierPlan& plan : *proposed.mutable_tier_plans()) {
    const v1::TierPlan* before = FindPlan(current, plan.tier());
    plan.set_phase(before == nullptr ? 0 : before->phase());
  }
}

bool IsSameSplit(const v1::TierPlan& a, const v1::TierPlan& b) {
  const std::vector<const v1::Arm*> arms_a = WeightedArms(a);
  const std::vector<const v1::Arm*> arms_b = WeightedArms(b);
  if (arms_a.size() != arms_b.size()) return false;
  for (size_t i = 0; i < arms_a.size(); ++i) {
    if (arms_a[i]->variant() != arms_b[i]->variant()) return false;
    if (arms_a[i]->weight() * TotalWeight(b) != arms_b[i]->weight() * TotalWeight(a)) return false;
  }
  return true;
}

absl::StatusOr<v1::Campaign> UpdateCampaign(const v1::Campaign& current, v1::Campaign proposed,
                                            const Definitions& definitions) {
  TakeOutputOnly(current, proposed);
  switch (current.state()) {
    case v1::CAMPAIGN_STATE_RUNNING:
    case v1::CAMPAIGN_STATE_PAUSED:
      return UpdateLaunched(current, std::move(proposed), definitions);
    case v1::CAMPAIGN_STATE_CONCLUDED:
      return UpdateConcluded(current, std::move(proposed));
    default:
      return proposed;
  }
}

}  // namespace tierwise
