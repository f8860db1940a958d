// SPDX-License-Identifier: Apache-2.0
#include "experiments/assignment/assign.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "experiments/assignment/campaign_lifecycle.h"
#include "experiments/assignment/salts.h"

namespace tierwise {
namespace {

// Observes the steps of a decision without looking: for Assign. `detail` makes the step's text and is never called.
struct NoTrace {
  template <typename Detail>
  void Add(v1::AssignmentReason, bool, Detail&&) {}
};

// Keeps the steps: for ExplainAssignment.
struct StepTrace {
  template <typename Detail>
  void Add(v1::AssignmentReason step, bool decided, Detail&& detail) {
    steps.push_back({step, decided, detail()});
  }
  std::vector<DecisionStep> steps;
};

std::string Quoted(absl::string_view text) { return absl::StrCat("\"", text, "\""); }

std::string TimeText(int64_t micros) {
  return absl::FormatTime(absl::RFC3339_full, absl::FromUnixMicros(micros), absl::UTCTimeZone());
}

std::string ScheduleText(const CompiledCampaign& campaign, int64_t now_micros) {
  const std::string now = TimeText(now_micros);
  if (now_micros < campaign.start_micros)
    return absl::StrCat(now, " is before the start, ", TimeText(campaign.start_micros));
  if (now_micros >= campaign.end_micros)
    return absl::StrCat(now, " is not before the end, ", TimeText(campaign.end_micros));
  return absl::StrCat(now, " is inside the schedule");
}

std::string BucketText(uint32_t bucket, uint32_t total, absl::string_view finding) {
  return absl::StrCat("bucket ", bucket, " of ", total, " ", finding);
}

std::string RangesText(const CompiledLayer& layer) {
  std::string text;
  for (const v1::BucketRange& range : layer.ranges) {
    absl::StrAppend(&text, text.empty() ? "" : ", ", range.begin(), " to ", range.end() - 1);
  }
  return text;
}

// Decides for one user in one campaign; each step adds itself to the trace and says whether it decided.
template <typename Trace>
class Decider {
 public:
  Decider(const CompiledCampaign& campaign, absl::string_view user_id, const UserStanding& user, int64_t now_micros,
          Trace& trace)
      : campaign_(campaign),
        user_id_(user_id),
        user_(user),
        attributes_(user.attributes),
        now_micros_(now_micros),
        trace_(trace) {
    decision_.campaign_revision = campaign.revision;
  }

  Decision Decide() {
    if (NotRunning() || OutsideSchedule()) return decision_;
    tier_ = static_cast<size_t>(
        user_.tier == UserStanding::kFindTier ? campaign_.tiering->TierOf(attributes_, now_micros_) : user_.tier);
    decision_.tier = campaign_.tiering->tiers()[tier_];
    decision_.tier_source = user_.tier_source;
    if (Forced() || NotEligible() || TierNotTargeted() || InHoldout() || TakenByLayer() || OutsideTraffic()) {
      return decision_;
    }
    Split();
    return decision_;
  }

 private:
  template <typename Detail>
  bool Step(v1::AssignmentReason step, bool decided, Detail&& detail) {
    trace_.Add(step, decided, std::forward<Detail>(detail));
    if (decided) decision_.reason = step;
    return decided;
  }

  const CompiledPlan* Plan() const {
    const int plan = campaign_.plan_of_tier[tier_];
    return plan == CompiledCampaign::kNotTargeted ? nullptr : &campaign_.plans[static_cast<size_t>(plan)];
  }

  bool NotRunning() {
    return Step(v1::ASSIGNMENT_REASON_NOT_RUNNING, campaign_.state != v1::CAMPAIGN_STATE_RUNNING,
                [&] { return absl::StrCat("it is ", StateName(campaign_.state)); });
  }

  bool OutsideSchedule() {
    const bool outside = now_micros_ < campaign_.start_micros || now_micros_ >= campaign_.end_micros;
    return Step(v1::ASSIGNMENT_REASON_OUTSIDE_SCHEDULE, outside, [&] { return ScheduleText(campaign_, now_micros_); });
  }

  bool Forced() {
    const auto forced =
        campaign_.forced_users.empty() ? campaign_.forced_users.end() : campaign_.forced_users.find(user_id_);
    const bool is_forced = forced != campaign_.forced_users.end();
    if (is_forced) SetForced(forced->second);
    return Step(v1::ASSIGNMENT_REASON_FORCED, is_forced, [&] {
      if (!is_forced) return absl::StrCat("not one of the ", campaign_.forced_users.size(), " forced users");
      return absl::StrCat("a forced user: variant ", Quoted(decision_.variant));
    });
  }

  // The variant with the overrides of the user's tier, where the tier has that arm.
  void SetForced(int variant) {
    const CompiledVariant& forced = campaign_.variants[static_cast<size_t>(variant)];
    decision_.variant = forced.id;
    decision_.parameters_json = forced.parameters_json;
    if (Plan() == nullptr) return;
    for (const CompiledArm& arm : Plan()->arms) {
      if (arm.variant == variant) decision_.parameters_json = arm.parameters_json;
    }
  }

  bool NotEligible() {
    const bool eligible = campaign_.audience.Evaluate(attributes_, now_micros_);
    return Step(v1::ASSIGNMENT_REASON_NOT_ELIGIBLE, !eligible, [&] {
      return absl::StrCat("the audience condition ", eligible ? "holds" : "does not hold", ": ",
                          campaign_.audience.Explain(attributes_, now_micros_));
    });
  }

