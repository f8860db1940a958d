// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "experiments/assignment/bucketing.h"
#include "experiments/audience/condition_program.h"
#include "experiments/audience/tiering_program.h"
#include "experiments/base/definitions.h"
#include "tierwise/v1/campaign.pb.h"
#include "tierwise/v1/holdout.pb.h"

namespace tierwise {

// One arm of a tier: the buckets below `end` that are not an earlier arm's.
struct CompiledArm {
  int variant = 0;  // index into the campaign's variants
  uint32_t end = 0;
  double propensity = 0;
  std::string parameters_json;  // with the tier's overrides
};

// What one tier gets, or every tier that "*" stands for.
struct CompiledPlan {
  uint32_t phase = 0;
  uint32_t total_weight = 0;
  Salt salt;
  std::vector<CompiledArm> arms;
};

// A holdout as one of the campaigns that it covers sees it.
struct CompiledHoldout {
  std::string id;
  Salt salt;
  uint32_t share_bp = 0;                          // where no tier has a share of its own
  std::shared_ptr<const TieringProgram> tiering;  // null: so it is
  std::vector<uint32_t> tier_shares_bp;           // by index of the tier
  std::vector<int> slots;                         // of the attributes that the tier depends on
};

struct CompiledVariant {
  std::string id;
  std::string parameters_json;
};

struct CompiledLayer {
  std::string id;
  Salt salt;
  std::vector<v1::BucketRange> ranges;
};

// One campaign with all that its decisions need, worked out in advance. Immutable; any number of threads may use it.
struct CompiledCampaign {
  // What every campaign has, whatever its state.
  explicit CompiledCampaign(const v1::Campaign& campaign)
      : id(campaign.id()), revision(campaign.meta().revision()), state(campaign.state()) {}

  std::string id;
  int64_t revision;
  v1::CampaignState state;

  // All that follows is set for RUNNING and PAUSED only.
  int64_t start_micros = std::numeric_limits<int64_t>::min();  // first moment inside the schedule
  int64_t end_micros = std::numeric_limits<int64_t>::max();    // first moment after it
  std::vector<CompiledVariant> variants;
  absl::flat_hash_map<std::string, int> forced_users;  // to the index of the variant
  ConditionProgram audience;
  std::shared_ptr<const TieringProgram> tiering;
  std::string tiering_id;
  int64_t tiering_revision = 0;
  std::vector<int> tier_slots;  // of the attributes that the tier depends on
  std::vector<int> slots;       // of all attributes that a decision depends on; one may recur
  std::vector<CompiledPlan> plans;
  std::vector<int> plan_of_tier;  // by index of the tier; kNotTargeted where it has none
  std::vector<std::shared_ptr<const CompiledHoldout>> holdouts;
  std::optional<CompiledLayer> layer;
  Salt traffic_salt;
  uint32_t traffic_share_bp = 0;

  static constexpr int kNotTargeted = -1;
};

// The tierings of one set of definitions, each compiled once however many campaigns share it.
class TieringPrograms {
 public:
  // Both must outlive this.
  TieringPrograms(const Definitions& definitions, const AttributeSchema& schema)
      : definitions_(definitions), schema_(schema) {}

  // REQUIRES: CheckTiering found nothing wrong with `tiering`, which `definitions` has.
  std::shared_ptr<const TieringProgram> Get(const std::string& tiering);
  // Slots of the attributes that a user's tier depends on. REQUIRES: as Get.
  std::vector<int> SlotsOfTiering(const std::string& tiering) const;

 private:
  const Definitions& definitions_;
  const AttributeSchema& schema_;
  absl::flat_hash_map<std::string, std::shared_ptr<const TieringProgram>> programs_;
};

// REQUIRES: CheckDefinition found nothing wrong.
std::shared_ptr<const CompiledHoldout> CompileHoldout(const v1::Holdout& holdout, TieringPrograms& tierings);

// The part that does not depend on holdouts. `definitions` and `tierings`, of the same definitions, are what the
// campaign refers to. REQUIRES: CheckCampaign found nothing wrong with `campaign` under `definitions`; its state is
// RUNNING or PAUSED.
CompiledCampaign CompileCampaign(const v1::Campaign& campaign, const Definitions& definitions,
                                 const AttributeSchema& schema, TieringPrograms& tierings);

}  // namespace tierwise
