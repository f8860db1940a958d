// SPDX-License-Identifier: Apache-2.0
#include "experiments/evidence/block_join.h"

#include <algorithm>

#include "experiments/evidence/tier_moves.h"

namespace tierwise {
namespace {

// REQUIRES: `exposures` are one user's, ascending.
int64_t CohortCounts::*ClassOf(absl::Span<const ExposureRow> exposures) {
  const ExposureRow& first = exposures.front();
  const auto is_forced = [](const ExposureRow& row) { return row.forced; };
  const auto is_elsewhere = [&first](const ExposureRow& row) {
    return row.phase != PhaseStanding::kEarlier && row.variant != first.variant;
  };
  if (std::any_of(exposures.begin(), exposures.end(), is_forced)) return &CohortCounts::forced_users;
  if (first.tier == kOtherName || first.variant == kOtherName || first.phase == PhaseStanding::kLater) {
    return &CohortCounts::users_in_unknown_cells;
  }
  if (first.phase == PhaseStanding::kEarlier) return &CohortCounts::users_of_earlier_phases;
  if (std::any_of(exposures.begin(), exposures.end(), is_elsewhere)) return &CohortCounts::users_in_two_variants;
  return &CohortCounts::users;
}

// Hands out the rows of one user after the other, in ascending order of users.
template <typename Row>
class RowsByUser {
 public:
  explicit RowsByUser(absl::Span<const Row> rows) : rows_(rows) {}

  // REQUIRES: each `user_order` is above that of the call before.
  absl::Span<const Row> Of(uint64_t user_order) {
    size_t begin = end_;
    while (begin < rows_.size() && rows_[begin].user_order < user_order) ++begin;
    end_ = begin;
    while (end_ < rows_.size() && rows_[end_].user_order == user_order) ++end_;
    return rows_.subspan(begin, end_ - begin);
  }

