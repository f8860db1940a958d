// SPDX-License-Identifier: Apache-2.0
#include "experiments/audience/reach.h"

#include <algorithm>
#include <optional>
#include <set>
#include <utility>

#include "experiments/base/fact_rows.h"

namespace tierwise {
namespace {

constexpr size_t kMaxTiers = 64;

// A tier source with its place in the plan.
struct PlannedTiers {
  const TierSource* source;
  int place = -1;  // among the plan's tierings; -1: no membership counts

  int TierOf(const ScannedUser& user, int64_t now_micros) const {
    if (place >= 0) {
      const TierNow& stored = user.tiers[static_cast<size_t>(place)];
      if (stored.tier != kNoTier && (source->revision == 0 || source->revision == stored.revision)) return stored.tier;
    }
    return source->program == nullptr ? kNoTier : source->program->TierOf(user.attributes, now_micros);
  }
};

struct PlannedTarget {
  const ReachTarget* target;
  PlannedTiers tiers;

  bool Has(const ScannedUser& user, int64_t now_micros) const {
    if (target->condition != nullptr && !target->condition->Evaluate(user.attributes, now_micros)) return false;
    if (target->wanted_tiers.empty()) return true;
    const int tier = tiers.TierOf(user, now_micros);
    return tier != kNoTier && static_cast<size_t>(tier) < target->wanted_tiers.size() &&
           target->wanted_tiers[static_cast<size_t>(tier)];
  }
};

// The query with what it reads of each user.
class Planned {
 public:
  Planned(const UserScan& scan, const AttributeSchema& schema, const ReachQuery& query)
      : query_(query), target_(Plan(query.target)), by_tiers_(Plan(query.by_tiers)) {
    for (const ReachTarget& overlap : query.overlaps) overlaps_.push_back(Plan(overlap));
    if (query.by_slot >= 0) slots_.insert(query.by_slot);
    const std::vector<int> slots(slots_.begin(), slots_.end());
    plan_ = ReadPlan(scan.table(), schema, slots, tierings_);
  }

  const ReadPlan& plan() const { return plan_; }
  bool IsReached(const ScannedUser& user) const { return target_.Has(user, query_.now_micros); }
  bool IsInOverlap(size_t i, const ScannedUser& user) const { return overlaps_[i].Has(user, query_.now_micros); }
  bool counts_tiers() const { return by_tiers_.place >= 0 || query_.by_tiers.program != nullptr; }
  int TierOf(const ScannedUser& user) const { return by_tiers_.TierOf(user, query_.now_micros); }

 private:
  PlannedTiers Plan(const TierSource& source) {
    if (source.program != nullptr) AddSlots(source.program->slots());
    if (source.tiering.empty()) return {.source = &source};
    const auto known = std::find(tierings_.begin(), tierings_.end(), source.tiering);
    const auto place = static_cast<int>(known - tierings_.begin());
    if (known == tierings_.end()) tierings_.push_back(source.tiering);
    return {.source = &source, .place = place};
  }
  PlannedTarget Plan(const ReachTarget& target) {
    if (target.condition != nullptr) AddSlots(target.condition->slots());
    return {.target = &target, .tiers = Plan(target.tiers)};
  }
  void AddSlots(const std::vector<int>& slots) { slots_.insert(slots.begin(), slots.end()); }

  const ReachQuery& query_;
  std::set<int> slots_;
  std::vector<std::string> tierings_;
  PlannedTarget target_;
  PlannedTiers by_tiers_;
  std::vector<PlannedTarget> overlaps_;
  ReadPlan plan_;
};

// The users of the least order: spread like a random sample, since orders are hashes.
class Samples {
 public:
  void Add(uint64_t order, size_t count) {
    if (orders_.size() == count && (count == 0 || order >= orders_.front())) return;
    orders_.push_back(order);
    std::push_heap(orders_.begin(), orders_.end());
    if (orders_.size() <= count) return;
    std::pop_heap(orders_.begin(), orders_.end());
    orders_.pop_back();
  }
  std::vector<uint64_t> Ascending() const {
    std::vector<uint64_t> orders = orders_;
    std::sort(orders.begin(), orders.end());
    return orders;
  }

 private:
  std::vector<uint64_t> orders_;  // a heap, greatest first
};

// What one thread counted.
struct Counts {
  int64_t users = 0;
  int64_t known_users = 0;
  std::vector<int64_t> by_tier;
  std::vector<int64_t> overlaps;
  std::optional<ValueTally> values;

