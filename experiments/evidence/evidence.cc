// SPDX-License-Identifier: Apache-2.0
#include "experiments/evidence/evidence.h"

#include <algorithm>
#include <atomic>
#include <limits>
#include <thread>
#include <utility>

#include "absl/types/span.h"
#include "experiments/evidence/user_outcomes.h"

namespace tierwise {
namespace {

constexpr size_t kPartitions = size_t{1} << kPartitionBits;
// Outcomes are added up in ascending UserOrder within each of these equal ranges of it, and the ranges are then merged
// in order. Part of what a report is: another number changes the last digits.
constexpr size_t kBlocks = 32;
static_assert(kPartitions % kBlocks == 0);

Evidence EmptyEvidence(const EvidenceSpec& spec) {
  Evidence evidence;
  evidence.tiers = static_cast<int>(spec.current_phase.size());
  evidence.variants = spec.variants;
  const size_t cells = evidence.Cell(evidence.tiers, 0);
  evidence.users.resize(cells);
  evidence.metrics.resize(spec.plan.metrics.size());
  for (MetricEvidence& metric : evidence.metrics) {
    metric.moments.resize(cells);
    metric.totals.resize(cells);
  }
  return evidence;
}

void MergeTimes(const Evidence& from, Evidence& into) {
  if (!from.first_exposure_micros.has_value()) return;
  into.first_exposure_micros =
      std::min(into.first_exposure_micros.value_or(std::numeric_limits<int64_t>::max()), *from.first_exposure_micros);
  into.last_exposure_micros =
      std::max(into.last_exposure_micros.value_or(std::numeric_limits<int64_t>::min()), *from.last_exposure_micros);
}

void Merge(const Evidence& from, Evidence& into) {
  for (const auto count : {&CohortCounts::users, &CohortCounts::forced_users, &CohortCounts::users_in_unknown_cells,
                           &CohortCounts::users_of_earlier_phases, &CohortCounts::users_in_two_variants}) {
    into.cohort.*count += from.cohort.*count;
  }
  MergeTimes(from, into);
  for (size_t cell = 0; cell < into.users.size(); ++cell) into.users[cell] += from.users[cell];
  for (size_t m = 0; m < into.metrics.size(); ++m) {
    into.metrics[m].users_with_open_window += from.metrics[m].users_with_open_window;
    for (size_t cell = 0; cell < into.users.size(); ++cell) {
      into.metrics[m].moments[cell].Merge(from.metrics[m].moments[cell]);
      into.metrics[m].totals[cell] += from.metrics[m].totals[cell];
    }
  }
}

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

// Joins one block, partition by partition. Its moments are of those users only whose outcomes are not all 0.
class BlockJoin {
 public:
  BlockJoin(const EvidenceSpec& spec, const UserOutcomes& user_outcomes)
      : spec_(spec), user_outcomes_(user_outcomes), outcomes_(user_outcomes.size()), evidence_(EmptyEvidence(spec)) {
    for (const PlannedMetric& metric : spec.plan.metrics) {
      longest_window_micros_ = std::max(longest_window_micros_, metric.window_end_micros);
    }
  }

  void Join(RowPartition<ExposureRow>& exposures, RowPartition<EventRow>& events) {
    exposures.TakeSorted(exposures_);
    events.TakeSorted(events_);
    const absl::Span<const ExposureRow> all = exposures_;
    auto events_begin = events_.cbegin();
    for (size_t begin = 0, end = 0; begin < all.size(); begin = end) {
      const uint64_t user = all[begin].user_order;
      while (end < all.size() && all[end].user_order == user) ++end;
      while (events_begin != events_.cend() && events_begin->user_order < user) ++events_begin;
      auto events_end = events_begin;
      while (events_end != events_.cend() && events_end->user_order == user) ++events_end;
      AddUser(all.subspan(begin, end - begin),
              absl::MakeConstSpan(events_).subspan(static_cast<size_t>(events_begin - events_.cbegin()),
                                                   static_cast<size_t>(events_end - events_begin)));
      events_begin = events_end;
    }
  }