  // Where the tier comes from.
  std::string TierText() const {
    switch (user_.tier_source) {
      case v1::TIER_SOURCE_FIRST_EXPOSURE:
        return "it is the tier of the user's first exposure";
      case v1::TIER_SOURCE_UNKNOWN_USER:
        return absl::StrCat("nothing is known of the user, ", campaign_.tiering->Explain(attributes_, now_micros_));
      default:
        if (user_.tier != UserStanding::kFindTier) return "it is the tier of the last refresh";
        return campaign_.tiering->Explain(attributes_, now_micros_);
    }
  }

  bool TierNotTargeted() {
    return Step(v1::ASSIGNMENT_REASON_TIER_NOT_TARGETED, Plan() == nullptr, [&] {
      return absl::StrCat("tier ", Quoted(decision_.tier), Plan() == nullptr ? " has no plan" : " has a plan", ": ",
                          TierText());
    });
  }

  bool InHoldout() {
    for (const auto& holdout : campaign_.holdouts) {
      if (HeldOutBy(*holdout)) return true;
    }
    return false;
  }

  bool HeldOutBy(const CompiledHoldout& holdout) {
    uint32_t share_bp = holdout.share_bp;
    size_t tier = 0;
    if (holdout.tiering != nullptr) {
      tier = static_cast<size_t>(holdout.tiering->TierOf(attributes_, now_micros_));
      share_bp = holdout.tier_shares_bp[tier];
    }
    const uint32_t bucket = holdout.salt.Bucket(user_id_, kBasisPoints);
    const bool held_out = bucket < share_bp;
    return Step(v1::ASSIGNMENT_REASON_IN_HOLDOUT, held_out, [&] {
      const std::string of_tier =
          holdout.tiering == nullptr ? "" : absl::StrCat(" of tier ", Quoted(holdout.tiering->tiers()[tier]));
      return absl::StrCat("holdout ", Quoted(holdout.id), ": ",
                          BucketText(bucket, kBasisPoints, held_out ? "is below" : "is not below"), " the share ",
                          share_bp, of_tier);
    });
  }

  bool TakenByLayer() {
    if (!campaign_.layer.has_value()) return false;
    const CompiledLayer& layer = *campaign_.layer;
    const uint32_t bucket = layer.salt.Bucket(user_id_, kBasisPoints);
    const bool own = std::any_of(layer.ranges.begin(), layer.ranges.end(), [bucket](const v1::BucketRange& range) {
      return range.begin() <= bucket && bucket < range.end();
    });
    return Step(v1::ASSIGNMENT_REASON_TAKEN_BY_LAYER, !own, [&] {
      return absl::StrCat("layer ", Quoted(layer.id), ": ",
                          BucketText(bucket, kBasisPoints, own ? "is one" : "is not one"),
                          " of the campaign's: ", RangesText(layer));
    });
  }

  bool OutsideTraffic() {
    const uint32_t share_bp = campaign_.traffic_share_bp;
    const uint32_t bucket = share_bp < kBasisPoints ? campaign_.traffic_salt.Bucket(user_id_, kBasisPoints) : 0;
    const bool outside = bucket >= share_bp;
    return Step(v1::ASSIGNMENT_REASON_OUTSIDE_TRAFFIC, outside, [&] {
      if (share_bp >= kBasisPoints) return std::string("everyone eligible enters");
      return absl::StrCat(BucketText(bucket, kBasisPoints, outside ? "is not below" : "is below"),
                          " the traffic share ", share_bp);
    });
  }

  void Split() {
    const CompiledPlan& plan = *Plan();
    const uint32_t bucket = plan.salt.Bucket(user_id_, plan.total_weight);
    const CompiledArm* arm = plan.arms.data();
    while (bucket >= arm->end) ++arm;
    decision_.variant = campaign_.variants[static_cast<size_t>(arm->variant)].id;
    decision_.parameters_json = arm->parameters_json;
    decision_.propensity = arm->propensity;
    decision_.phase = plan.phase;
    Step(v1::ASSIGNMENT_REASON_SPLIT, true, [&] {
      return absl::StrCat(BucketText(bucket, plan.total_weight, "is variant "), Quoted(decision_.variant),
                          "'s, which has those below ", arm->end, " that no arm before it has; phase ", plan.phase);
    });
  }

  const CompiledCampaign& campaign_;
  const absl::string_view user_id_;
  const UserStanding& user_;
  const UserAttributes& attributes_;
  const int64_t now_micros_;
  Trace& trace_;
  size_t tier_ = 0;
  Decision decision_;
};

template <typename Trace>
Decision Decide(const CompiledCampaign* campaign, absl::string_view user_id, const UserStanding& user,
                int64_t now_micros, Trace& trace) {
  const bool is_missing = campaign == nullptr;
  trace.Add(v1::ASSIGNMENT_REASON_NOT_FOUND, is_missing, [&] {
    return is_missing ? std::string("there is no such campaign")
                      : absl::StrCat("campaign ", Quoted(campaign->id), ", revision ", campaign->revision);
  });
  if (is_missing) {
    Decision not_found;
    not_found.reason = v1::ASSIGNMENT_REASON_NOT_FOUND;
    return not_found;
  }
  return Decider<Trace>(*campaign, user_id, user, now_micros, trace).Decide();
}

}  // namespace

Decision Assign(const CompiledCampaign* campaign, absl::string_view user_id, const UserStanding& user,
                int64_t now_micros) {
  NoTrace trace;
  return Decide(campaign, user_id, user, now_micros, trace);
}

Explanation ExplainAssignment(const CompiledCampaign* campaign, absl::string_view user_id, const UserStanding& user,
                              int64_t now_micros) {
  StepTrace trace;
  Explanation explanation;
  explanation.decision = Decide(campaign, user_id, user, now_micros, trace);
  explanation.steps = std::move(trace.steps);
  return explanation;
}

}  // namespace tierwise
