// SPDX-License-Identifier: Apache-2.0
#include "experiments/audience/tier_description.h"

#include <algorithm>
#include <optional>
#include <utility>

namespace tierwise {
namespace {

constexpr double kMicrosPerDay = 86'400e6;
constexpr size_t kTopValues = 20;
constexpr double kDefaultThresholds[] = {0.5, 0.75, 0.9, 0.95, 0.99};

bool IsCounted(v1::AttributeType type) {
  return type == v1::ATTRIBUTE_TYPE_BOOL || type == v1::ATTRIBUTE_TYPE_STRING || type == v1::ATTRIBUTE_TYPE_STRING_LIST;
}

// An INT, a DOUBLE, or a TIMESTAMP in days since 1970.
double NumberAt(const UserAttributes& attributes, const AttributeSchema& schema, int slot) {
  switch (schema.TypeOf(slot)) {
    case v1::ATTRIBUTE_TYPE_DOUBLE:
      return attributes.number(slot);
    case v1::ATTRIBUTE_TYPE_TIMESTAMP:
      return static_cast<double>(attributes.integer(slot)) / kMicrosPerDay;
    default:
      return static_cast<double>(attributes.integer(slot));
  }
}

// What was gathered of one tier.
struct Gathered {
  explicit Gathered(v1::AttributeType type) : tally(IsCounted(type) ? type : v1::ATTRIBUTE_TYPE_INT) {}

  int64_t users = 0;
  double value = 0;
  int64_t missing = 0;
  std::vector<double> numbers;
  ValueTally tally;

  void Merge(Gathered&& other) {
    users += other.users;
    value += other.value;
    missing += other.missing;
    numbers.insert(numbers.end(), other.numbers.begin(), other.numbers.end());
    std::vector<double>().swap(other.numbers);
    tally.Merge(other.tally);
  }
};

class Describer {
 public:
  Describer(const AttributeSchema& schema, const TierDescriptionQuery& query)
      : schema_(schema),
        query_(query),
        type_(query.attribute_slot < 0 ? v1::ATTRIBUTE_TYPE_UNSPECIFIED : schema.TypeOf(query.attribute_slot)) {}

  v1::AttributeType type() const { return type_; }

  void Add(const UserAttributes& attributes, Gathered& tier) const {
    ++tier.users;
    if (query_.value_slot >= 0 && attributes.has(query_.value_slot)) {
      tier.value += NumberAt(attributes, schema_, query_.value_slot);
    }
    const int slot = query_.attribute_slot;
    if (slot < 0) return;
    if (!attributes.has(slot)) {
      ++tier.missing;
    } else if (IsCounted(type_)) {
      tier.tally.Add(attributes, slot);
    } else {
      tier.numbers.push_back(NumberAt(attributes, schema_, slot));
    }
  }

  std::vector<DescribedTier> Describe(std::vector<Gathered>& tiers) const {
    std::vector<std::vector<double>> numbers;
    for (Gathered& tier : tiers) numbers.push_back(std::move(tier.numbers));
    const std::vector<HistogramStep> steps = StepsFor(numbers);
    std::vector<DescribedTier> described;
    for (size_t i = 0; i < tiers.size(); ++i) {
      DescribedTier tier;
      tier.users = tiers[i].users;
      tier.value = tiers[i].value;
      if (query_.attribute_slot >= 0) {
        if (!IsCounted(type_)) tier.distribution = DistributionOf(numbers[i], steps);
        tier.distribution.users = tiers[i].users - tiers[i].missing;
        tier.distribution.missing = tiers[i].missing;
        tier.distribution.values = tiers[i].tally.Top(kTopValues);
      }
      described.push_back(std::move(tier));
    }
    return described;
  }

