// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "absl/types/span.h"
#include "experiments/base/facts.h"
#include "experiments/evidence/evidence.h"

namespace tierwise {

// Facts as tests write them down: one row each, times in seconds.
struct ExposureFact {
  uint64_t user = 0;
  int64_t time = 0;
  uint16_t tier = 0;
  uint16_t variant = 0;
  uint32_t phase = 1;
  bool forced = false;
};

struct EventFact {
  uint64_t user = 0;
  uint64_t event = 0;
  int64_t time = 0;
  uint16_t name = 0;
  double value = 0.0;
  bool has_value = true;
};

struct MoveFact {
  uint64_t user = 0;
  int64_t time = 0;
  uint16_t tier = 0;
};

inline constexpr int64_t kMicrosPerSecond = 1'000'000;

inline void AddTo(EvidenceJoin& join, absl::Span<const ExposureFact> facts) {
  std::vector<uint64_t> user;
  std::vector<int64_t> time;
  std::vector<uint16_t> variant, tier;
  std::vector<uint32_t> phase;
  std::vector<uint8_t> forced;
  for (const ExposureFact& fact : facts) {
    user.push_back(fact.user);
    time.push_back(fact.time * kMicrosPerSecond);
    variant.push_back(fact.variant);
    tier.push_back(fact.tier);
    phase.push_back(fact.phase);
    forced.push_back(fact.forced ? 1 : 0);
  }
  join.AddExposures({user, time, variant, tier, phase, forced});
}

inline void AddTo(EvidenceJoin& join, absl::Span<const EventFact> facts) {
  std::vector<uint64_t> user, event;
  std::vector<int64_t> time;
  std::vector<uint16_t> name;
  std::vector<double> value;
  std::vector<uint8_t> has_value;
  for (const EventFact& fact : facts) {
    user.push_back(fact.user);
    event.push_back(fact.event);
    time.push_back(fact.time * kMicrosPerSecond);
    name.push_back(fact.name);
    value.push_back(fact.value);
    has_value.push_back(fact.has_value ? 1 : 0);
  }
  join.AddEvents(
      {.user = user, .time_micros = time, .name = name, .event = event, .value = value, .has_value = has_value});
}

inline void AddTo(EvidenceJoin& join, absl::Span<const MoveFact> facts) {
  std::vector<uint64_t> user;
  std::vector<int64_t> time;
  std::vector<uint16_t> tier;
  for (const MoveFact& fact : facts) {
    user.push_back(fact.user);
    time.push_back(fact.time * kMicrosPerSecond);
    tier.push_back(fact.tier);
  }
  join.AddMoves({user, time, tier});
}

inline Evidence Join(const EvidenceSpec& spec, absl::Span<const ExposureFact> exposures,
                     absl::Span<const EventFact> events, absl::Span<const MoveFact> moves = {}) {
  EvidenceJoin join(spec);
  AddTo(join, exposures);
  AddTo(join, events);
  AddTo(join, moves);
  return join.Finish();
}

}  // namespace tierwise
