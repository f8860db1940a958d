// SPDX-License-Identifier: Apache-2.0
#include "experiments/audience/tier_cuts.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <utility>

#include "absl/time/time.h"
#include "experiments/base/proto_time.h"

namespace tierwise {
namespace {

constexpr uint64_t kBasisPoints = 10'000;
constexpr size_t kScores = 5;

// Puts the values whose places in sorted order are `places`, ascending, where they belong: the middle one first, then
// those on each side of it among fewer values.
template <typename Compare>
void Select(absl::Span<double> values, size_t first_place, absl::Span<const size_t> places, Compare compare) {
  if (places.empty() || values.empty()) return;
  const size_t middle = places.size() / 2;
  const auto at = static_cast<ptrdiff_t>(places[middle] - first_place);
  std::nth_element(values.begin(), values.begin() + at, values.end(), compare);
  const auto offset = static_cast<size_t>(at);
  Select(values.subspan(0, offset), first_place, places.subspan(0, middle), compare);
  Select(values.subspan(offset + 1), places[middle] + 1, places.subspan(middle + 1), compare);
}

// The values at `places` of the sorted order. Places may repeat, and ascend.
template <typename Compare>
std::vector<double> ValuesAt(std::vector<double>& values, const std::vector<size_t>& places, Compare compare) {
  std::vector<size_t> distinct = places;
  distinct.erase(std::unique(distinct.begin(), distinct.end()), distinct.end());
  Select(absl::MakeSpan(values), 0, distinct, compare);
  std::vector<double> found;
  for (const size_t place : places) found.push_back(values[place]);
  return found;
}

double BestOf(const std::vector<double>& values, bool ascending) {
  const auto [least, greatest] = std::minmax_element(values.begin(), values.end());
  return ascending ? *least : *greatest;
}

double JustBeyond(double best, bool ascending, bool is_whole) {
  const double direction = ascending ? -1 : 1;
  const double beyond =
      is_whole ? best + direction : std::nextafter(best, direction * std::numeric_limits<double>::infinity());
  return std::isfinite(beyond) ? beyond : best;
}

// The worst of `values` that is better than `cut`; `none` where there is none.
template <typename Compare>
double NextBetter(absl::Span<const double> values, double cut, double none, Compare is_better) {
  double next = none;
  for (const double value : values) {
    if (is_better(value, cut) && is_better(next, value)) next = value;
  }
  return next;
}

// `is_better` orders values best first.
template <typename Compare>
std::vector<double> QuantileCutsBy(std::vector<double>& values, absl::Span<const uint32_t> shares, Compare is_better,
                                   double none) {
  const uint64_t users = values.size();
  std::vector<size_t> places;
  for (const uint32_t share : shares) {
    places.push_back(static_cast<size_t>((users * share + kBasisPoints - 1) / kBasisPoints) - 1);
  }
  std::vector<double> cuts = ValuesAt(values, places, is_better);
  for (size_t i = 0; i < cuts.size(); ++i) {
    const auto equal = static_cast<uint64_t>(std::count(values.begin(), values.end(), cuts[i]));
    if (equal == 1) continue;
    const absl::Span<const double> before = absl::MakeConstSpan(values).first(places[i]);
    const auto better = static_cast<uint64_t>(
        std::count_if(before.begin(), before.end(), [&](double value) { return is_better(value, cuts[i]); }));
    const uint64_t asked = users * shares[i];
    const uint64_t over = (better + equal) * kBasisPoints - asked;
    if (over > asked - better * kBasisPoints) cuts[i] = NextBetter(before, cuts[i], none, is_better);
  }
  return cuts;
}

// `is_worse` orders values worst first.
template <typename Compare>
std::vector<double> ScoreCutsBy(std::vector<double>& values, Compare is_worse, double none) {
  const size_t users = values.size();
  std::vector<size_t> places;
  for (size_t k = 1; k < kScores; ++k) {
    const size_t place = (k * users + kScores - 1) / kScores;
    if (place < users) places.push_back(place);
  }
  std::vector<double> cuts = ValuesAt(values, places, is_worse);
  const auto is_better = [is_worse](double a, double b) { return is_worse(b, a); };
  for (size_t i = 0; i < cuts.size(); ++i) {
    const auto at = values.begin() + static_cast<ptrdiff_t>(places[i]);
    // Fewer users than that are worse where another one before has the same value.
    if (std::find(values.begin(), at, cuts[i]) == at) continue;
    cuts[i] = NextBetter(absl::MakeConstSpan(values).subspan(places[i]), cuts[i], none, is_better);
  }
  cuts.resize(kScores - 1, none);
  return cuts;
}

template <typename Cuts>
void Assign(const std::vector<double>& found, Cuts& cuts) {
  cuts.Clear();
  cuts.Add(found.begin(), found.end());
}

bool Equal(const google::protobuf::RepeatedField<double>& a, const google::protobuf::RepeatedField<double>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end());
}

bool DescribeSameQuantiles(const v1::TierQuantiles& a, const v1::TierQuantiles& b) {
  return a.attribute() == b.attribute() && a.ascending() == b.ascending() && a.up_to_bp_size() == b.up_to_bp_size();
}

bool DescribeSameScores(const v1::TierRfm& a, const v1::TierRfm& b) {
  return a.recency() == b.recency() && a.frequency() == b.frequency() && a.monetary() == b.monetary();
}

}  // namespace

