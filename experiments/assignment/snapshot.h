// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "experiments/assignment/compiled_campaign.h"
#include "experiments/audience/attribute_schema.h"
#include "experiments/base/definitions.h"

namespace tierwise {

// Everything that assignment needs, compiled from the definitions of one catalog version. Immutable; any number of
// threads may use it without a lock.
class Snapshot {
 public:
  // `campaigns` by id. Made by Compile.
  Snapshot(int64_t catalog_version, AttributeSchema schema, std::vector<CompiledCampaign> campaigns);
  Snapshot(const Snapshot&) = delete;
  Snapshot& operator=(const Snapshot&) = delete;

  int64_t catalog_version() const { return catalog_version_; }
  const AttributeSchema& schema() const { return schema_; }
  // Null where there is none. Time does not depend on how many campaigns exist.
  const CompiledCampaign* Find(absl::string_view campaign) const;
  // All campaigns, by id.
  absl::Span<const CompiledCampaign> campaigns() const { return campaigns_; }
  // Campaigns whose state is RUNNING, by id.
  absl::Span<const CompiledCampaign* const> running() const { return running_; }

 private:
  int64_t catalog_version_;
  AttributeSchema schema_;
  std::vector<CompiledCampaign> campaigns_;
  absl::flat_hash_map<absl::string_view, const CompiledCampaign*> by_id_;
  std::vector<const CompiledCampaign*> running_;
};

// Compiles all definitions, which are normalized; `pinned` has the definitions of every catalog version that a RUNNING
// or PAUSED campaign pins (Campaign.pinned_version), unless it is the version of `definitions` itself. Such a campaign
// uses the tierings and segments of that version; attributes, metrics, layers and holdouts are always those of now. A
// CONCLUDED campaign is not checked. InvalidArgument lists every problem of every definition, fields as
// "campaigns/spring.tier_plans[0].arms"; metrics are checked by those who compute them. Internal where `pinned` lacks a
// version.
absl::StatusOr<std::shared_ptr<const Snapshot>> Compile(const Definitions& definitions,
                                                        const std::map<int64_t, Definitions>& pinned);

}  // namespace tierwise