  void Add(const Counts& other) {
    users += other.users;
    known_users += other.known_users;
    for (size_t i = 0; i < by_tier.size(); ++i) by_tier[i] += other.by_tier[i];
    for (size_t i = 0; i < overlaps.size(); ++i) overlaps[i] += other.overlaps[i];
    if (values.has_value()) values->Merge(*other.values);
  }
};

size_t TiersOf(const UserScan& scan, const TierSource& source) {
  if (source.program != nullptr) return source.program->tiers().size();
  const std::optional<int> tiering = scan.table().TieringOf(source.tiering);
  if (!tiering.has_value()) return 0;
  const std::shared_ptr<const TieringStanding> standing = scan.StandingOf(*tiering);
  return standing == nullptr ? 0 : standing->tiers.size();
}

bool HasAny(const UserAttributes& attributes, int slot, const std::vector<ValueUsers>& values) {
  return std::any_of(values.begin(), values.end(),
                     [&](const ValueUsers& value) { return attributes.ListContains(slot, value.value); });
}

// Users reached whose list has none of `values`.
int64_t CountOthers(const UserScan& scan, const AttributeSchema& schema, const Planned& planned, int slot,
                    const std::vector<ValueUsers>& values) {
  int64_t others = 0;
  UserAttributes attributes(schema);
  for (int shard = 0; shard < kUserShards; ++shard) {
    scan.ForEach(shard, planned.plan(), attributes, [&](const ScannedUser& user) {
      if (!planned.IsReached(user)) return;
      others += user.attributes.has(slot) && HasAny(user.attributes, slot, values) ? 0 : 1;
    });
  }
  return others;
}

}  // namespace

Reach ReachOf(const UserScan& scan, const AttributeSchema& schema, const ReachQuery& query, int threads) {
  const Planned planned(scan, schema, query);
  Counts all;
  all.by_tier.resize(planned.counts_tiers() ? kMaxTiers : 0);
  all.overlaps.resize(query.overlaps.size());
  if (query.by_slot >= 0) all.values.emplace(schema.TypeOf(query.by_slot));
  std::vector<Counts> counts(static_cast<size_t>(threads), all);
  std::vector<Samples> samples(kUserShards);
  ForEachShard(threads, [&](int shard, int worker) {
    Counts& mine = counts[static_cast<size_t>(worker)];
    Samples& sample = samples[static_cast<size_t>(shard)];
    UserAttributes attributes(schema);
    scan.ForEach(shard, planned.plan(), attributes, [&](const ScannedUser& user) {
      ++mine.known_users;
      if (!planned.IsReached(user)) return;
      ++mine.users;
      sample.Add(UserOrder(user.key), query.max_samples);
      if (mine.values.has_value()) mine.values->Add(user.attributes, query.by_slot);
      for (size_t i = 0; i < mine.overlaps.size(); ++i) mine.overlaps[i] += planned.IsInOverlap(i, user) ? 1 : 0;
      if (mine.by_tier.empty()) return;
      if (const int tier = planned.TierOf(user); tier != kNoTier) ++mine.by_tier[static_cast<size_t>(tier)];
    });
  });
  for (const Counts& found : counts) all.Add(found);
  Reach reach;
  reach.users = all.users;
  reach.known_users = all.known_users;
  reach.by_tier = all.by_tier;
  reach.overlaps = all.overlaps;
  reach.by_tier.resize(std::min(reach.by_tier.size(), TiersOf(scan, query.by_tiers)));
  for (const Samples& sample : samples) {
    for (const uint64_t order : sample.Ascending()) {
      if (reach.sample_keys.size() < query.max_samples) reach.sample_keys.push_back(UserKeyOf(order));
    }
  }
  if (!all.values.has_value()) return reach;
  reach.by_value = all.values->Top(query.max_values);
  if (schema.TypeOf(query.by_slot) == v1::ATTRIBUTE_TYPE_STRING_LIST) {
    reach.other_values = CountOthers(scan, schema, planned, query.by_slot, reach.by_value);
  } else {
    reach.other_values = reach.users;
    for (const ValueUsers& value : reach.by_value) reach.other_values -= value.users;
  }
  return reach;
}

}  // namespace tierwise
