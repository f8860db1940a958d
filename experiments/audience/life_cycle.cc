// SPDX-License-Identifier: Apache-2.0
#include "experiments/audience/life_cycle.h"

#include "experiments/base/proto_time.h"

namespace tierwise {

v1::LifeCycle LifeCycleOf(const v1::Derivation& derivation) {
  v1::LifeCycle cycle = derivation.life_cycle();
  const google::protobuf::Duration month = ToProto(absl::Hours(24 * 30));
  if (!cycle.has_new_for()) *cycle.mutable_new_for() = month;
  if (!cycle.has_active_for()) *cycle.mutable_active_for() = month;
  if (!cycle.has_dormant_after()) *cycle.mutable_dormant_after() = ToProto(absl::Hours(24 * 90));
  if (!cycle.has_won_back_for()) *cycle.mutable_won_back_for() = month;
  return cycle;
}

}  // namespace tierwise
