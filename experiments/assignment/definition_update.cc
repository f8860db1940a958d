// SPDX-License-Identifier: Apache-2.0
#include "experiments/assignment/definition_update.h"

#include <string>
#include <utility>

#include "experiments/assignment/campaign_update.h"
#include "experiments/audience/tier_cuts.h"
#include "experiments/base/definition_rules.h"
#include "experiments/base/problems.h"
#include "experiments/base/status_macros.h"
#include "google/protobuf/util/message_differencer.h"

namespace tierwise {
namespace {

constexpr char kImmutable[] = "cannot change; make a new definition instead";

bool HaveSameDerivation(const v1::Attribute& a, const v1::Attribute& b) {
  return a.has_derivation() == b.has_derivation() &&
         google::protobuf::util::MessageDifferencer::Equals(a.derivation(), b.derivation());
}

absl::Status CheckImmutable(const v1::Definition& current, const v1::Definition& proposed) {
  const std::string name = NameOf(current);
  if (current.has_attribute() && current.attribute().type() != proposed.attribute().type()) {
    return InvalidField(FieldPath(name, "type"), kImmutable);
  }
  if (current.has_attribute() && !HaveSameDerivation(current.attribute(), proposed.attribute())) {
    return InvalidField(FieldPath(name, "derivation"), kImmutable);
  }
  const bool has_new_salt = (current.has_layer() && current.layer().salt() != proposed.layer().salt()) ||
                            (current.has_holdout() && current.holdout().salt() != proposed.holdout().salt());
  return has_new_salt ? InvalidField(FieldPath(name, "salt"), kImmutable) : absl::OkStatus();
}

}  // namespace

v1::Definition Create(v1::Definition proposed) {
  MutableMetaOf(proposed).Clear();
  if (proposed.has_campaign()) {
    v1::Campaign none;
    none.set_state(v1::CAMPAIGN_STATE_DRAFT);
    TakeOutputOnly(none, *proposed.mutable_campaign());
  }
  if (proposed.has_tiering()) CarryCuts(v1::Tiering(), *proposed.mutable_tiering());
  return proposed;
}

absl::StatusOr<v1::Definition> Update(const v1::Definition& current, v1::Definition proposed,
                                      const Definitions& definitions) {
  TIERWISE_RETURN_IF_ERROR(CheckImmutable(current, proposed));
  if (current.has_campaign()) {
    TIERWISE_ASSIGN_OR_RETURN(*proposed.mutable_campaign(),
                              UpdateCampaign(current.campaign(), std::move(*proposed.mutable_campaign()), definitions));
  }
  if (current.has_tiering()) CarryCuts(current.tiering(), *proposed.mutable_tiering());
  MutableMetaOf(proposed) = MetaOf(current);
  return proposed;
}

}  // namespace tierwise
