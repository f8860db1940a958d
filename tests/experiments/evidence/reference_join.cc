// SPDX-License-Identifier: Apache-2.0
#include "tests/experiments/evidence/reference_join.h"

#include <algorithm>
#include <map>
#include <set>
#include <tuple>
#include <utility>

namespace tierwise {
namespace {

using Outcomes = std::vector<double>;  // one user's variables of one metric

double OutcomeOf(const OutcomeRule& rule, int64_t first_micros, const std::vector<EventFact>& users_events) {
  std::map<uint64_t, std::pair<int64_t, double>> counted;  // by event id: the least time and value inside the window
  for (const EventFact& event : users_events) {
    const int64_t since_exposure = event.time * kMicrosPerSecond - first_micros;
    if (event.name != rule.event || since_exposure < rule.begin_micros || since_exposure >= rule.end_micros) continue;
    const std::pair<int64_t, double> copy = {event.time, event.value};
    const auto [at, is_new] = counted.emplace(event.event, copy);
    if (!is_new) at->second = std::min(at->second, copy);
  }
  double outcome = 0.0;
  for (const auto& [id, copy] : counted) outcome += rule.kind == OutcomeKind::kSum ? copy.second : 1.0;
  if (rule.kind == OutcomeKind::kConversion) outcome = std::min(outcome, 1.0);
  return std::min(outcome, rule.cap);
}

JointMoments MomentsOf(size_t variables, const std::vector<Outcomes>& users) {
  std::vector<double> mean(variables);
  std::vector<double> upper;
  const double n = static_cast<double>(users.size());
  for (const Outcomes& x : users) {
    for (size_t i = 0; i < variables; ++i) mean[i] += x[i] / n;
  }
  for (size_t i = 0; i < variables; ++i) {
    for (size_t j = i; j < variables; ++j) {
      upper.push_back(0.0);
      for (const Outcomes& x : users) upper.back() += (x[i] - mean[i]) * (x[j] - mean[j]);
    }
  }
  return JointMoments::FromParts(static_cast<int64_t>(users.size()), std::move(mean), std::move(upper));
}

// The user's first exposure if the user is analysed; otherwise counts why not.
std::optional<ExposureFact> Analysed(const EvidenceSpec& spec, std::vector<ExposureFact> exposures,
                                     CohortCounts& cohort) {
  std::stable_sort(exposures.begin(), exposures.end(), [](const ExposureFact& a, const ExposureFact& b) {
    return std::tie(a.time, a.tier, a.variant, a.phase) < std::tie(b.time, b.tier, b.variant, b.phase);
  });
  const ExposureFact first = exposures.front();
  bool is_forced = false;
  std::set<uint16_t> variants = {first.variant};
  for (const ExposureFact& exposure : exposures) {
    is_forced = is_forced || exposure.forced;
    const bool is_over = exposure.tier != kOtherName && exposure.phase < spec.current_phase[exposure.tier];
    if (!is_over) variants.insert(exposure.variant);
  }
  int64_t* count = &cohort.users;
  if (is_forced) {
    count = &cohort.forced_users;
  } else if (first.tier == kOtherName || first.variant == kOtherName || first.phase > spec.current_phase[first.tier]) {
    count = &cohort.users_in_unknown_cells;
  } else if (first.phase < spec.current_phase[first.tier]) {
    count = &cohort.users_of_earlier_phases;
  } else if (variants.size() > 1) {
    count = &cohort.users_in_two_variants;
  }
  ++*count;
  return count == &cohort.users ? std::optional(first) : std::nullopt;
}

}  // namespace

Evidence ReferenceJoin(const EvidenceSpec& spec, const std::vector<ExposureFact>& exposures,
                       const std::vector<EventFact>& events) {
  std::map<uint64_t, std::vector<ExposureFact>> exposures_of;
  std::map<uint64_t, std::vector<EventFact>> events_of;
  for (const ExposureFact& exposure : exposures) exposures_of[exposure.user].push_back(exposure);
  for (const EventFact& event : events) events_of[event.user].push_back(event);

  Evidence evidence;
  evidence.tiers = static_cast<int>(spec.current_phase.size());
  evidence.variants = spec.variants;
  const size_t cells = spec.current_phase.size() * static_cast<size_t>(spec.variants);
  evidence.users.resize(cells);
  evidence.metrics.resize(spec.plan.metrics.size());
  std::vector<std::vector<std::vector<Outcomes>>> outcomes(spec.plan.metrics.size(),
                                                           std::vector<std::vector<Outcomes>>(cells));
  for (const auto& [user, users_exposures] : exposures_of) {
    const std::optional<ExposureFact> first = Analysed(spec, users_exposures, evidence.cohort);
    if (!first.has_value()) continue;
    const int64_t time = first->time * kMicrosPerSecond;
    const size_t cell = evidence.Cell(first->tier, first->variant);
    ++evidence.users[cell];
    evidence.first_exposure_micros = std::min(evidence.first_exposure_micros.value_or(time), time);
    evidence.last_exposure_micros = std::max(evidence.last_exposure_micros.value_or(time), time);
    for (size_t m = 0; m < outcomes.size(); ++m) {
      const PlannedMetric& metric = spec.plan.metrics[m];
      outcomes[m][cell].emplace_back();
      for (const OutcomeRule& rule : metric.variables) {
        outcomes[m][cell].back().push_back(OutcomeOf(rule, time, events_of[user]));
      }
      if (time + metric.window_end_micros > spec.as_of_micros) ++evidence.metrics[m].users_with_open_window;
    }
  }
  for (size_t m = 0; m < outcomes.size(); ++m) {
    for (const std::vector<Outcomes>& users : outcomes[m]) {
      evidence.metrics[m].moments.push_back(MomentsOf(spec.plan.metrics[m].variables.size(), users));
      evidence.metrics[m].totals.push_back(0.0);
      for (const Outcomes& x : users) evidence.metrics[m].totals.back() += x[0];
    }
  }
  return evidence;
}

}  // namespace tierwise