std::vector<double> QuantileCuts(std::vector<double>& values, absl::Span<const uint32_t> up_to_bp, bool ascending,
                                 bool is_whole) {
  if (values.empty() || up_to_bp.empty()) return {};
  const absl::Span<const uint32_t> shares = up_to_bp.first(up_to_bp.size() - 1);
  const double none = JustBeyond(BestOf(values, ascending), ascending, is_whole);
  return ascending ? QuantileCutsBy(values, shares, std::less<>(), none)
                   : QuantileCutsBy(values, shares, std::greater<>(), none);
}

std::vector<double> ScoreCuts(std::vector<double>& values, bool ascending, bool is_whole) {
  if (values.empty()) return {};
  const double none = JustBeyond(BestOf(values, ascending), ascending, is_whole);
  return ascending ? ScoreCutsBy(values, std::greater<>(), none) : ScoreCutsBy(values, std::less<>(), none);
}

std::vector<double> NumbersOf(const UserScan& scan, const AttributeSchema& schema, int slot, int threads) {
  const ReadPlan plan(scan.table(), schema, {slot});
  const bool is_int = schema.TypeOf(slot) == v1::ATTRIBUTE_TYPE_INT;
  std::vector<std::vector<double>> found(static_cast<size_t>(threads));
  ForEachShard(threads, [&](int shard, int worker) {
    std::vector<double>& numbers = found[static_cast<size_t>(worker)];
    UserAttributes attributes(schema);
    scan.ForEach(shard, plan, attributes, [&](const ScannedUser& user) {
      if (!user.attributes.has(slot)) return;
      numbers.push_back(is_int ? static_cast<double>(user.attributes.integer(slot)) : user.attributes.number(slot));
    });
  });
  std::vector<double> numbers = std::move(found[0]);
  for (size_t i = 1; i < found.size(); ++i) {
    numbers.insert(numbers.end(), found[i].begin(), found[i].end());
    std::vector<double>().swap(found[i]);
  }
  return numbers;
}

v1::Tiering WithCuts(v1::Tiering tiering, const UserScan& scan, const AttributeSchema& schema, int64_t as_of_micros,
                     int threads) {
  const auto numbers_of = [&](const std::string& attribute) {
    const std::optional<int> slot = schema.SlotOf(attribute);
    return slot.has_value() ? NumbersOf(scan, schema, *slot, threads) : std::vector<double>();
  };
  const auto is_whole = [&](const std::string& attribute) {
    const std::optional<int> slot = schema.SlotOf(attribute);
    return slot.has_value() && schema.TypeOf(*slot) == v1::ATTRIBUTE_TYPE_INT;
  };
  const google::protobuf::Timestamp time = ToProto(absl::FromUnixMicros(as_of_micros));
  if (tiering.has_quantiles()) {
    v1::TierQuantiles& quantiles = *tiering.mutable_quantiles();
    std::vector<double> numbers = numbers_of(quantiles.attribute());
    const bool whole = is_whole(quantiles.attribute());
    Assign(QuantileCuts(numbers, quantiles.up_to_bp(), quantiles.ascending(), whole), *quantiles.mutable_cuts());
    *quantiles.mutable_cut_time() = time;
    if (numbers.empty()) quantiles.clear_cut_time();
  } else if (tiering.has_rfm()) {
    v1::TierRfm& rfm = *tiering.mutable_rfm();
    v1::RfmCuts& cuts = *rfm.mutable_cuts();
    const auto find = [&](const std::string& attribute, bool ascending,
                          google::protobuf::RepeatedField<double>& found) {
      std::vector<double> numbers = numbers_of(attribute);
      Assign(ScoreCuts(numbers, ascending, is_whole(attribute)), found);
      return !numbers.empty();
    };
    const bool has_recency = find(rfm.recency(), true, *cuts.mutable_recency());
    const bool has_frequency = find(rfm.frequency(), false, *cuts.mutable_frequency());
    const bool has_monetary = find(rfm.monetary(), false, *cuts.mutable_monetary());
    *rfm.mutable_cut_time() = time;
    if (!has_recency || !has_frequency || !has_monetary) {
      rfm.clear_cuts();
      rfm.clear_cut_time();
    }
  }
  return tiering;
}

bool SameCuts(const v1::Tiering& a, const v1::Tiering& b) {
  if (a.method_case() != b.method_case()) return false;
  if (a.has_quantiles()) return Equal(a.quantiles().cuts(), b.quantiles().cuts());
  if (!a.has_rfm()) return true;
  return Equal(a.rfm().cuts().recency(), b.rfm().cuts().recency()) &&
         Equal(a.rfm().cuts().frequency(), b.rfm().cuts().frequency()) &&
         Equal(a.rfm().cuts().monetary(), b.rfm().cuts().monetary());
}

void CarryCuts(const v1::Tiering& current, v1::Tiering& proposed) {
  if (proposed.has_quantiles()) {
    v1::TierQuantiles& quantiles = *proposed.mutable_quantiles();
    quantiles.clear_cuts();
    quantiles.clear_cut_time();
    if (!DescribeSameQuantiles(current.quantiles(), quantiles)) return;
    *quantiles.mutable_cuts() = current.quantiles().cuts();
    if (current.quantiles().has_cut_time()) *quantiles.mutable_cut_time() = current.quantiles().cut_time();
  } else if (proposed.has_rfm()) {
    v1::TierRfm& rfm = *proposed.mutable_rfm();
    rfm.clear_cuts();
    rfm.clear_cut_time();
    if (!DescribeSameScores(current.rfm(), rfm)) return;
    if (current.rfm().has_cuts()) *rfm.mutable_cuts() = current.rfm().cuts();
    if (current.rfm().has_cut_time()) *rfm.mutable_cut_time() = current.rfm().cut_time();
  }
}

}  // namespace tierwise