 private:
  const AttributeSchema& schema_;
  const TierDescriptionQuery& query_;
  v1::AttributeType type_;
};

// The value of one user beside the number that thresholds are set on.
struct NumberAndValue {
  double number;
  double value;
};

}  // namespace

std::vector<DescribedTier> DescribeTiers(const UserScan& scan, const AttributeSchema& schema,
                                         const TierDescriptionQuery& query, int threads) {
  const std::optional<int> tiering = scan.table().TieringOf(query.tiering);
  const std::shared_ptr<const TieringStanding> standing = tiering.has_value() ? scan.StandingOf(*tiering) : nullptr;
  if (standing == nullptr) return {};
  std::vector<int> slots;
  for (const int slot : {query.value_slot, query.attribute_slot}) {
    if (slot >= 0) slots.push_back(slot);
  }
  const ReadPlan plan(scan.table(), schema, slots, {query.tiering});
  const Describer describer(schema, query);
  // By shard, so that sums do not depend on the number of threads.
  std::vector<std::vector<Gathered>> gathered(kUserShards);
  ForEachShard(threads, [&](int shard, int) {
    std::vector<Gathered>& tiers = gathered[static_cast<size_t>(shard)];
    tiers.assign(standing->tiers.size(), Gathered(describer.type()));
    UserAttributes attributes(schema);
    scan.ForEach(shard, plan, attributes, [&](const ScannedUser& user) {
      if (user.tiers[0].tier != kNoTier) describer.Add(user.attributes, tiers[static_cast<size_t>(user.tiers[0].tier)]);
    });
  });
  std::vector<Gathered> tiers(standing->tiers.size(), Gathered(describer.type()));
  for (std::vector<Gathered>& of_shard : gathered) {
    for (size_t i = 0; i < tiers.size(); ++i) tiers[i].Merge(std::move(of_shard[i]));
  }
  return describer.Describe(tiers);
}

ThresholdTable ExploreThresholds(const UserScan& scan, const AttributeSchema& schema, int slot, int value_slot,
                                 std::vector<double> thresholds, int threads) {
  const ReadPlan plan(scan.table(), schema, {slot, value_slot});
  std::vector<std::vector<NumberAndValue>> gathered(kUserShards);
  std::vector<int64_t> missing(kUserShards);
  ForEachShard(threads, [&](int shard, int) {
    UserAttributes attributes(schema);
    scan.ForEach(shard, plan, attributes, [&](const ScannedUser& user) {
      if (!user.attributes.has(slot)) {
        ++missing[static_cast<size_t>(shard)];
        return;
      }
      const double value = user.attributes.has(value_slot) ? NumberAt(user.attributes, schema, value_slot) : 0;
      gathered[static_cast<size_t>(shard)].push_back({NumberAt(user.attributes, schema, slot), value});
    });
  });
  ThresholdTable table;
  std::vector<double> numbers;
  for (size_t shard = 0; shard < gathered.size(); ++shard) {
    table.missing += missing[shard];
    table.users += static_cast<int64_t>(gathered[shard].size());
    for (const NumberAndValue& user : gathered[shard]) table.value += user.value;
    if (!thresholds.empty()) continue;
    for (const NumberAndValue& user : gathered[shard]) numbers.push_back(user.number);
  }
  if (!numbers.empty()) {
    std::sort(numbers.begin(), numbers.end());
    for (const double q : kDefaultThresholds) thresholds.push_back(NearestRank(numbers, q));
  }
  std::sort(thresholds.begin(), thresholds.end());
  for (const double threshold : thresholds) table.thresholds.push_back({.threshold = threshold});
  // Each user counts at the last threshold that the number reaches; sums from the top then give those above.
  for (const std::vector<NumberAndValue>& of_shard : gathered) {
    for (const NumberAndValue& user : of_shard) {
      const auto above = std::upper_bound(thresholds.begin(), thresholds.end(), user.number) - thresholds.begin();
      if (above == 0) continue;
      ThresholdUsers& at = table.thresholds[static_cast<size_t>(above) - 1];
      ++at.users_above;
      at.value_above += user.value;
    }
  }
  for (size_t i = table.thresholds.size(); i > 1; --i) {
    table.thresholds[i - 2].users_above += table.thresholds[i - 1].users_above;
    table.thresholds[i - 2].value_above += table.thresholds[i - 1].value_above;
  }
  return table;
}

}  // namespace tierwise
