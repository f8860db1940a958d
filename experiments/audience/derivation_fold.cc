// SPDX-License-Identifier: Apache-2.0
#include "experiments/audience/derivation_fold.h"

#include <algorithm>
#include <atomic>
#include <bit>
#include <limits>
#include <thread>

#include "absl/types/span.h"

namespace tierwise {
namespace {

constexpr size_t kPartitions = size_t{1} << kPartitionBits;

// Which events a pass looks at, as of a moment.
class RowFilter {
 public:
  RowFilter(const DerivationPass& pass, int64_t as_of_micros)
      : pass_(pass),
        has_property_(!pass.property.empty()),
        begin_micros_(pass.reach_micros.has_value() ? as_of_micros - *pass.reach_micros
                                                    : std::numeric_limits<int64_t>::min()),
        as_of_micros_(as_of_micros) {}

  // Calls `f` with a row for each event that counts for some attribute.
  template <typename F>
  void ForEach(const EventColumns& columns, F f) const {
    for (size_t i = 0; i < columns.user.size(); ++i) {
      if (columns.time_micros[i] > as_of_micros_ || columns.time_micros[i] < begin_micros_) continue;
      if (columns.name[i] >= pass_.event_names.size() && !pass_.needs_every_event) continue;
      if (has_property_ && columns.property[i] == kNoProperty) continue;
      DerivationRow row;
      row.user_order = UserOrder(columns.user[i]);
      row.time_micros = columns.time_micros[i];
      row.event = columns.event[i];
      row.payload = has_property_ ? columns.property[i] : std::bit_cast<uint64_t>(columns.value[i]);
      row.name = columns.name[i];
      f(row);
    }
  }

 private:
  const DerivationPass& pass_;
  const bool has_property_;
  const int64_t begin_micros_;
  const int64_t as_of_micros_;
};

// Folds one partition after the other.
class PartitionFold {
 public:
  PartitionFold(const DerivationPass& pass, int64_t as_of_micros)
      : attributes_(pass.attributes.size()), derivation_(pass, as_of_micros) {}

  // Valid until the next call.
  DerivedUsers Fold(RowPartition<DerivationRow>& partition) {
    partition.TakeSorted(rows_);
    users_.clear();
    values_.clear();
    const absl::Span<const DerivationRow> all = rows_;
    for (size_t begin = 0, end = 0; begin < all.size(); begin = end) {
      const uint64_t user = all[begin].user_order;
      while (end < all.size() && all[end].user_order == user) ++end;
      users_.push_back(UserKeyOf(user));
      values_.resize(users_.size() * attributes_);
      derivation_.Compute(all.subspan(begin, end - begin), absl::MakeSpan(values_).last(attributes_));
    }
    return {users_, values_};
  }

 private:
  const size_t attributes_;
  UserDerivation derivation_;
  std::vector<DerivationRow> rows_;
  std::vector<uint64_t> users_;
  std::vector<DerivedValue> values_;
};

}  // namespace

DerivationFold::DerivationFold(const DerivationPass& pass, int64_t as_of_micros, int threads)
    : pass_(pass), as_of_micros_(as_of_micros), threads_(threads), partitions_(kPartitions) {}

void DerivationFold::AddEvents(const EventColumns& columns) {
  RowFilter(pass_, as_of_micros_).ForEach(columns, [this](const DerivationRow& row) {
    partitions_[PartitionOf(row.user_order)].Add(row);
  });
}

void DerivationFold::Finish(absl::FunctionRef<void(const DerivedUsers&)> consume) {
  std::atomic<size_t> next_partition = 0;
  const auto work = [&] {
    PartitionFold fold(pass_, as_of_micros_);
    for (size_t p = next_partition++; p < kPartitions; p = next_partition++) {
      const DerivedUsers users = fold.Fold(partitions_[p]);
      if (!users.user.empty()) consume(users);
    }
  };
  std::vector<std::thread> threads;
  for (int i = 1; i < std::min(threads_, static_cast<int>(kPartitions)); ++i) threads.emplace_back(work);
  work();
  for (std::thread& thread : threads) thread.join();
}

std::vector<DerivedValue> DeriveFor(const DerivationPass& pass, const EventColumns& events, int64_t as_of_micros) {
  std::vector<DerivationRow> rows;
  RowFilter(pass, as_of_micros).ForEach(events, [&rows](const DerivationRow& row) { rows.push_back(row); });
  std::sort(rows.begin(), rows.end());
  std::vector<DerivedValue> values(pass.attributes.size());
  UserDerivation(pass, as_of_micros).Compute(rows, absl::MakeSpan(values));
  return values;
}

}  // namespace tierwise