 private:
  absl::Span<const Row> rows_;
  size_t end_ = 0;
};

}  // namespace

BlockEvidence EmptyBlock(const JoinShared& shared) {
  const EvidenceSpec& spec = shared.spec;
  BlockEvidence block;
  Evidence& evidence = block.evidence;
  evidence.tiers = static_cast<int>(spec.current_phase.size());
  evidence.variants = spec.variants;
  const size_t cells = evidence.Cell(evidence.tiers, 0);
  evidence.users.resize(cells);
  evidence.metrics.resize(spec.plan.metrics.size());
  block.uncapped.resize(spec.plan.metrics.size());
  for (size_t m = 0; m < evidence.metrics.size(); ++m) {
    evidence.metrics[m].moments.resize(cells);
    evidence.metrics[m].totals.resize(cells);
    if (spec.plan.metrics[m].keeps_values) evidence.metrics[m].values.resize(cells);
  }
  evidence.days_per_row = shared.days_per_row;
  evidence.daily_users.assign(shared.day_rows, std::vector<int64_t>(cells));
  if (spec.early.has_value()) evidence.early_users.resize(cells);
  if (shared.has_moves) evidence.flows.resize(cells * static_cast<size_t>(evidence.tiers));
  if (spec.path.has_value() && spec.path->looks_micros.size() * cells <= OutcomePath::kMostMoments) {
    block.path.emplace(spec.plan.metrics[spec.path->metric], spec.path->looks_micros, cells);
  }
  return block;
}

BlockJoin::BlockJoin(const JoinShared& shared)
    : shared_(shared), spec_(shared.spec), outcomes_(shared.user_outcomes.size()), block_(EmptyBlock(shared)) {
  for (const PlannedMetric& metric : spec_.plan.metrics) {
    longest_window_micros_ = std::max(longest_window_micros_, metric.window_end_micros);
  }
}

void BlockJoin::Join(RowPartition<ExposureRow>& exposures, RowPartition<EventRow>& events,
                     RowPartition<MoveRow>& moves) {
  exposures.TakeSorted(exposures_);
  events.TakeSorted(events_);
  moves.TakeSorted(moves_);
  RowsByUser<EventRow> events_by_user(events_);
  RowsByUser<MoveRow> moves_by_user(moves_);
  const absl::Span<const ExposureRow> all = exposures_;
  for (size_t begin = 0, end = 0; begin < all.size(); begin = end) {
    const uint64_t user = all[begin].user_order;
    while (end < all.size() && all[end].user_order == user) ++end;
    AddUser(all.subspan(begin, end - begin), events_by_user.Of(user), moves_by_user.Of(user));
  }
}

void BlockJoin::AddUser(absl::Span<const ExposureRow> exposures, absl::Span<const EventRow> events,
                        absl::Span<const MoveRow> moves) {
  Evidence& evidence = block_.evidence;
  const auto user_class = ClassOf(exposures);
  ++(evidence.cohort.*user_class);
  if (user_class != &CohortCounts::users) return;
  const ExposureRow& first = exposures.front();
  const UserFacts user{first.time_micros, first.tier, events, moves};
  const size_t cell = evidence.Cell(first.tier, first.variant);
  ++evidence.users[cell];
  AddTimes(first.time_micros, cell);
  if (spec_.early.has_value()) AddEarlyEvent(user, cell);
  if (shared_.has_moves) AddFlow(user, cell);
  if (block_.path.has_value()) block_.path->AddUser(cell, user);
  if (events.empty() && !shared_.user_outcomes.HasMovements()) return;
  AddOutcomes(user, cell);
}

void BlockJoin::AddTimes(int64_t time_micros, size_t cell) {
  Evidence& evidence = block_.evidence;
  evidence.first_exposure_micros = std::min(evidence.first_exposure_micros.value_or(time_micros), time_micros);
  evidence.last_exposure_micros = std::max(evidence.last_exposure_micros.value_or(time_micros), time_micros);
  ++evidence.daily_users[static_cast<size_t>((DayOf(time_micros) - shared_.first_day) / shared_.days_per_row)][cell];
  if (time_micros + longest_window_micros_ <= spec_.as_of_micros) return;
  for (size_t m = 0; m < evidence.metrics.size(); ++m) {
    const int64_t window_end = time_micros + spec_.plan.metrics[m].window_end_micros;
    evidence.metrics[m].users_with_open_window += window_end > spec_.as_of_micros ? 1 : 0;
  }
}

void BlockJoin::AddEarlyEvent(const UserFacts& user, size_t cell) {
  const auto events = EventsOfName(user.events, spec_.early->event);
  const bool is_early = std::any_of(events.begin(), events.end(), [&](const EventRow& event) {
    return event.time_micros >= spec_.early->from_micros && event.time_micros < user.first_exposure_micros;
  });
  block_.evidence.early_users[cell] += is_early ? 1 : 0;
}

void BlockJoin::AddFlow(const UserFacts& user, size_t cell) {
  const TierHistory history{user.first_tier, user.first_exposure_micros, user.moves};
  // Moves are those up to `as_of`.
  const bool is_over = spec_.flow_window_micros <= spec_.as_of_micros - user.first_exposure_micros;
  const int64_t until = is_over ? user.first_exposure_micros + spec_.flow_window_micros : spec_.as_of_micros + 1;
  const uint16_t tier = history.TierBefore(until);
  ++block_.evidence.flows[cell * static_cast<size_t>(block_.evidence.tiers) + tier];
}

void BlockJoin::AddOutcomes(const UserFacts& user, size_t cell) {
  shared_.user_outcomes.Compute(user, absl::MakeSpan(outcomes_));
  auto begin = outcomes_.cbegin();
  for (size_t m = 0; m < block_.evidence.metrics.size(); ++m) {
    const PlannedMetric& planned = spec_.plan.metrics[m];
    MetricEvidence& metric = block_.evidence.metrics[m];
    const size_t variables = planned.variables.size();
    const auto end = begin + static_cast<ptrdiff_t>(variables);
    if (std::any_of(begin, end, [](double x) { return x != 0.0; })) {
      if (planned.cap_quantile.has_value()) {
        block_.uncapped[m].cells.push_back(static_cast<uint32_t>(cell));
        block_.uncapped[m].numbers.insert(block_.uncapped[m].numbers.end(), begin, end);
      } else {
        JointMoments& moments = metric.moments[cell];
        if (moments.size() == 0) moments = JointMoments(static_cast<int>(variables));
        moments.Add(absl::MakeConstSpan(&*begin, variables));
        metric.totals[cell] += *begin;
      }
      if (planned.keeps_values) AddValues(m, user, cell);
    }
    begin = end;
  }
}

void BlockJoin::AddValues(size_t metric, const UserFacts& user, size_t cell) {
  CellValues& kept = block_.evidence.metrics[metric].values[cell];
  const size_t before = kept.values.size();
  AppendValues(spec_.plan.metrics[metric].variables.front(), user, kept.values);
  const auto added = static_cast<int64_t>(kept.values.size() - before);
  kept.user_values.push_back(added);
  if (shared_.values_kept.fetch_add(added) + added <= spec_.most_values) return;
  block_.evidence.has_too_many_values = true;
  kept = {};
}

}  // namespace tierwise
