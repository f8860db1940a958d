// SPDX-License-Identifier: Apache-2.0
#include "experiments/assignment/snapshot.h"

#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "experiments/assignment/campaign_check.h"
#include "experiments/assignment/campaign_lifecycle.h"
#include "experiments/assignment/definition_check.h"
#include "experiments/assignment/layer_allocation.h"
#include "experiments/assignment/pinned_definitions.h"
#include "experiments/audience/derivation_check.h"
#include "experiments/audience/tiering_program.h"
#include "experiments/base/definition_rules.h"
#include "experiments/base/status_macros.h"

namespace tierwise {
namespace {

// Compiles the campaigns of one catalog.
class Compiler {
 public:
  Compiler(const Definitions& definitions, const std::map<int64_t, Definitions>& pinned)
      : definitions_(definitions), schema_(definitions), pinned_(definitions, pinned) {}

  absl::Status Check() {
    Problems problems;
    for (const auto& [name, definition] : definitions_.all()) {
      CheckDefinition(*definition, definitions_, problems);
      if (!definition->has_campaign()) continue;
      const v1::Campaign& campaign = definition->campaign();
      if (campaign.state() == v1::CAMPAIGN_STATE_DRAFT) {
        CheckCampaign(campaign, definitions_, name, problems);
      } else if (IsLaunched(campaign)) {
        TIERWISE_ASSIGN_OR_RETURN(const Definitions* const scope, pinned_.ScopeOf(campaign));
        CheckLaunched(campaign, *scope, name, problems);
      }
    }
    CheckDerivedAttributes(definitions_, problems);
    CheckSaltsAreSeparate(definitions_, problems);
    CheckBucketsAreSeparate(definitions_, problems);
    return problems.ToStatus();
  }

  // REQUIRES: Check() is OK.
  absl::StatusOr<std::shared_ptr<const Snapshot>> Build() {
    std::vector<CompiledCampaign> campaigns;
    std::map<int64_t, TieringPrograms> programs;
    for (const Definitions::Pointer& definition : definitions_.InCollection("campaigns")) {
      const v1::Campaign& campaign = definition->campaign();
      if (IsLaunched(campaign)) {
        TIERWISE_ASSIGN_OR_RETURN(const Definitions* const scope, pinned_.ScopeOf(campaign));
        TieringPrograms& tierings = programs.try_emplace(campaign.pinned_version(), *scope, schema_).first->second;
        campaigns.push_back(CompileCampaign(campaign, *scope, schema_, tierings));
      } else {
        campaigns.emplace_back(campaign);
      }
    }
    AddHoldouts(campaigns);
    return std::make_shared<const Snapshot>(definitions_.catalog_version(), std::move(schema_), std::move(campaigns));
  }

 private:
  // A launched campaign, and what it pinned: the attributes that it was launched with may have gone.
  void CheckLaunched(const v1::Campaign& campaign, const Definitions& scope, const std::string& name,
                     Problems& problems) {
    CheckCampaign(campaign, scope, name, problems);
    if (const v1::Tiering* tiering = scope.FindTiering(campaign.tiering()); tiering != nullptr) {
      CheckTiering(*tiering, scope, FieldPath(name, "tiering"), problems);
    }
    for (const Definitions::Pointer& segment : SegmentsOf(campaign, scope)) {
      Problems found;
      CheckDefinition(*segment, scope, found);
      problems.AddAll(FieldPath(name, "pinned_version"), found);
    }
  }

  void AddHoldouts(std::vector<CompiledCampaign>& campaigns) {
    absl::flat_hash_map<absl::string_view, CompiledCampaign*> by_id;
    for (CompiledCampaign& campaign : campaigns) by_id.emplace(campaign.id, &campaign);
    TieringPrograms tierings(definitions_, schema_);
    for (const Definitions::Pointer& definition : definitions_.InCollection("holdouts")) {
      const v1::Holdout& holdout = definition->holdout();
      const std::shared_ptr<const CompiledHoldout> compiled = CompileHoldout(holdout, tierings);
      const auto add = [&compiled](CompiledCampaign& campaign) {
        campaign.holdouts.push_back(compiled);
        campaign.slots.insert(campaign.slots.end(), compiled->slots.begin(), compiled->slots.end());
      };
      for (const std::string& campaign : holdout.campaigns()) add(*by_id.at(campaign));
      if (!holdout.campaigns().empty()) continue;
      for (CompiledCampaign& campaign : campaigns) add(campaign);
    }
  }

  const Definitions& definitions_;
  AttributeSchema schema_;
  PinnedDefinitions pinned_;
};

}  // namespace

Snapshot::Snapshot(int64_t catalog_version, AttributeSchema schema, std::vector<CompiledCampaign> campaigns)
    : catalog_version_(catalog_version), schema_(std::move(schema)), campaigns_(std::move(campaigns)) {
  for (const CompiledCampaign& campaign : campaigns_) {
    by_id_.emplace(campaign.id, &campaign);
    if (campaign.state == v1::CAMPAIGN_STATE_RUNNING) running_.push_back(&campaign);
  }
}

const CompiledCampaign* Snapshot::Find(absl::string_view campaign) const {
  const auto found = by_id_.find(campaign);
  return found == by_id_.end() ? nullptr : found->second;
}

absl::StatusOr<std::shared_ptr<const Snapshot>> Compile(const Definitions& definitions,
                                                        const std::map<int64_t, Definitions>& pinned) {
  Compiler compiler(definitions, pinned);
  TIERWISE_RETURN_IF_ERROR(compiler.Check());
  return compiler.Build();
}

}  // namespace tierwise
