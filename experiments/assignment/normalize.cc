// SPDX-License-Identifier: Apache-2.0
#include "experiments/assignment/normalize.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "experiments/assignment/salts.h"
#include "experiments/audience/condition_check.h"
#include "experiments/audience/derived_value.h"
#include "experiments/base/definition_rules.h"
#include "experiments/base/definitions.h"

namespace tierwise {
namespace {

// For every kind of definition, tiers and variants.
template <typename Message>
void FillDisplayName(Message& message) {
  if (message.display_name().empty()) message.set_display_name(message.id());
}

template <typename Message>
void FillSalt(absl::string_view kind, Message& message) {
  if (message.salt().empty()) message.set_salt(absl::StrCat(kind, ":", message.id()));
}

void NormalizeAttribute(v1::Attribute& attribute) {
  FillDisplayName(attribute);
  if (attribute.derivation().aggregate() != v1::AGGREGATE_LIFE_CYCLE || attribute.allowed_values_size() > 0) return;
  for (const absl::string_view stage : kLifeStageNames) attribute.add_allowed_values(std::string(stage));
}

void NormalizeTiering(v1::Tiering& tiering, absl::string_view name, Problems& problems) {
  FillDisplayName(tiering);
  for (v1::Tier& tier : *tiering.mutable_tiers()) FillDisplayName(tier);
  if (!tiering.has_rules()) return;
  for (int i = 0; i < tiering.rules().rules_size(); ++i) {
    v1::TierRule& rule = *tiering.mutable_rules()->mutable_rules(i);
    if (!rule.has_when()) continue;
    NormalizeCondition(*rule.mutable_when(), FieldPath(FieldPath(name, "rules.rules", i), "when"), problems);
  }
}

void NormalizeMetric(v1::Metric& metric) {
  FillDisplayName(metric);
  if (metric.direction() == v1::DIRECTION_UNSPECIFIED) metric.set_direction(v1::DIRECTION_INCREASE);
}

void NormalizeCampaign(v1::Campaign& campaign, absl::string_view name, Problems& problems) {
  FillDisplayName(campaign);
  FillSalt("campaign", campaign);
  for (v1::Variant& variant : *campaign.mutable_variants()) FillDisplayName(variant);
  if (!campaign.has_traffic_share_bp()) campaign.set_traffic_share_bp(kBasisPoints);
  if (campaign.has_audience()) {
    NormalizeCondition(*campaign.mutable_audience(), FieldPath(name, "audience"), problems);
  }
}

}  // namespace

void Normalize(v1::Definition& definition, Problems& problems) {
  const std::string name = NameOf(definition);
  switch (definition.kind_case()) {
    case v1::Definition::kAttribute:
      return NormalizeAttribute(*definition.mutable_attribute());
    case v1::Definition::kSegment: {
      v1::Segment& segment = *definition.mutable_segment();
      FillDisplayName(segment);
      if (segment.has_condition()) {
        NormalizeCondition(*segment.mutable_condition(), FieldPath(name, "condition"), problems);
      }
      return;
    }
    case v1::Definition::kTiering:
      return NormalizeTiering(*definition.mutable_tiering(), name, problems);
    case v1::Definition::kMetric:
      return NormalizeMetric(*definition.mutable_metric());
    case v1::Definition::kLayer:
      FillDisplayName(*definition.mutable_layer());
      return FillSalt("layer", *definition.mutable_layer());
    case v1::Definition::kHoldout:
      FillDisplayName(*definition.mutable_holdout());
      return FillSalt("holdout", *definition.mutable_holdout());
    case v1::Definition::kCampaign:
      return NormalizeCampaign(*definition.mutable_campaign(), name, problems);
    case v1::Definition::KIND_NOT_SET:
      problems.Add("", "needs one of attribute, segment, tiering, metric, layer, holdout and campaign");
      return;
  }
}

}  // namespace tierwise