  Evidence Take() { return std::move(evidence_); }

 private:
  void AddUser(absl::Span<const ExposureRow> exposures, absl::Span<const EventRow> events) {
    const auto user_class = ClassOf(exposures);
    ++(evidence_.cohort.*user_class);
    if (user_class != &CohortCounts::users) return;
    const ExposureRow& first = exposures.front();
    const size_t cell = evidence_.Cell(first.tier, first.variant);
    ++evidence_.users[cell];
    AddTimes(first.time_micros);
    if (events.empty()) return;
    user_outcomes_.Compute(first.time_micros, events, absl::MakeSpan(outcomes_));
    AddOutcomes(cell);
  }

  void AddTimes(int64_t time_micros) {
    evidence_.first_exposure_micros = std::min(evidence_.first_exposure_micros.value_or(time_micros), time_micros);
    evidence_.last_exposure_micros = std::max(evidence_.last_exposure_micros.value_or(time_micros), time_micros);
    if (time_micros + longest_window_micros_ <= spec_.as_of_micros) return;
    for (size_t m = 0; m < evidence_.metrics.size(); ++m) {
      const int64_t window_end = time_micros + spec_.plan.metrics[m].window_end_micros;
      evidence_.metrics[m].users_with_open_window += window_end > spec_.as_of_micros ? 1 : 0;
    }
  }

  void AddOutcomes(size_t cell) {
    auto begin = outcomes_.cbegin();
    for (size_t m = 0; m < evidence_.metrics.size(); ++m) {
      const size_t variables = spec_.plan.metrics[m].variables.size();
      const auto end = begin + static_cast<ptrdiff_t>(variables);
      if (std::any_of(begin, end, [](double x) { return x != 0.0; })) {
        JointMoments& moments = evidence_.metrics[m].moments[cell];
        if (moments.size() == 0) moments = JointMoments(static_cast<int>(variables));
        moments.Add(absl::MakeConstSpan(&*begin, variables));
        evidence_.metrics[m].totals[cell] += *begin;
      }
      begin = end;
    }
  }

  const EvidenceSpec& spec_;
  const UserOutcomes& user_outcomes_;
  int64_t longest_window_micros_ = 0;
  std::vector<ExposureRow> exposures_;
  std::vector<EventRow> events_;
  std::vector<double> outcomes_;
  Evidence evidence_;
};

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

EvidenceJoin::EvidenceJoin(EvidenceSpec spec) : spec_(std::move(spec)), exposures_(kPartitions), events_(kPartitions) {}

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
    events_[PartitionOf(row.user_order)].Add(row);
  }
}

std::optional<TimeRange> EvidenceJoin::EventsNeeded() const {
  if (!exposure_times_.has_value() || spec_.plan.metrics.empty()) return std::nullopt;
  return TimeRange{exposure_times_->begin_micros + spec_.plan.events_begin_micros,
                   exposure_times_->end_micros - 1 + spec_.plan.events_end_micros};
}

Evidence EvidenceJoin::Finish() {
  const UserOutcomes user_outcomes(spec_.plan);
  std::vector<Evidence> blocks(kBlocks);
  std::atomic<size_t> next_block = 0;
  const auto work = [&] {
    for (size_t block = next_block++; block < kBlocks; block = next_block++) {
      BlockJoin join(spec_, user_outcomes);
      for (size_t p = block * kPartitions / kBlocks; p < (block + 1) * kPartitions / kBlocks; ++p) {
        join.Join(exposures_[p], events_[p]);
      }
      blocks[block] = join.Take();
    }
  };
  std::vector<std::thread> threads;
  for (int i = 1; i < std::min(spec_.threads, static_cast<int>(kBlocks)); ++i) threads.emplace_back(work);
  work();
  for (std::thread& thread : threads) thread.join();
  Evidence evidence = EmptyEvidence(spec_);
  for (const Evidence& block : blocks) Merge(block, evidence);
  AddZeros(spec_.plan, evidence);
  return evidence;
}

}  // namespace tierwise
