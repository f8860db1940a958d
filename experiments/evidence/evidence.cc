// SPDX-License-Identifier: Apache-2.0
#include "experiments/evidence/evidence.h"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <limits>
#include <thread>
#include <utility>

#include "absl/types/span.h"
#include "experiments/evidence/block_join.h"
#include "experiments/evidence/outcome_path.h"
#include "experiments/evidence/user_outcomes.h"

namespace tierwise {
namespace {

constexpr size_t kPartitions = size_t{1} << kPartitionBits;
// Outcomes are added up in ascending UserOrder within each of these equal ranges of it, and the ranges are then merged
// in order. Part of what a report is: another number changes the last digits.
constexpr size_t kBlocks = 32;
static_assert(kPartitions % kBlocks == 0);

void AddCounts(const std::vector<int64_t>& from, std::vector<int64_t>& into) {
  for (size_t i = 0; i < into.size(); ++i) into[i] += from[i];
}

void MergeTimes(const Evidence& from, Evidence& into) {
  if (!from.first_exposure_micros.has_value()) return;
  into.first_exposure_micros =
      std::min(into.first_exposure_micros.value_or(std::numeric_limits<int64_t>::max()), *from.first_exposure_micros);
  into.last_exposure_micros =
      std::max(into.last_exposure_micros.value_or(std::numeric_limits<int64_t>::min()), *from.last_exposure_micros);
}

void MergeMetric(const MetricEvidence& from, MetricEvidence& into) {
  into.users_with_open_window += from.users_with_open_window;
  for (size_t cell = 0; cell < into.moments.size(); ++cell) {
    into.moments[cell].Merge(from.moments[cell]);
    into.totals[cell] += from.totals[cell];
  }
  for (size_t cell = 0; cell < into.values.size(); ++cell) {
    CellValues& values = into.values[cell];
    const CellValues& more = from.values[cell];
    values.values.insert(values.values.end(), more.values.begin(), more.values.end());
    values.user_values.insert(values.user_values.end(), more.user_values.begin(), more.user_values.end());
  }
}

// All but UncappedOutcomes.
void Merge(const BlockEvidence& from, BlockEvidence& into) {
  Evidence& sum = into.evidence;
  const Evidence& part = from.evidence;
  for (const auto count : {&CohortCounts::users, &CohortCounts::forced_users, &CohortCounts::users_in_unknown_cells,
                           &CohortCounts::users_of_earlier_phases, &CohortCounts::users_in_two_variants}) {
    sum.cohort.*count += part.cohort.*count;
  }
  MergeTimes(part, sum);
  AddCounts(part.users, sum.users);
  AddCounts(part.early_users, sum.early_users);
  AddCounts(part.flows, sum.flows);
  for (size_t day = 0; day < sum.daily_users.size(); ++day) AddCounts(part.daily_users[day], sum.daily_users[day]);
  for (size_t m = 0; m < sum.metrics.size(); ++m) MergeMetric(part.metrics[m], sum.metrics[m]);
  if (into.path.has_value()) into.path->Merge(*from.path);
  sum.has_too_many_values |= part.has_too_many_values;
}

// The smallest number that at least the share `quantile` of `numbers` does not exceed; unset without any.
std::optional<double> QuantileOf(std::vector<double> numbers, double quantile) {
  if (numbers.empty()) return std::nullopt;
  // The factor keeps a rank that is a whole number from being rounded up to the next.
  const double rank = std::ceil(static_cast<double>(numbers.size()) * quantile * (1.0 - 1e-15));
  const auto at = numbers.begin() + static_cast<ptrdiff_t>(std::max(rank, 1.0)) - 1;
  std::nth_element(numbers.begin(), at, numbers.end());
  return *at;
}

// Finds the cap of metric `m` and adds its capped outcomes, block by block as if the cap had been known before.
void AddCapped(const PlannedMetric& planned, size_t m, absl::Span<const BlockEvidence> blocks, MetricEvidence& metric) {
  const size_t variables = planned.variables.size(), outcomes = variables / 2;
  std::vector<double> covariates;
  for (const BlockEvidence& block : blocks) {
    const std::vector<double>& numbers = block.uncapped[m].numbers;
    for (size_t i = outcomes; i < numbers.size(); i += variables) {
      if (numbers[i] > 0.0) covariates.push_back(numbers[i]);
    }
  }
  metric.found_cap = QuantileOf(std::move(covariates), *planned.cap_quantile);
  const double cap = metric.found_cap.value_or(std::numeric_limits<double>::infinity());
  std::vector<double> capped(variables);
  for (const BlockEvidence& block : blocks) {
    MetricEvidence part;
    part.moments.resize(metric.moments.size());
    part.totals.resize(metric.moments.size());
    const UncappedOutcomes& uncapped = block.uncapped[m];
    for (size_t user = 0; user < uncapped.cells.size(); ++user) {
      for (size_t i = 0; i < variables; ++i) capped[i] = std::min(cap, uncapped.numbers[user * variables + i]);
      JointMoments& moments = part.moments[uncapped.cells[user]];
      if (moments.size() == 0) moments = JointMoments(static_cast<int>(variables));
      moments.Add(capped);
      part.totals[uncapped.cells[user]] += capped.front();
    }
    MergeMetric(part, metric);
  }
}

// Brings in the users whose outcomes are all 0, ahead of the others: so the mean of a rare conversion keeps all of its
// digits.
void AddZeros(const MetricPlan& plan, Evidence& evidence) {
  for (size_t m = 0; m < plan.metrics.size(); ++m) {
    const std::vector<double> zeros(plan.metrics[m].variables.size());
    for (size_t cell = 0; cell < evidence.users.size(); ++cell) {
      JointMoments& moments = evidence.metrics[m].moments[cell];
      JointMoments all(static_cast<int>(zeros.size()));
      all.AddRepeated(zeros, evidence.users[cell] - moments.n());
      all.Merge(moments);
      moments = std::move(all);
    }
  }
}

}  // namespace

EvidenceJoin::EvidenceJoin(EvidenceSpec spec)
    : spec_(std::move(spec)), exposures_(kPartitions), events_(kPartitions), moves_(kPartitions) {}

void EvidenceJoin::AddExposures(const ExposureColumns& columns) {
  for (size_t i = 0; i < columns.user.size(); ++i) {
    ExposureRow row;
    row.user_order = UserOrder(columns.user[i]);
    row.time_micros = columns.time_micros[i];
    row.tier = columns.tier[i] < spec_.current_phase.size() ? columns.tier[i] : kOtherName;
    row.variant = columns.variant[i] < spec_.variants ? columns.variant[i] : kOtherName;
    row.phase = PhaseStanding::kCurrent;
    if (row.tier != kOtherName) {
      const uint32_t current = spec_.current_phase[row.tier];
      if (columns.phase[i] < current) row.phase = PhaseStanding::kEarlier;
      if (columns.phase[i] > current) row.phase = PhaseStanding::kLater;
    }
    row.forced = columns.forced[i] != 0;
    exposures_[PartitionOf(row.user_order)].Add(row);
  }
  if (columns.time_micros.empty()) return;
  const auto [least, greatest] = std::minmax_element(columns.time_micros.begin(), columns.time_micros.end());
  TimeRange times = exposure_times_.value_or(TimeRange{*least, *least});
  times.begin_micros = std::min(times.begin_micros, *least);
  times.end_micros = std::max(times.end_micros, *greatest + 1);
  exposure_times_ = times;
}

void EvidenceJoin::AddEvents(const EventColumns& columns) {
  for (size_t i = 0; i < columns.user.size(); ++i) {
    if (columns.name[i] >= spec_.plan.event_names.size()) continue;
    EventRow row;
    row.user_order = UserOrder(columns.user[i]);
    row.event = columns.event[i];
    row.time_micros = columns.time_micros[i];
    row.value = columns.value[i];
    row.name = columns.name[i];
    row.has_value = columns.has_value.empty() || columns.has_value[i] != 0;
    events_[PartitionOf(row.user_order)].Add(row);
  }
}

void EvidenceJoin::AddMoves(const MoveColumns& columns) {
  for (size_t i = 0; i < columns.user.size(); ++i) {
    MoveRow row;
    row.user_order = UserOrder(columns.user[i]);
    row.time_micros = columns.time_micros[i];
    row.tier = columns.tier[i] < spec_.current_phase.size() ? columns.tier[i] : kOtherName;
    moves_[PartitionOf(row.user_order)].Add(row);
    has_moves_ = true;
  }
}

std::optional<TimeRange> EvidenceJoin::EventsNeeded() const {
  if (!exposure_times_.has_value() || spec_.plan.metrics.empty()) return std::nullopt;
  TimeRange needed{exposure_times_->begin_micros + spec_.plan.events_begin_micros,
                   exposure_times_->end_micros - 1 + spec_.plan.events_end_micros};
  if (spec_.early.has_value()) needed.begin_micros = std::min(needed.begin_micros, spec_.early->from_micros);
  return needed;
}

std::optional<TimeRange> EvidenceJoin::MovesNeeded() const {
  if (!exposure_times_.has_value()) return std::nullopt;
  return TimeRange{exposure_times_->begin_micros, spec_.as_of_micros + 1};
}

// Days in rows of Evidence::daily_users, all cells of all rows being so few numbers that they may be kept once a block.
void EvidenceJoin::LayOutDays(JoinShared& shared) const {
  constexpr int64_t kMostNumbers = 1 << 16;
  if (!exposure_times_.has_value()) return;
  const auto cells = static_cast<int64_t>(spec_.current_phase.size()) * spec_.variants;
  const int64_t most_rows = std::max<int64_t>(1, kMostNumbers / std::max<int64_t>(1, cells));
  shared.first_day = DayOf(exposure_times_->begin_micros);
  const int64_t days = DayOf(exposure_times_->end_micros - 1) - shared.first_day + 1;
  shared.days_per_row = (days + most_rows - 1) / most_rows;
  shared.day_rows = static_cast<size_t>((days + shared.days_per_row - 1) / shared.days_per_row);
}

Evidence EvidenceJoin::Finish() {
  const UserOutcomes user_outcomes(spec_.plan);
  JoinShared shared{spec_, user_outcomes, has_moves_};
  LayOutDays(shared);
  std::vector<BlockEvidence> blocks(kBlocks);
  std::atomic<size_t> next_block = 0;
  const auto work = [&] {
    for (size_t block = next_block++; block < kBlocks; block = next_block++) {
      BlockJoin join(shared);
      for (size_t p = block * kPartitions / kBlocks; p < (block + 1) * kPartitions / kBlocks; ++p) {
        join.Join(exposures_[p], events_[p], moves_[p]);
      }
      blocks[block] = join.Take();
    }
  };
  std::vector<std::thread> threads;
  for (int i = 1; i < std::min(spec_.threads, static_cast<int>(kBlocks)); ++i) threads.emplace_back(work);
  work();
  for (std::thread& thread : threads) thread.join();
  BlockEvidence sum = EmptyBlock(shared);
  for (const BlockEvidence& block : blocks) Merge(block, sum);
  Evidence evidence = std::move(sum.evidence);
  for (size_t m = 0; m < evidence.metrics.size(); ++m) {
    if (spec_.plan.metrics[m].cap_quantile.has_value())
      AddCapped(spec_.plan.metrics[m], m, blocks, evidence.metrics[m]);
    if (evidence.has_too_many_values) evidence.metrics[m].values.clear();
  }
  AddZeros(spec_.plan, evidence);
  if (sum.path.has_value()) evidence.path = sum.path->Take();
  return evidence;
}

}  // namespace tierwise
