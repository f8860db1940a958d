// SPDX-License-Identifier: Apache-2.0
#include "experiments/audience/tier_movement.h"

#include <algorithm>

#include "absl/time/time.h"
#include "experiments/audience/tiering_rules.h"
#include "experiments/base/proto_time.h"

namespace tierwise {
namespace {

TieringProgram Shifted(const v1::Tiering& tiering, const AttributeSchema& schema, const Definitions& definitions,
                       const CutShift& shift) {
  v1::Tiering by_rules = tiering;
  *by_rules.mutable_rules() = ShiftedRules(tiering, schema, shift);
  return TieringProgram(by_rules, schema, definitions);
}

}  // namespace

TierFinder::TierFinder(const v1::Tiering& tiering, const AttributeSchema& schema, const Definitions& definitions)
    : program_(tiering, schema, definitions) {
  const double hysteresis = tiering.refresh().hysteresis();
  if (hysteresis == 0 || LacksCuts(tiering)) return;
  if (tiering.has_quantiles()) {
    const std::vector<std::string> ranked = RankedTiers(tiering);
    for (const v1::Tier& tier : tiering.tiers()) {
      const auto place = std::find(ranked.begin(), ranked.end(), tier.id());
      rank_.push_back(place == ranked.end() ? -1 : static_cast<int>(place - ranked.begin()));
    }
    for (const int position : {1, -1}) {
      shifted_.push_back(Shifted(tiering, schema, definitions, {{position, 0, 0}, hysteresis}));
    }
  } else if (tiering.has_rfm()) {
    for (const int recency : {-1, 0, 1}) {
      for (const int frequency : {-1, 0, 1}) {
        for (const int monetary : {-1, 0, 1}) {
          const CutShift shift{{recency, frequency, monetary}, hysteresis};
          shifted_.push_back(Shifted(tiering, schema, definitions, shift));
        }
      }
    }
  }
}

int TierFinder::Find(const UserAttributes& user, int present, int64_t now_micros) const {
  const int computed = program_.TierOf(user, now_micros);
  if (computed == present || present == kNoTier || shifted_.empty()) return computed;
  if (!rank_.empty()) return Clamped(user, present, computed, now_micros);
  const bool stays = std::any_of(shifted_.begin(), shifted_.end(), [&](const TieringProgram& program) {
    return program.TierOf(user, now_micros) == present;
  });
  return stays ? present : computed;
}

int TierFinder::Clamped(const UserAttributes& user, int present, int computed, int64_t now_micros) const {
  const auto rank_of = [this](int tier) { return rank_[static_cast<size_t>(tier)]; };
  const int worst = shifted_[0].TierOf(user, now_micros);
  const int best = shifted_[1].TierOf(user, now_micros);
  if (rank_of(present) < 0 || rank_of(worst) < 0 || rank_of(best) < 0) return computed;
  if (rank_of(present) < rank_of(best)) return best;
  return rank_of(present) > rank_of(worst) ? worst : present;
}

MovementRules MovementRules::Of(const v1::RefreshPolicy& policy) {
  return {.min_dwell_micros = absl::ToInt64Microseconds(FromProto(policy.min_dwell())),
          .confirmations = std::max(1, static_cast<int>(policy.confirmations()))};
}

TierState AfterRefresh(const TierState& present, int found, const MovementRules& rules, int64_t as_of_micros) {
  if (present.tier == kNoTier) return {.tier = found, .since_micros = as_of_micros};
  TierState next = present;
  if (found == present.tier) {
    next.pending = kNoTier;
    next.confirmations = 0;
    return next;
  }
  next.confirmations = found == present.pending ? std::min(present.confirmations + 1, rules.confirmations) : 1;
  next.pending = found;
  const bool may_leave = !present.has_moved || as_of_micros - present.since_micros >= rules.min_dwell_micros;
  if (next.confirmations < rules.confirmations || !may_leave) return next;
  return {.tier = found, .since_micros = as_of_micros, .has_moved = true};
}

}  // namespace tierwise
