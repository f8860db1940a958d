// SPDX-License-Identifier: Apache-2.0
#include "experiments/assignment/definition_check.h"

#include <map>
#include <string>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_cat.h"
#include "experiments/assignment/field_checks.h"
#include "experiments/assignment/salts.h"
#include "experiments/audience/attribute_check.h"
#include "experiments/audience/segment_check.h"
#include "experiments/audience/tiering_program.h"
#include "experiments/base/definition_rules.h"

namespace tierwise {
namespace {

void CheckLayer(const v1::Layer& layer, absl::string_view field, Problems& problems) {
  CheckId(layer.id(), FieldPath(field, "id"), problems);
  CheckTexts(layer.display_name(), layer.description(), field, problems);
  CheckSalt(layer.salt(), FieldPath(field, "salt"), problems);
}

void CheckTierShares(const v1::Holdout& holdout, const Definitions& definitions, absl::string_view field,
                     Problems& problems) {
  const std::string tiering_field = FieldPath(field, "tiering");
  if (holdout.tiering().empty()) {
    if (holdout.tier_shares_size() > 0) problems.Add(tiering_field, "is required where there are tier_shares");
    return;
  }
  if (!CheckReference(holdout.tiering(), "tierings", "tiering", definitions, tiering_field, problems)) return;
  std::vector<absl::string_view> tiers;
  for (const v1::Tier& tier : definitions.FindTiering(holdout.tiering())->tiers()) tiers.push_back(tier.id());
  absl::flat_hash_set<absl::string_view> seen;
  for (int i = 0; i < holdout.tier_shares_size(); ++i) {
    const v1::TierShare& share = holdout.tier_shares(i);
    const std::string at = FieldPath(field, "tier_shares", i);
    CheckShare(share.share_bp(), FieldPath(at, "share_bp"), problems);
    if (CheckKnown(share.tier(), tiers, absl::StrCat("tier of \"", holdout.tiering(), "\" named"),
                   FieldPath(at, "tier"), problems) &&
        !seen.insert(share.tier()).second) {
      problems.Add(FieldPath(at, "tier"), "has a share before, one is allowed");
    }
  }
}

void CheckHoldout(const v1::Holdout& holdout, const Definitions& definitions, absl::string_view field,
                  Problems& problems) {
  CheckId(holdout.id(), FieldPath(field, "id"), problems);
  CheckTexts(holdout.display_name(), holdout.description(), field, problems);
  CheckSalt(holdout.salt(), FieldPath(field, "salt"), problems);
  CheckShare(holdout.share_bp(), FieldPath(field, "share_bp"), problems);
  CheckTierShares(holdout, definitions, field, problems);
  absl::flat_hash_set<absl::string_view> seen;
  for (int i = 0; i < holdout.campaigns_size(); ++i) {
    const std::string at = FieldPath(field, "campaigns", i);
    if (CheckReference(holdout.campaigns(i), "campaigns", "campaign", definitions, at, problems) &&
        !seen.insert(holdout.campaigns(i)).second) {
      problems.Add(at, "is listed before, once is enough");
    }
  }
}

}  // namespace

void CheckDefinition(const v1::Definition& definition, const Definitions& definitions, Problems& problems) {
  const std::string field = NameOf(definition);
  switch (definition.kind_case()) {
    case v1::Definition::kAttribute:
      return CheckAttribute(definition.attribute(), field, problems);
    case v1::Definition::kSegment:
      return CheckSegment(definition.segment(), definitions, field, problems);
    case v1::Definition::kTiering:
      return CheckTiering(definition.tiering(), definitions, field, problems);
    case v1::Definition::kLayer:
      return CheckLayer(definition.layer(), field, problems);
    case v1::Definition::kHoldout:
      return CheckHoldout(definition.holdout(), definitions, field, problems);
    case v1::Definition::kMetric:
    case v1::Definition::kCampaign:
    case v1::Definition::KIND_NOT_SET:
      return;
  }
}

void CheckSaltsAreSeparate(const Definitions& definitions, Problems& problems) {
  // Salt to the name of its owner. Campaigns hash with their salt and "/..." behind it, layers and holdouts with theirs
  // as it is.
  std::map<std::string, std::string> campaigns;
  std::map<std::string, std::string> others;
  const auto claim = [&problems](auto& owners, const std::string& salt, const std::string& name) {
    const auto [owner, is_new] = owners.emplace(salt, name);
    if (!is_new) {
      problems.Add(FieldPath(name, "salt"), absl::StrCat("is the salt of ", owner->second, " too; each needs its own"));
    }
  };
  for (const auto& [name, definition] : definitions.all()) {
    if (definition->has_campaign() && definition->campaign().state() != v1::CAMPAIGN_STATE_CONCLUDED) {
      claim(campaigns, definition->campaign().salt(), name);
    }
    if (definition->has_layer()) claim(others, LayerSalt(definition->layer()), name);
    if (definition->has_holdout()) claim(others, HoldoutSalt(definition->holdout()), name);
  }
  for (const auto& [salt, name] : others) {
    const auto campaign = campaigns.find(salt.substr(0, salt.rfind('/')));
    if (salt.find('/') != std::string::npos && campaign != campaigns.end()) {
      problems.Add(FieldPath(name, "salt"), absl::StrCat("continues the salt of ", campaign->second,
                                                         " after a \"/\"; it must not, campaigns do that themselves"));
    }
  }
}

}  // namespace tierwise
