// SPDX-License-Identifier: Apache-2.0
#include "experiments/analysis/analysis_rules.h"

#include "experiments/base/proto_time.h"

namespace tierwise {

AnalysisRules RulesOf(const v1::Campaign& campaign) {
  AnalysisRules rules;
  const v1::AnalysisPlan& plan = campaign.analysis();
  const v1::Schedule& schedule = campaign.schedule();
  if (plan.alpha() != 0.0) rules.alpha = plan.alpha();
  rules.worthwhile_lift = plan.worthwhile_lift();
  if (plan.tier_correction() != v1::TIER_CORRECTION_UNSPECIFIED) rules.tier_correction = plan.tier_correction();
  if (plan.sequential_rule() != v1::SEQUENTIAL_RULE_UNSPECIFIED) {
    rules.sequential_rule = plan.sequential_rule();
  } else if (schedule.has_end_time()) {
    rules.sequential_rule = v1::SEQUENTIAL_RULE_ALPHA_SPENDING;
  }
  if (campaign.has_launch_time()) rules.start = FromProto(campaign.launch_time());
  if (schedule.has_start_time() && FromProto(schedule.start_time()) > rules.start) {
    rules.start = FromProto(schedule.start_time());
  }
  if (schedule.has_end_time()) rules.end = FromProto(schedule.end_time());
  return rules;
}

}  // namespace tierwise
