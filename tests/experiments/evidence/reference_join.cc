// SPDX-License-Identifier: Apache-2.0
#include "tests/experiments/evidence/reference_join.h"

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <tuple>
#include <utility>

namespace tierwise {
namespace {

using Outcomes = std::vector<double>;  // one user's variables of one metric

// What is known of one analysed user.
struct User {
  ExposureFact first;
  std::vector<EventFact> events;
  std::vector<MoveFact> moves;
};

// By event id: the least time and value inside the window.
std::map<uint64_t, std::pair<int64_t, double>> CountedEvents(const OutcomeRule& rule, const User& user) {
  std::map<uint64_t, std::pair<int64_t, double>> counted;
  for (const EventFact& event : user.events) {
    const int64_t since_exposure = (event.time - user.first.time) * kMicrosPerSecond;
    if (event.name != rule.event || since_exposure < rule.begin_micros || since_exposure >= rule.end_micros) continue;
    if (rule.kind == OutcomeKind::kValues && !event.has_value) continue;
    const std::pair<int64_t, double> copy = {event.time, event.has_value ? event.value : 0.0};
    const auto [at, is_new] = counted.emplace(event.event, copy);
    if (!is_new) at->second = std::min(at->second, copy);
  }
  return counted;
}

// Every tier that the user is in, with the time since first exposure from which on.
std::map<int64_t, uint16_t> TiersOf(const User& user) {
  std::map<int64_t, uint16_t> tiers;
  for (const MoveFact& move : user.moves) {
    const int64_t since_exposure = (move.time - user.first.time) * kMicrosPerSecond;
    if (since_exposure < 0 || move.tier == kOtherName) continue;
    const auto [at, is_new] = tiers.emplace(since_exposure, move.tier);
    if (!is_new) at->second = std::max(at->second, move.tier);
  }
  return tiers;
}

uint16_t TierBefore(const User& user, int64_t micros) {
  uint16_t tier = user.first.tier;
  for (const auto& [time, to] : TiersOf(user)) {
    if (time < micros) tier = to;
  }
  return tier;
}

double OutcomeOf(const OutcomeRule& rule, const User& user) {
  if (rule.kind == OutcomeKind::kMovedUp) return TierBefore(user, rule.end_micros) < user.first.tier;
  if (rule.kind == OutcomeKind::kDidNotFall) return TierBefore(user, rule.end_micros) <= user.first.tier;
  if (rule.kind == OutcomeKind::kReachedTier) {
    if (rule.tier == kOtherName) return 0.0;
    bool has_reached = TierBefore(user, rule.begin_micros) <= rule.tier;
    for (const MoveFact& move : user.moves) {
      const int64_t time = (move.time - user.first.time) * kMicrosPerSecond;
      const bool is_inside = time >= 0 && time >= rule.begin_micros && time < rule.end_micros;
      has_reached |= is_inside && move.tier <= rule.tier;
    }
    return has_reached;
  }
  const auto counted = CountedEvents(rule, user);
  double outcome = 0.0;
  for (const auto& [id, copy] : counted) outcome += rule.kind == OutcomeKind::kSum ? copy.second : 1.0;
  if (rule.kind == OutcomeKind::kConversion) outcome = std::min(outcome, 1.0);
  return std::min(outcome, rule.cap);
}

Outcomes OutcomesOf(const PlannedMetric& metric, const User& user) {
  Outcomes outcomes;
  for (const OutcomeRule& rule : metric.variables) outcomes.push_back(OutcomeOf(rule, user));
  return outcomes;
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

// Users per cell; each cell in ascending order of users.
using Cells = std::vector<std::vector<User>>;

// The cap of a metric with cap_quantile, applied to every number of `cells`.
std::optional<double> ApplyFoundCap(const PlannedMetric& metric, std::vector<std::vector<Outcomes>>& cells) {
  std::vector<double> covariates;
  for (const std::vector<Outcomes>& cell : cells) {
    for (const Outcomes& x : cell) {
      if (x[1] > 0.0) covariates.push_back(x[1]);
    }
  }
  if (covariates.empty()) return std::nullopt;
  std::sort(covariates.begin(), covariates.end());
  size_t rank = 1;
  while (static_cast<double>(rank) < static_cast<double>(covariates.size()) * *metric.cap_quantile - 1e-9) ++rank;
  const double cap = covariates[rank - 1];
  for (std::vector<Outcomes>& cell : cells) {
    for (Outcomes& x : cell) {
      for (double& number : x) number = std::min(number, cap);
    }
  }
  return cap;
}

MetricEvidence EvidenceOf(const EvidenceSpec& spec, const PlannedMetric& metric, const Cells& cells) {
  MetricEvidence evidence;
  std::vector<std::vector<Outcomes>> outcomes(cells.size());
  for (size_t cell = 0; cell < cells.size(); ++cell) {
    for (const User& user : cells[cell]) {
      outcomes[cell].push_back(OutcomesOf(metric, user));
      const bool is_open = user.first.time * kMicrosPerSecond + metric.window_end_micros > spec.as_of_micros;
      evidence.users_with_open_window += is_open ? 1 : 0;
    }
  }
  if (metric.cap_quantile.has_value()) evidence.found_cap = ApplyFoundCap(metric, outcomes);
  for (size_t cell = 0; cell < cells.size(); ++cell) {
    evidence.moments.push_back(MomentsOf(metric.variables.size(), outcomes[cell]));
    evidence.totals.push_back(0.0);
    for (const Outcomes& x : outcomes[cell]) evidence.totals.back() += x[0];
    if (!metric.keeps_values) continue;
    CellValues& kept = evidence.values.emplace_back();
    for (const User& user : cells[cell]) {
      const auto counted = CountedEvents(metric.variables[0], user);
      if (!counted.empty()) kept.user_values.push_back(static_cast<int64_t>(counted.size()));
      for (const auto& [id, copy] : counted) kept.values.push_back(copy.second);
    }
  }
  return evidence;
}

// The moments of spec.path's metric as they stood at one look.
std::vector<JointMoments> MomentsAt(const EvidenceSpec& spec, int64_t look_micros, const Cells& cells) {
  const PlannedMetric& metric = spec.plan.metrics[spec.path->metric];
  std::vector<JointMoments> moments;
  for (const std::vector<User>& users : cells) {
    std::vector<Outcomes> outcomes;
    for (User user : users) {
      if (user.first.time * kMicrosPerSecond >= look_micros) continue;
      std::erase_if(user.events, [&](const EventFact& event) { return event.time * kMicrosPerSecond >= look_micros; });
      outcomes.push_back(OutcomesOf(metric, user));
    }
    moments.push_back(MomentsOf(metric.variables.size(), outcomes));
  }
  return moments;
}

void CountUsers(const EvidenceSpec& spec, const Cells& cells, bool has_moves, Evidence& evidence) {
  const size_t tiers = spec.current_phase.size();
  if (spec.early.has_value()) evidence.early_users.resize(cells.size());
  if (has_moves) evidence.flows.resize(cells.size() * tiers);
  for (size_t cell = 0; cell < cells.size(); ++cell) {
    for (const User& user : cells[cell]) {
      ++evidence.users[cell];
      const int64_t time = user.first.time * kMicrosPerSecond;
      evidence.first_exposure_micros = std::min(evidence.first_exposure_micros.value_or(time), time);
      evidence.last_exposure_micros = std::max(evidence.last_exposure_micros.value_or(time), time);
      if (has_moves) {
        const int64_t until = std::min(spec.flow_window_micros, spec.as_of_micros + 1 - time);
        ++evidence.flows[cell * tiers + TierBefore(user, until)];
      }
      if (!spec.early.has_value()) continue;
      evidence.early_users[cell] += std::any_of(user.events.begin(), user.events.end(), [&](const EventFact& event) {
        return event.name == spec.early->event && event.time * kMicrosPerSecond >= spec.early->from_micros &&
               event.time < user.first.time;
      });
    }
  }
}

}  // namespace

Evidence ReferenceJoin(const EvidenceSpec& spec, const std::vector<ExposureFact>& exposures,
                       const std::vector<EventFact>& events, const std::vector<MoveFact>& moves) {
  // In the order in which the join takes users: only the order of kept values shows it.
  std::map<uint64_t, std::vector<ExposureFact>> exposures_of;
  std::map<uint64_t, User> users;
  for (const ExposureFact& exposure : exposures) exposures_of[UserOrder(exposure.user)].push_back(exposure);
  for (const EventFact& event : events) users[UserOrder(event.user)].events.push_back(event);
  for (const MoveFact& move : moves) users[UserOrder(move.user)].moves.push_back(move);

  Evidence evidence;
  evidence.tiers = static_cast<int>(spec.current_phase.size());
  evidence.variants = spec.variants;
  Cells cells(spec.current_phase.size() * static_cast<size_t>(spec.variants));
  evidence.users.resize(cells.size());
  for (const auto& [user, users_exposures] : exposures_of) {
    const std::optional<ExposureFact> first = Analysed(spec, users_exposures, evidence.cohort);
    if (!first.has_value()) continue;
    users[user].first = *first;
    cells[evidence.Cell(first->tier, first->variant)].push_back(users[user]);
  }
  CountUsers(spec, cells, !moves.empty(), evidence);
  for (const PlannedMetric& metric : spec.plan.metrics) evidence.metrics.push_back(EvidenceOf(spec, metric, cells));
  if (spec.path.has_value()) {
    for (const int64_t look : spec.path->looks_micros) evidence.path.push_back(MomentsAt(spec, look, cells));
  }
  return evidence;
}

}  // namespace tierwise
