// SPDX-License-Identifier: Apache-2.0
#include "experiments/audience/user_derivation.h"

#include <algorithm>
#include <limits>
#include <optional>

namespace tierwise {
namespace {

constexpr int64_t kDayMicros = int64_t{86'400} * 1'000'000;

// Numbers in the order of the finite doubles that have these bits.
int64_t ValueOrder(uint64_t bits) {
  const auto number = static_cast<int64_t>(bits);
  return number < 0 ? number ^ std::numeric_limits<int64_t>::max() : number;
}

}  // namespace

bool operator<(const DerivationRow& a, const DerivationRow& b) {
  if (a.user_order != b.user_order) return a.user_order < b.user_order;
  if (a.time_micros != b.time_micros) return a.time_micros < b.time_micros;
  if (a.event != b.event) return a.event < b.event;
  if (a.payload != b.payload) return ValueOrder(a.payload) < ValueOrder(b.payload);
  return a.name < b.name;
}

template <typename F>
void UserDerivation::ForEach(const EventNames& names, int64_t begin_micros, int64_t end_micros, F f) const {
  size_t i = 0;
  while (i < rows_.size() && rows_[i].time_micros < begin_micros) ++i;
  const size_t begin = i;
  const auto has_counted_copy = [&](size_t index) {
    for (size_t copy = copies_.Previous(index); copy != EventCopies::kNone && copy >= begin;
         copy = copies_.Previous(copy)) {
      if (names.Has(rows_[copy].name)) return true;
    }
    return false;
  };
  for (; i < rows_.size() && rows_[i].time_micros < end_micros; ++i) {
    if (!names.Has(rows_[i].name)) continue;
    if (copies_.any() && has_counted_copy(i)) continue;
    f(rows_[i]);
  }
}

template <typename F>
void UserDerivation::ForEach(const DerivationRule& rule, F f) const {
  const int64_t begin = rule.window == DerivationRule::kUnlimited ? 0 : as_of_micros_ - rule.window;
  ForEach(rule.events, begin, std::numeric_limits<int64_t>::max(), f);
}

void UserDerivation::Compute(absl::Span<const DerivationRow> rows, absl::Span<DerivedValue> values) {
  rows_ = rows;
  copies_.Begin(rows.size());
  for (size_t i = 0; i < rows.size(); ++i) copies_.Add(i, rows[i].event);
  for (size_t i = 0; i < values.size(); ++i) values[i] = ValueOf(pass_.attributes[i].rule);
}

DerivedValue UserDerivation::ValueOf(const DerivationRule& rule) {
  switch (rule.aggregate) {
    case v1::AGGREGATE_COUNT:
      return DerivedValue::OfInteger(Count(rule).events);
    case v1::AGGREGATE_SUM:
      return DerivedValue::OfNumber(Count(rule).sum);
    case v1::AGGREGATE_MEAN: {
      const Counted counted = Count(rule);
      return DerivedValue::OfNumber(counted.sum / static_cast<double>(counted.events));
    }
    case v1::AGGREGATE_OCCURRED:
      return DerivedValue::OfInteger(Count(rule).events > 0 ? 1 : 0);
    case v1::AGGREGATE_REPEATED:
      return DerivedValue::OfInteger(Days(rule) > 1 ? 1 : 0);
    case v1::AGGREGATE_ACTIVE_DAYS:
      return DerivedValue::OfInteger(Days(rule));
    case v1::AGGREGATE_SESSIONS:
      return DerivedValue::OfInteger(Sessions(rule));
    case v1::AGGREGATE_DISTINCT:
      return DerivedValue::OfInteger(Distinct(rule));
    case v1::AGGREGATE_FAVOURITE:
      return Favourite(rule);
    case v1::AGGREGATE_FIRST_TIME:
    case v1::AGGREGATE_TENURE_DAYS:
      return First(rule);
    case v1::AGGREGATE_LAST_TIME:
    case v1::AGGREGATE_RECENCY_DAYS:
      return Last(rule);
    case v1::AGGREGATE_RATIO:
      return Ratio(rule);
    case v1::AGGREGATE_TREND:
      return Trend(rule);
    case v1::AGGREGATE_LIFE_CYCLE:
      return Stage(rule);
    default:
      return DerivedValue();
  }
}

UserDerivation::Counted UserDerivation::Count(const EventNames& names, int64_t begin_micros, int64_t end_micros) const {
  Counted counted;
  ForEach(names, begin_micros, end_micros, [&](const DerivationRow& row) {
    ++counted.events;
    counted.sum += row.value();
  });
  return counted;
}

UserDerivation::Counted UserDerivation::Count(const DerivationRule& rule) const {
  Counted counted;
  ForEach(rule, [&](const DerivationRow& row) {
    ++counted.events;
    counted.sum += row.value();
  });
  return counted;
}

int64_t UserDerivation::Days(const DerivationRule& rule) const {
  int64_t days = 0;
  int64_t last_day = -1;
  ForEach(rule, [&](const DerivationRow& row) {
    const int64_t day = row.time_micros / kDayMicros;
    if (day != last_day) ++days;
    last_day = day;
  });
  return days;
}

int64_t UserDerivation::Sessions(const DerivationRule& rule) const {
  int64_t sessions = 0;
  int64_t last_micros = 0;
  ForEach(rule, [&](const DerivationRow& row) {
    if (sessions == 0 || row.time_micros - last_micros > rule.session_gap) ++sessions;
    last_micros = row.time_micros;
  });
  return sessions;
}

DerivedValue UserDerivation::First(const DerivationRule& rule) const {
  DerivedValue first;
  ForEach(rule, [&](const DerivationRow& row) {
    if (!first.is_known) first = DerivedValue::OfInteger(row.time_micros);
  });
  return first;
}

DerivedValue UserDerivation::Last(const DerivationRule& rule) const {
  DerivedValue last;
  ForEach(rule, [&](const DerivationRow& row) { last = DerivedValue::OfInteger(row.time_micros); });
  return last;
}

DerivedValue UserDerivation::Ratio(const DerivationRule& rule) const {
  const int64_t begin = rule.window == DerivationRule::kUnlimited ? 0 : as_of_micros_ - rule.window;
  const Counted numerator = Count(rule);
  const Counted denominator = Count(rule.denominator_events, begin, std::numeric_limits<int64_t>::max());
  if (rule.is_ratio_of_sums) return DerivedValue::OfNumber(numerator.sum / denominator.sum);
  return DerivedValue::OfNumber(static_cast<double>(numerator.events) / static_cast<double>(denominator.events));
}

DerivedValue UserDerivation::Trend(const DerivationRule& rule) const {
  const int64_t begin = as_of_micros_ - rule.window;
  const Counted now = Count(rule);
  const Counted before = Count(rule.events, begin - rule.window, begin);
  return DerivedValue::OfNumber(static_cast<double>(now.events) / static_cast<double>(before.events) - 1.0);
}

DerivedValue UserDerivation::Stage(const DerivationRule& rule) const {
  std::optional<int64_t> first;
  int64_t last = 0;
  std::optional<int64_t> last_return;  // the last event that ended a gap
  ForEach(rule, [&](const DerivationRow& row) {
    if (!first.has_value()) {
      first = row.time_micros;
    } else if (row.time_micros - last >= rule.dormant_after) {
      last_return = row.time_micros;
    }
    last = row.time_micros;
  });
  if (!first.has_value()) return DerivedValue();
  const int64_t age = as_of_micros_ - last;
  const bool is_active = age <= rule.active_for;
  LifeStage stage = LifeStage::kDormant;
  if (as_of_micros_ - *first <= rule.new_for) {
    stage = LifeStage::kNew;
  } else if (is_active && last_return.has_value() && as_of_micros_ - *last_return <= rule.won_back_for) {
    stage = LifeStage::kWonBack;
  } else if (is_active) {
    stage = LifeStage::kActive;
  } else if (age < rule.dormant_after) {
    stage = LifeStage::kCooling;
  }
  return DerivedValue::OfInteger(static_cast<int64_t>(stage));
}

void UserDerivation::CollectProperties(const DerivationRule& rule) {
  seen_.clear();
  ForEach(rule, [&](const DerivationRow& row) { seen_.push_back({row.payload, seen_.size()}); });
  std::sort(seen_.begin(), seen_.end());
}

int64_t UserDerivation::Distinct(const DerivationRule& rule) {
  CollectProperties(rule);
  int64_t distinct = 0;
  for (size_t i = 0; i < seen_.size(); ++i) {
    if (i == 0 || seen_[i].property != seen_[i - 1].property) ++distinct;
  }
  return distinct;
}

DerivedValue UserDerivation::Favourite(const DerivationRule& rule) {
  CollectProperties(rule);
  DerivedValue favourite;
  size_t most = 0;
  size_t latest = 0;
  for (size_t begin = 0, end = 0; begin < seen_.size(); begin = end) {
    while (end < seen_.size() && seen_[end].property == seen_[begin].property) ++end;
    const size_t last = seen_[end - 1].place;
    if (end - begin < most || (end - begin == most && last < latest)) continue;
    favourite = DerivedValue::OfKey(seen_[begin].property);
    most = end - begin;
    latest = last;
  }
  return favourite;
}

}  // namespace tierwise
