// SPDX-License-Identifier: Apache-2.0
#include "experiments/assignment/pinned_definitions.h"

#include <set>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace tierwise {
namespace {

// Adds the segments that `node` refers to, and those that they refer to. Ends for segments that refer to each other in
// a circle.
void AddSegments(const v1::ConditionNode& node, const Definitions& definitions, std::set<std::string>& ids) {
  switch (node.kind_case()) {
    case v1::ConditionNode::kAllOf:
      for (const v1::ConditionNode& operand : node.all_of().operands()) AddSegments(operand, definitions, ids);
      return;
    case v1::ConditionNode::kAnyOf:
      for (const v1::ConditionNode& operand : node.any_of().operands()) AddSegments(operand, definitions, ids);
      return;
    case v1::ConditionNode::kNegation:
      return AddSegments(node.negation(), definitions, ids);
    case v1::ConditionNode::kSegment: {
      const v1::Segment* segment = definitions.FindSegment(node.segment().segment());
      if (segment != nullptr && ids.insert(segment->id()).second) {
        AddSegments(segment->condition().tree(), definitions, ids);
      }
      return;
    }
    default:
      return;
  }
}

}  // namespace

PinnedDefinitions::PinnedDefinitions(const Definitions& now, const std::map<int64_t, Definitions>& pinned)
    : now_(now), pinned_(pinned), unpinned_(now) {
  for (const auto& [name, definition] : now.all()) {
    if (!definition->has_attribute() && !definition->has_metric() && !definition->has_layer()) unpinned_.Remove(name);
  }
}

absl::StatusOr<const Definitions*> PinnedDefinitions::ScopeOf(const v1::Campaign& campaign) {
  const int64_t version = campaign.pinned_version();
  if (version == now_.catalog_version()) return &now_;
  if (const auto scope = scopes_.find(version); scope != scopes_.end()) return &scope->second;
  const auto pinned = pinned_.find(version);
  if (pinned == pinned_.end()) {
    return absl::InternalError(absl::StrCat("campaign ", campaign.id(), " pins catalog version ", version,
                                            ", whose definitions are not at hand"));
  }
  Definitions scope = unpinned_;
  for (const absl::string_view collection : {"segments", "tierings"}) {
    for (const Definitions::Pointer& definition : pinned->second.InCollection(collection)) scope.Put(*definition);
  }
  return &scopes_.emplace(version, std::move(scope)).first->second;
}

bool PinnedDefinitions::WasAdaptive(const v1::Campaign& campaign) const {
  const auto pinned = pinned_.find(campaign.pinned_version());
  const v1::Campaign* at_launch = pinned == pinned_.end() ? nullptr : pinned->second.FindCampaign(campaign.id());
  return (at_launch == nullptr ? campaign : *at_launch).has_adaptive();
}

std::vector<Definitions::Pointer> SegmentsOf(const v1::Campaign& campaign, const Definitions& definitions) {
  std::set<std::string> ids;
  AddSegments(campaign.audience().tree(), definitions, ids);
  if (const v1::Tiering* tiering = definitions.FindTiering(campaign.tiering()); tiering != nullptr) {
    for (const v1::TierRule& rule : tiering->rules().rules()) {
      AddSegments(rule.when().tree(), definitions, ids);
    }
  }
  std::vector<Definitions::Pointer> segments;
  for (const std::string& id : ids) segments.push_back(definitions.all().at(absl::StrCat("segments/", id)));
  return segments;
}

}  // namespace tierwise
